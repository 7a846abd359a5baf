using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>Verdicts come from memory where the same was found before, and nobody can tell.</summary>
[Collection(AloneCollection.Name)]
public sealed class VerdictMemoTests
{
    private static RuleSet Rules => SigmaWorld.Load(
        SigmaWorld.Rule("literals", "s: { Image|endswith: '\\cmd.exe', CommandLine|contains|all: ['whoami', ' /all'] }\ncondition: s"),
        SigmaWorld.Rule("unless", "f: { Image|endswith: '\\svchost.exe' }\ncondition: not f"),
        SigmaWorld.Rule("expression", "s: { CommandLine|re: 'who.m[i-]' }\nf: { User|contains: system }\ncondition: s and not f"),
        SigmaWorld.Rule("behind a literal", "s: { CommandLine|re: 'all[0-9]+' }\ncondition: s"),
        SigmaWorld.Rule("number", "s: { Port|gte: 1024 }\nf: { Image|endswith: '\\cmd.exe' }\ncondition: s and not f"),
        SigmaWorld.Rule("network", "s: { Address|cidr: '10.1.0.0/16' }\ncondition: s"),
        SigmaWorld.Rule("absent", "s: { Image|contains: cmd }\nn: { User: null }\ncondition: s and n"),
        SigmaWorld.Rule("empty", "s: { User: '' }\ncondition: s"),
        SigmaWorld.Rule("there", "s: { Port|exists: true }\nf: { User|exists: true }\ncondition: s and not f"),
        SigmaWorld.Rule("same", "s: { User|fieldref: Target }\ncondition: s"),
        SigmaWorld.Rule("not the same", "s: { Image|contains: cmd }\nf: { User|fieldref: Target }\ncondition: s and not f"),
        SigmaWorld.Rule("wildcards", "s: { CommandLine: 'run*a?l*' }\ncondition: s"),
        SigmaWorld.Rule("minute", "s: { Time|minute|gt: 29 }\ncondition: s"),
        SigmaWorld.Rule("keywords", "k: ['whoami', 'evil']\nf: { Image|contains: explorer }\ncondition: k and not f"),
        SigmaWorld.Rule("short keyword", "s: { Image|contains: cmd }\nk: ['x9']\ncondition: s and k"));

