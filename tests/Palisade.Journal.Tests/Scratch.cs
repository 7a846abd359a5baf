using System.Buffers.Binary;

namespace Palisade.Journal.Tests;

/// <summary>A journal folder of a test's own, and records whose payload can be told from their number.</summary>
internal sealed class Scratch : IDisposable
{
    private static int counter;

    public Scratch() : this(Path.Combine(Path.GetTempPath(), $"palisade-journal-{Environment.ProcessId}-{Interlocked.Increment(ref counter)}"))
    {
    }

    public Scratch(string path)
    {
        Root = path;
        Directory.CreateDirectory(path);
    }

    public string Root { get; }

    public JournalOptions Options => new() { Directory = Root, RetryMilliseconds = 10 };

    public Journal Open() => Journal.Open(Options, TimeProvider.System);

    public string[] Segments => [.. Directory.GetFiles(Root, "*.seg").Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public static FrameHeader Header(ulong number = 0, byte kind = FrameKind.Record) => new(1_700_000_000_000 + (long)number, 7, 3, kind, 11, number, 0);

    /// <summary>Bytes that only this number has: the number, then a pattern of a length that varies.</summary>
    public static byte[] Payload(ulong number)
    {
        var bytes = new byte[16 + (int)(number * 37 % 400)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        for (var i = 8; i < bytes.Length; i++) bytes[i] = (byte)((number * 31) + (ulong)i);
        return bytes;
    }

    /// <summary>Appends records numbered from..to, numbers as sender sequence, and waits until they are durable.</summary>
    public static async Task<ulong> Fill(Journal journal, ulong from, ulong to)
    {
        var last = 0UL;
        for (var n = from; n <= to; n++)
        {
            Assert.Equal(AppendResult.Ok, journal.Append(Header(n), Payload(n), out last));
        }
        await journal.WaitDurableAsync(last, TestContext.Current.CancellationToken);
        return last;
    }

    /// <summary>Reads to the durable end; checks that every payload is the one of its number.</summary>
    public static List<ulong> ReadNumbers(JournalReader reader, int maxRecords = 1000)
    {
        var numbers = new List<ulong>();
        var batch = new JournalBatch();
        var last = 0UL;
        while (reader.Read(batch, maxRecords) > 0)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                Assert.True(batch.Sequence(i) > last, "sequences rise");
                last = batch.Sequence(i);
                var header = batch.Header(i);
                Assert.Equal(Header(header.SenderSequence), header);
                Assert.True(batch.Payload(i).SequenceEqual(Payload(header.SenderSequence)), $"payload of {header.SenderSequence}");
                numbers.Add(header.SenderSequence);
            }
        }
        return numbers;
    }

    public static IEnumerable<ulong> Numbers(ulong from, ulong to)
    {
        for (var n = from; n <= to; n++) yield return n;
    }
}
