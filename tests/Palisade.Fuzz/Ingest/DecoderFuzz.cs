using System.Buffers;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Palisade.Server.Ingest;

namespace Palisade.Fuzz.Ingest;

public sealed class DecoderFuzz
{
    private const int Limit = 4096;

    private static readonly IReadOnlyList<byte[]> Syslog = Fuzzing.Texts(
        "<34>1 2026-11-24T10:00:00Z web1 sshd 41 ID47 [palisade@32473 token=\"pal_x\"][meta sequenceId=\"7\"] Failed password\n",
        "61 <34>1 2026-11-24T10:00:00Z web1 sshd 41 - - Failed password for x<13>Nov 24 10:00:00 web1 app: hello\n", "<13>Nov 24 10:00:00 h a[1]: x\r\n<13>y\0", "5 <1>ab7 <13>abc");

    private static readonly IReadOnlyList<byte[]> Bulk = Fuzzing.Texts(
        "{\"create\":{\"_index\":\"logs\",\"_id\":\"a\"}}\n{\"message\":\"x\",\"@timestamp\":\"2026-11-24T10:00:00Z\"}\n{\"delete\":{\"_id\":\"b\"}}\n{\"index\":{}}\n{\"a\":1}\n",
        "{\"index\":{\"_index\":\"w\"}}\r\n{\"message\":\"y\"}\r\n\n{\"update\":{\"_id\":\"c\"}}\n{\"doc\":{}}\n");

    private static readonly IReadOnlyList<byte[]> Relp = Fuzzing.Texts(
        "1 open 85 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n2 syslog 24 <13>Nov 24 10:00:00 h a: x\n3 syslog 2 ab\n4 close 0\n", "999999999 syslog 999999999 x\n", "7 close 0 \n8 open 0\n");

