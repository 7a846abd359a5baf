using System.Text;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Records;
using Palisade.Engine.Parse.Text;

namespace Palisade.Fuzz.Engine;

public sealed class ParserFuzz
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly EngineSnapshot Snapshot = Load();

    private static EngineSnapshot Load()
    {
        var files = Directory.EnumerateFiles(Fuzzing.Content, "*.yml", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(Fuzzing.Content, f).Replace('\\', '/'), File.ReadAllBytes(f)));
        return EngineContent.Load(files, out _, trusted: true);
    }

    [Fact]
    public void Any_record_gives_one_event_whose_fields_lie_in_the_batch_and_whose_bytes_are_kept()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var stream = 0u;
        Fuzzing.Run(Fuzzing.SampleLines, 60_000, input =>
        {
            if (pipeline.Events.IsFull || pipeline.Events.ArenaUsed > 8 << 20) pipeline.Clear();
            var index = pipeline.Events.Count;
            pipeline.Add(new RecordInfo(1, Received, 1, stream++ % 7, RecordInfo.AutoParser), input);
            Assert.Equal(index + 1, pipeline.Events.Count);
            Assert.Equal(input, pipeline.Events.Raw(index).ToArray());
            var ids = pipeline.Events.FieldIds(index);
            Assert.InRange(ids.Length, 0, EventBatch.MaxFields + 50);
            for (var slot = 0; slot < ids.Length; slot++)
            {
                Assert.NotEqual(0, ids[slot]);
                var (offset, length) = pipeline.Events.RangeAt(index, slot);
                Assert.InRange(offset, 0, pipeline.Events.ArenaUsed);
                Assert.InRange(offset + length, -1, pipeline.Events.ArenaUsed);
            }
        });
    }

    [Fact]
    public void Every_source_that_is_asked_for_reads_or_refuses_anything()
    {
        var batch = new EventBatch();
        var parser = new Parser(Snapshot.Parsers);
        var next = 0;
        Fuzzing.Run(Fuzzing.SampleLines, 60_000, input =>
        {
            batch.Clear();
            parser.Parse(new RecordInfo(1, Received, 1, 1, (short)(next++ % Snapshot.Parsers.Count)), input, batch);
            Assert.Equal(1, batch.Count);
        });
    }

    [Fact]
    public void Detection_of_what_is_read_never_throws()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        Fuzzing.Run(Fuzzing.SampleLines, 8_000, input =>
        {
            pipeline.Clear();
            pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), input);
            pipeline.Detect();
            foreach (ref readonly var finding in pipeline.Findings.Items) Assert.Equal(0, finding.Event);
        });
    }

    [Fact]
    public void Joining_lines_loses_and_invents_no_byte()
    {
        Fuzzing.Run(Fuzzing.SampleLines, 3_000, input =>
        {
            var joiner = new RecordJoiner(Snapshot.Parsers, RecordInfo.AutoParser, Received);
            var records = new List<byte[]>();
            foreach (var range in input.AsSpan().Split((byte)'\n'))
                if (joiner.TryAdd(input.AsSpan(range), out var record)) records.Add(record.ToArray());
            if (joiner.TryEnd(out var last)) records.Add(last.ToArray());
            Assert.Equal(Convert.ToBase64String(input), Convert.ToBase64String([.. records.SelectMany((r, i) => i == 0 ? r : [(byte)'\n', .. r])]));
        });
    }

    [Fact]
    public void Records_of_documents_are_the_same_however_the_bytes_come_and_every_byte_is_read_once()
    {
        var seeds = Fuzzing.Texts("{\"Records\":[{\"a\":\"x\\\"{\"},{\"b\":[1,{}]}]}\n{\"records\":[{}],\"n\":\"]}\"}\nline\n", "[\n {\n \"a\": 1\n },\n 5, \"x\", [7]\n]\n[{\"c\":2}]tail\n",
            "{\"messageType\":\"D\",\"subscriptionFilters\":[\"f\"],\"logEvents\":[{\"id\":\"1\",\"message\":\"a\\\\\"}]}{\"kind\":\"L\",\"items\":[{\"a\":null}]}");
        Fuzzing.Run(seeds, 40_000, input =>
        {
            var whole = Cut(input, input.Length);
            Assert.Equal(whole, Cut(input, 1 + (input.Length == 0 ? 0 : input[0] % 7)));
            var last = 0;
            foreach (var (start, length) in whole)
            {
                Assert.InRange(start, last, input.Length - length);
                last = start + length;
            }
        });
    }

    private static List<(int Start, int Length)> Cut(byte[] input, int part)
    {
        var found = new List<(int, int)>();
        var cutter = new RecordCutter();
        for (int from = 0, to = 0, steps = 0; ; steps++)
        {
            Assert.True(steps <= 3 * input.Length + 3, "it does not come to an end");
            if (cutter.TryCut(input.AsSpan(from, to - from), to == input.Length, out var start, out var length, out var used)) found.Add((from + start, length));
            else if (to == input.Length) return found;
            else to = Math.Min(input.Length, to + part);
            from += used;
        }
    }

    [Fact]
    public void Text_in_other_encodings_is_converted_and_valid_UTF_8_is_never_touched()
    {
        var foreign = new ForeignText();
        IReadOnlyList<byte[]> seeds = [.. Fuzzing.SampleLines.Take(400), .. new[] { "gb18030", "utf-16", "utf-16BE" }.Select(n => (CodePagesEncodingProvider.Instance.GetEncoding(n) ?? Encoding.GetEncoding(n)).GetBytes("<13>Nov 24 10:00:00 网关 登录失败 用户 管理员 来自 192.0.2.1"))];
        Fuzzing.Run(seeds, 60_000, input =>
        {
            var encoding = ForeignText.Guess(input, out var from);
            Assert.InRange(from, 0, input.Length);
            if (System.Text.Unicode.Utf8.IsValid(input) && !input.AsSpan().Contains((byte)0)) Assert.Equal(ForeignEncoding.None, encoding);
            Assert.True(System.Text.Unicode.Utf8.IsValid(foreign.ToUtf8(input, encoding, from)) || encoding == ForeignEncoding.None);
        });
    }

    [Fact]
    public void What_was_written_down_of_waiting_lines_is_taken_up_or_refused_and_written_again_alike()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var written = new StreamJoins();
        string[] lines = ["2026-11-24 10:00:00.000 UTC [7] LOG:  statement: SELECT 1", "type=SYSCALL msg=audit(1795514400.123:7): arch=c000003e syscall=59 exe=\"/bin/ls\"", "2026-11-24T10:00:00.000000000Z stdout P part one, "];
        for (var i = 0; i < lines.Length; i++) written.Add(pipeline, new RecordInfo(1, Received, 1, (uint)i, RecordInfo.AutoParser), 1, Encoding.UTF8.GetBytes(lines[i]));
        Assert.NotEqual(0, written.Count);
        Fuzzing.Run([Saved(written)], 20_000, input =>
        {
            var joins = new StreamJoins();
            try { joins.Load(input, Snapshot.Parsers); }
            catch (InvalidDataException) { return; }
            var first = Saved(joins);
            joins = new StreamJoins();
            Assert.Equal(0, joins.Load(first, Snapshot.Parsers));
            Assert.Equal(first, Saved(joins));
        });
    }

    private static byte[] Saved(StreamJoins joins)
    {
        var to = new MemoryStream();
        joins.Save(to, Snapshot.Parsers);
        return to.ToArray();
    }

    [Fact]
    public void A_source_file_gives_diagnostics_and_no_exception()
    {
        IReadOnlyList<byte[]> seeds = [.. Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "sources"), "source.yml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Fuzzing.Run(seeds, 1_500, input => ParserSet.Load([("sources/x/source.yml", input)], out _));
    }

    [Fact]
    public void A_rule_file_gives_diagnostics_and_no_exception()
    {
        IReadOnlyList<byte[]> seeds = [.. Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "rules"), "*.yml", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "correlations"), "*.yml", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Fuzzing.Run(seeds, 1_500, input => EngineContent.Load([("rules/x.yml", input)], out _));
    }
}
