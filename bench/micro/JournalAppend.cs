using BenchmarkDotNet.Attributes;
using Palisade.Journal;

namespace Palisade.Micro;

/// <summary>Records of 250 bytes: taking one, and having a group of them on disk.</summary>
[MemoryDiagnoser]
public class JournalAppend
{
    private const int Group = 4000;
    private readonly byte[] payload = new byte[250];
    private readonly FrameHeader header = new(1_700_000_000_000, 1, 1, FrameKind.Record, 0, 0, 0);
    private string directory = "";
    private Journal.Journal journal = null!;
    private JournalReader reader = null!;

    [GlobalSetup]
    public void Open()
    {
        directory = Directory.CreateTempSubdirectory("palisade-micro-").FullName;
        journal = Palisade.Journal.Journal.Open(new JournalOptions { Directory = directory }, TimeProvider.System);
        reader = journal.OpenReader("bench");
    }

    [GlobalCleanup]
    public void Close()
    {
        journal.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    /// <summary>4,000 records, acknowledged together after their fsync.</summary>
    [Benchmark(OperationsPerInvoke = Group)]
    public async Task DurableGroup()
    {
        var last = 0UL;
        for (var i = 0; i < Group; i++)
        {
            if (journal.Append(header, payload, out var sequence) == AppendResult.Ok) last = sequence;
        }
        await journal.WaitDurableAsync(last, CancellationToken.None);
        if (journal.Usage.FillRatio > 0.5) reader.Commit(last);
    }
}