    /// <summary>Cuts the bytes into parts as a network does; the cuts follow from the bytes, so a run can be repeated.</summary>
    private static ReadOnlySequence<byte> Cut(byte[] input)
    {
        if (input.Length < 2) return new ReadOnlySequence<byte>(input);
        var at = 1 + (input[0] * 31 + input[^1]) % (input.Length - 1);
        var first = new Part(input.AsMemory(0, at), 0);
        var last = new Part(input.AsMemory(at), at);
        first.Follow(last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Part : ReadOnlySequenceSegment<byte>
    {
        public Part(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);
        public void Follow(Part next) => Next = next;
    }

    [Fact]
    public void Syslog_framing_consumes_or_waits_and_gives_no_message_above_the_limit() => Fuzzing.Run(Syslog, 40_000, input =>
    {
        var buffer = Cut(input);
        var framer = new SyslogFramer(Limit);
        for (var steps = 0; ; steps++)
        {
            Assert.True(steps <= input.Length + 2, "it does not come to an end");
            var status = framer.TryRead(ref buffer, true, out var message, out var refusal);
            if (status == FrameStatus.NeedMore) break;
            if (status == FrameStatus.Refused) Assert.NotEqual(IngestRefusal.None, refusal);
            else
            {
                Assert.InRange(message.Length, 0, Limit);
                var bytes = message.ToArray();
                if (SyslogToken.TryFind(bytes, out var token)) Assert.InRange(token.Length, 1, SyslogToken.MaxLength);
                _ = StructuredData.HostName(bytes);
            }
        }
    });

    [Fact]
    public void RELP_framing_consumes_or_waits_or_says_that_it_is_none() => Fuzzing.Run(Relp, 40_000, input =>
    {
        var buffer = Cut(input);
        var framer = new RelpFramer(Limit);
        for (var steps = 0; ; steps++)
        {
            Assert.True(steps <= input.Length + 2, "it does not come to an end");
            if (framer.TryRead(ref buffer, out var frame) != RelpStatus.Frame) break;
            Assert.InRange(frame.Data.Length, 0, Limit);
        }
    });

    [Fact]
    public void A_bulk_body_gives_documents_or_reasons_and_ends() => Fuzzing.Run(Bulk, 40_000, input =>
    {
        var decoder = new BulkDecoder(input, Limit);
        var items = 0;
        while (decoder.TryRead(out var item))
        {
            Assert.True(++items <= input.Length + 1, "it does not come to an end");
            if (item.Refusal == IngestRefusal.None) Assert.InRange(item.Document.Length, 1, Limit);
        }
    });

    [Fact]
    public void An_authorization_header_of_any_text_gives_at_most_two_readings() => Fuzzing.Run(Fuzzing.Texts("Bearer pal_abc", "ApiKey aWQ6cGFsX2FiYw==", "Basic dTpwYWxfYWJj", "Splunk pal_abc"), 20_000, input =>
    {
        var (first, second) = TokenHeader.Candidates(Encoding.Latin1.GetString(input));
        Assert.False(first is null && second is not null && first == second);
    });

    [Fact]
    public void Compressed_bodies_end_within_their_limits()
    {
        static byte[] Pack(Func<Stream, Stream> wrap, byte[] bytes)
        {
            var target = new MemoryStream();
            using (var stream = wrap(target)) stream.Write(bytes);
            return target.ToArray();
        }
        var text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<13>Nov 24 10:00:00 h a: a line of a log\n", 200)));
        IReadOnlyList<byte[]> seeds = [Pack(s => new GZipStream(s, CompressionLevel.Fastest), text), Pack(s => new ZLibStream(s, CompressionLevel.Fastest), text), Pack(s => new GZipStream(s, CompressionLevel.SmallestSize), new byte[1 << 20])];
        var limits = new IngestOptions { MaxBodyBytes = 1 << 21, MaxBodiesInMemory = 1 << 24 };
        var budget = new BodyBudget(limits.MaxBodiesInMemory);
        var round = 0;
        Fuzzing.Run(seeds, 4_000, input =>
        {
            var encoding = (round++ % 3) switch { 0 => "gzip", 1 => "deflate", _ => "zstd" };
            // The stream is in memory: it is read without a wait.
            using var body = BodyDecoder.ReadAsync(new MemoryStream(input), encoding, limits, budget, CancellationToken.None).AsTask().GetAwaiter().GetResult();
            if (body.Refusal == IngestRefusal.None) Assert.InRange(body.Length, 0, limits.MaxBodyBytes);
            Assert.InRange(budget.Used, 0, limits.MaxBodiesInMemory);
        });
    }

    [Fact]
    public void A_body_of_Splunks_collector_gives_events_or_codes_and_ends() => Fuzzing.Run(Fuzzing.Corpus("hec"), 40_000, input =>
    {
        var decoder = new HecDecoder(input, Limit);
        var (record, items) = (new RecordJson(), 0);
        for (var left = decoder.Remaining; decoder.TryRead(out var item); left = decoder.Remaining)
        {
            Assert.True(++items <= input.Length, "it does not come to an end");
            Assert.True(decoder.Remaining < left, "it does not go on");
            if (item.Code == HecCode.Success) Assert.InRange(item.Event.Length, 1, Limit);
        }
        Assert.Equal(0, decoder.Remaining);
    });

    [Fact]
    public void OTLP_in_both_forms_gives_JSON_objects_and_as_many_as_it_counts()
    {
        var record = new RecordJson();
        Fuzzing.Run(Fuzzing.Corpus("otlp-json"), 30_000, input =>
        {
            if (!OtlpJson.TryCount(input, out var count)) return;
            var decoder = new OtlpJson(input);
            var items = 0;
            while (decoder.TryRead(record, out var good))
            {
                Assert.True(++items <= count, "more records than it counted");
                if (good) AssertObject(record);
            }
            Assert.Equal(count, items);
        });
        Fuzzing.Run(Fuzzing.Corpus("otlp-protobuf"), 30_000, input =>
        {
            if (!OtlpProtobuf.TryCount(input, out var count)) return;
            var decoder = new OtlpProtobuf(input);
            var items = 0;
            while (decoder.TryRead(record, out var good))
            {
                Assert.True(++items <= count, "more records than it counted");
                if (good) AssertObject(record);
            }
            Assert.Equal(count, items);
        });
    }

    // What goes into the journal as a document is one, whatever it was made of.
    private static void AssertObject(RecordJson record)
    {
        var reader = new Utf8JsonReader(record.Bytes, new JsonReaderOptions { MaxDepth = 128 });
        Assert.True(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        reader.Skip();
        Assert.False(reader.Read());
    }

    [Fact]
    public void Lines_hold_no_end_of_a_line_and_together_are_the_body() => Fuzzing.Run(Fuzzing.Corpus("lines"), 40_000, input =>
    {
        var lines = new LineSplitter(input);
        var bytes = 0;
        while (lines.TryRead(out var line))
        {
            Assert.False(line.IsEmpty || line.Contains((byte)'\n'));
            bytes += line.Length;
        }
        Assert.Equal(0, lines.Remaining);
        // a carriage return before a line feed is its part, and so is one at the end
        var ends = input.Count(b => b == '\n');
        Assert.InRange(input.Length - bytes, ends, 2 * ends + 1);
    });

    [Fact]
    public void Records_of_a_body_are_the_same_wherever_reading_was_broken_off() => Fuzzing.Run(Fuzzing.Corpus("records"), 20_000, input =>
    {
        var whole = new List<(int End, byte[] Record)>();
        var splitter = new RecordSplitter(input, 0);
        while (splitter.TryRead(out var record))
        {
            Assert.True(whole.Count <= input.Length, "it does not come to an end");
            whole.Add((splitter.Offset, record.ToArray()));
        }
        if (whole.Count < 2) return;
        var cut = whole.Count / 2;
        var rest = new RecordSplitter(input, whole[cut - 1].End);
        for (var i = cut; i < whole.Count; i++)
        {
            Assert.True(rest.TryRead(out var record));
            Assert.True(record.SequenceEqual(whole[i].Record), $"record {i}");
        }
        Assert.False(rest.TryRead(out _));
    });

    [Fact]
    public void A_state_of_files_is_read_or_refused_in_words()
    {
        var folder = Directory.CreateTempSubdirectory("palisade-fuzz-");
        try
        {
            var path = Path.Combine(folder.FullName, "state.json");
            Fuzzing.Run(Fuzzing.Corpus("file-state"), 3_000, input =>
            {
                File.WriteAllBytes(path, input);
                try
                {
                    foreach (var entry in new FileStateFile(path).Load().Files) _ = FileStateFile.Restore(entry);
                }
                catch (InvalidDataException refused)
                {
                    Assert.Contains(path, refused.Message, StringComparison.Ordinal);
                }
            });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