    private static readonly (string Name, string?[] Values)[] Fields =
    [
        ("Image", ["C:\\Windows\\cmd.exe", "C:\\Windows\\System32\\svchost.exe", "C:\\Windows\\explorer.exe", ""]),
        ("CommandLine", ["whoami /all", "whoami  /all42", "run a1l", "run it", "évil whomi all7"]),
        ("User", ["NT AUTHORITY\\SYSTEM", "bob", "BOB", "", null]),
        ("Target", ["Bob", "alice", "S-1-5-18"]),
        ("Port", ["80", "1023", "1024", "65535", "none"]),
        ("Address", ["10.1.2.3", "10.2.2.3", "::ffff:10.1.0.9", "evil"]),
        ("Time", ["2026-01-02T03:04:05Z", "2026-01-02T03:44:05Z"]),
        ("Other", ["x9", "evil", "nothing", "12345"]),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Events_alike_in_part_get_the_verdict_that_each_gets_alone(int seed)
    {
        var set = Rules;
        var random = new Random(seed);
        var detector = new JsonDetector(set);
        var batch = new EventBatch();
        // these read the event first and judge it then, rule by rule
        var (reader, judge, read) = (new JsonEventReader(set), new SigmaDetector(set), new EventBatch());
        for (var round = 0; round < 10_000; round++)
        {
            var json = Event(random);
            var verdict = detector.Verdict(batch, json);
            read.Clear();
            Assert.Equal(ParseRefusal.None, reader.Add(read, json, 0));
            Assert.True(judge.Verdicts(read)[0].SequenceEqual(verdict), Encoding.UTF8.GetString(json));
            if (round % 200 == 0) Assert.True(new JsonDetector(set).Verdict(batch, json).SequenceEqual(verdict), Encoding.UTF8.GetString(json));
        }
        Assert.InRange(detector.Verdicts.Hits, detector.Verdicts.Lookups / 4, detector.Verdicts.Lookups);
    }

    // Most fields are there, most of them as in most events; numbers are written as such or as text, lists are several values, now and
    // then there are blanks where they may be, or a part of the fields lies within another.
    private static byte[] Event(Random random)
    {
        var fields = new List<string>();
        foreach (var (name, values) in Fields)
        {
            if (random.Next(6) == 0) continue;
            var value = values[random.Next(3) == 0 ? random.Next(values.Length) : 0];
            object? written = random.Next(20) == 0 ? new[] { value, values[random.Next(values.Length)] }
                : int.TryParse(value, out var number) && random.Next(2) == 0 ? number
                : random.Next(50) == 0 ? value + new string('z', random.Next(300)) : value;
            fields.Add($"{JsonSerializer.Serialize(name)}{Blank()}:{Blank()}{JsonSerializer.Serialize(written)}{Blank()}");
        }
        if (random.Next(10) == 0) fields.Insert(random.Next(fields.Count + 1), "\"Inner\":{" + string.Join(',', fields) + "}");
        return Encoding.UTF8.GetBytes("{" + string.Join($",{(random.Next(2) == 0 ? " " : Blank())}", fields) + "}");

        string Blank() => random.Next(20) == 0 ? new string(random.Next(2) == 0 ? ' ' : '\t', random.Next(3)) : "";
    }

    [Fact]
    public void An_event_in_which_more_is_found_than_can_be_noted_is_judged_all_the_same()
    {
        var set = SigmaWorld.Load(SigmaWorld.Rule("many", "s: { f|contains: [needle, pin] }\ng: { f|contains: last }\ncondition: s and g"));
        var detector = new JsonDetector(set);
        var batch = new EventBatch();
        foreach (var n in new[] { 1, 10, 500, 999, 3 })
        {
            string[] values = [.. Enumerable.Range(0, n).Select(i => i % 2 == 0 ? "needle" : "pin"), "last"];
            for (var i = 0; i < 3; i++) Assert.Single(detector.Verdict(batch, JsonSerializer.SerializeToUtf8Bytes(new { f = values })));
            for (var i = 0; i < 3; i++) Assert.Empty(detector.Verdict(batch, JsonSerializer.SerializeToUtf8Bytes(new { f = values[..^1] })));
        }
    }

    [Fact]
    public void Sets_without_number_and_end_fill_its_memory_and_change_no_verdict()
    {
        // each word alone and any of them together: more sets of findings than are kept
        var words = Enumerable.Range(0, 40).Select(i => $"word{i:00}x").ToArray();
        var set = SigmaWorld.Load([.. words.Select((w, i) => SigmaWorld.Rule(w, $"s: {{ f|contains: {w} }}\ncondition: s"))]);
        var detector = new JsonDetector(set);
        var random = new Random(5);
        var batch = new EventBatch();
        for (var round = 0; round < 10_000; round++)
        {
            int[] chosen = [.. Enumerable.Range(0, words.Length).Where(_ => random.Next(3) == 0)];
            var verdict = detector.Verdict(batch, JsonSerializer.SerializeToUtf8Bytes(new { f = string.Join(' ', chosen.Select(i => words[i])), g = 1 }));
            Assert.Equal(chosen.Length, verdict.Count);
            if (round % 100 == 0) Assert.Equal(chosen.Select(i => words[i]).Order(StringComparer.Ordinal), verdict.Select(r => set.Compiled[r].Info.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Its_memory_is_bounded_and_never_grows()
    {
        var memo = new VerdictMemo();
        var found = new int[VerdictMemo.MaxFound];
        var rules = new int[20];
        Assert.Equal(0, Allocated.Once(() =>
        {
            for (var i = 0; i < 50_000; i++)
            {
                found[i % found.Length] = rules[0] = i;
                if (memo.Find(found, out var hash) != 0) Assert.Fail("known already");
                memo.Add(hash, found, [2, 5], rules);
                var entry = memo.Find(found, out _);
                if (entry == 0 || memo.Rules(entry)[0] != i || memo.Tried(entry)[1] != 5) Assert.Fail("not known");
            }
        }));
    }
}
