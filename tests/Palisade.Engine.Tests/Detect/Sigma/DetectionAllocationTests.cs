using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Tests.Rules;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>What judging an event allocates: nothing (bench/budgets.json), however many values it meets that it has not met before.</summary>
[Collection(AloneCollection.Name)]
public sealed class DetectionAllocationTests
{
    private const int Events = 4_000;

    private static long Budget(string key)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "bench", "budgets.json"))) folder = Path.GetDirectoryName(folder) ?? throw new FileNotFoundException("bench/budgets.json");
        using var budgets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "bench", "budgets.json")));
        return budgets.RootElement.GetProperty(key).GetInt64();
    }

    [Fact]
    public void Judging_JSON_events_allocates_nothing_while_the_memory_of_values_fills()
    {
        var set = SigmaWorld.Load(
            SigmaWorld.Rule("one", "s: { CommandLine|contains: ['mimikatz', ' -enc '], Image|endswith: '\\powershell.exe' }\ncondition: s"),
            SigmaWorld.Rule("two", "s: { Image|endswith: '\\cmd.exe' }\nf: { CommandLine|re: 'abc+d' }\ncondition: s and not f"),
            SigmaWorld.Rule("three", "k: ['segfault']\ncondition: k"));
        var detector = new JsonDetector(set);
        var batch = new EventBatch();
        var matches = new MatchList();
        // an expression that is asked often is turned into machine code, once
        for (var i = 0; i < 5; i++) Pass(Lines(0));
        // values that come twice are taken into the memory of values: a megabyte of them a round
        long least = long.MaxValue, all = 0;
        for (var round = 1; round < 8; round++)
        {
            var lines = Lines(round);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Pass(lines);
            Pass(lines);
            var taken = GC.GetAllocatedBytesForCurrentThread() - before;
            least = Math.Min(least, taken);
            all += taken;
        }
        Assert.InRange(least, 0, Budget("detect.allocated_bytes_per_1000_events") * 2 * Events / 1000);
        // beside what is judged the run-time takes a kilobyte for itself now and then; a memory that grew took 128 KiB at the least
        Assert.InRange(all, 0, 16 * 1024);

        void Pass(byte[][] lines)
        {
            for (var i = 0; i < lines.Length; i++)
            {
                if (batch.Count == 512) Clear();
                if (detector.Add(batch, lines[i], (ulong)i, matches) != ParseRefusal.None) Assert.Fail("refused");
            }
            Clear();
        }

        void Clear()
        {
            batch.Clear();
            matches.Clear();
        }
    }

    [Fact]
    public void The_memory_of_values_is_bounded_and_never_grows()
    {
        var memo = new ValueMemo();
        var value = new byte[ValueMemo.MaxValue];
        Assert.Equal(0, Allocated.Once(() =>
        {
            for (var i = 0; i < 4_000; i++)
            {
                BitConverter.TryWriteBytes(value, i);
                // known from the second time on
                for (var n = 0; n < 2; n++)
                    if (memo.Find(1, value, out var hash) < 0 && memo.CameBefore(hash)) memo.Add(hash, value, 1);
                if (memo.Find(1, value, out _) < 0) Assert.Fail("not known");
            }
        }));
        BitConverter.TryWriteBytes(value, 0);
        Assert.True(memo.Find(1, value, out _) < 0, "it never forgot");
    }

    private static byte[][] Lines(int round) => [.. Enumerable.Range(round * Events, Events).Select(i => Encoding.UTF8.GetBytes(
        $$$"""{"@timestamp":"2026-01-02T03:04:05.{{{i % 1000:000}}}Z","Image":"C:\\Windows\\{{{(i % 3 == 0 ? "cmd" : "explorer")}}}.exe","CommandLine":"run {{{i}}} abc{{{i % 7}}} {{{new string((char)('a' + i % 26), 250)}}}","n":{"pid":{{{i}}}}}"""))];
}
