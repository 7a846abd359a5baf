using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Tests.Rules;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The memory of values, and the scan behind it.</summary>
[Collection(AloneCollection.Name)]
public sealed class ValueMemoTests
{
    [Fact]
    public void A_value_is_known_from_the_second_time_on_and_only_for_its_field()
    {
        var memo = new ValueMemo();
        var value = "C:\\Windows\\explorer.exe"u8;
        Assert.Equal(ValueMemo.Miss, memo.Find(3, value, out var hash));
        Assert.False(memo.CameBefore(hash));
        Assert.Equal(ValueMemo.Miss, memo.Find(3, value, out hash));
        Assert.True(memo.CameBefore(hash));
        memo.Add(hash, value, 7);
        Assert.Equal(7, memo.Find(3, value, out _));
        Assert.Equal(ValueMemo.Miss, memo.Find(4, value, out _));
        Assert.Equal(ValueMemo.Miss, memo.Find(3, value[1..], out _));
    }

    [Fact]
    public void A_flood_of_values_never_gives_the_findings_of_another()
    {
        var memo = new ValueMemo();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 60_000; i++)
            {
                var value = Encoding.ASCII.GetBytes($"{new string('v', i % 150)}{i}");
                var at = memo.Find(1, value, out var hash);
                if (at == ValueMemo.Miss)
                {
                    if (memo.CameBefore(hash)) memo.Add(hash, value, i);
                }
                else Assert.Equal(i, at);
            }
        }
        Assert.InRange(memo.Hits, 1, memo.Lookups - 1);
    }

    [Fact]
    public void The_scan_finds_what_a_search_for_each_literal_finds()
    {
        string[] words = ["a", "-e", "ab", "abc", "abcd", "bcda", "cmd.exe", "powershell", "aaaa", "aaaab", "\\temp\\", "x9", "bab", "zq", "d a", "c9b", "b-", "aa", "da", "cc", "bd", "dd",
            // alike at the group they are known by, and at either end
            "cmd.exe a abcd", "cmd.exe b abcd", "xabcdab", "xabcdaa", "yabcdab"];
        Place[] places = [Place.Whole, Place.Start, Place.End, Place.Anywhere];
        var literals = words.SelectMany(w => places.Select(p => new Literal(Encoding.ASCII.GetBytes(w), p))).ToArray();
        // three indexes scanned at once: one of nearly all, one of few, one of a single whole value
        (Literal, int, bool)[] all = [.. literals.Select((l, i) => (l, i, true))];
        var scan = new LiteralScan(new LiteralIndex(all[7..^1]), new LiteralIndex(all[..7]), new LiteralIndex(all[^1..]));
        var state = 2463534242u;
        for (var round = 0; round < 20_000; round++)
        {
            var text = round < words.Length ? words[round] : "";
            for (var n = (int)(Next(ref state) % 12); n > 0; n--) text += Next(ref state) % 3 == 0 ? words[Next(ref state) % (uint)words.Length] : "abcd -"[(int)(Next(ref state) % 6)];
            var value = Encoding.ASCII.GetBytes(text);
            var buffer = new byte[value.Length + LiteralScan.Slack];
            value.CopyTo(buffer, 0);
            var sink = new Collect([]);
            scan.Scan(buffer, value.Length, ref sink);
            var expected = Enumerable.Range(0, literals.Length).Where(i => ValueTests.Placed(value, literals[i].Bytes, literals[i].Place)).ToHashSet();
            Assert.True(expected.SetEquals(sink.Atoms), text);
        }
    }

    [Fact]
    public void Judging_allocates_nothing_in_the_steady_state()
    {
        var set = SigmaWorld.Load(
            SigmaWorld.Rule("one", "s: { CommandLine|contains: ['mimikatz', ' -enc '], Image|endswith: '\\powershell.exe' }\ncondition: s"),
            SigmaWorld.Rule("two", "s: { Image|endswith: '\\cmd.exe' }\nf: { CommandLine|re: 'abc+d' }\ncondition: s and not f"),
            SigmaWorld.Rule("three", "k: ['segfault']\ncondition: k"));
        var reader = new JsonEventReader(set);
        var detector = new SigmaDetector(set);
        var batch = new EventBatch();
        var findings = new FindingList();
        var lines = Enumerable.Range(0, 500).Select(i => Encoding.UTF8.GetBytes(
            $$$"""{"@timestamp":"2026-01-02T03:04:05.678Z","Image":"C:\\Windows\\{{{(i % 3 == 0 ? "cmd" : "explorer")}}}.exe","CommandLine":"run {{{i}}} abc{{{i % 7}}}","n":{"pid":{{{i}}}}}""")).ToArray();
        for (var i = 0; i < 3; i++) Pass();
        // The memory of values grows to its bound by doubling, a few times in all; what judging allocates would come every time.
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var i = 0; i < 20; i++) Pass();
        }, rounds: 5));

        void Pass()
        {
            batch.Clear();
            findings.Clear();
            // no Assert.Equal here: it boxes what it compares
            for (var i = 0; i < lines.Length; i++)
                if (reader.Add(batch, lines[i], (ulong)i) != ParseRefusal.None) Assert.Fail("refused");
            detector.Detect(batch, findings);
        }
    }

    private static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state >> 4;
    }

    private readonly struct Collect(HashSet<int> atoms) : ILiteralSink
    {
        public HashSet<int> Atoms { get; } = atoms;
        public void Found(int[] exact, int[] possible) => Atoms.UnionWith(exact);
    }
}
