using System.Globalization;
using System.Text;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Oracle;
using Palisade.Engine.Rules;

namespace Palisade.Fuzz.Engine;

/// <summary>Rules, their conditions and patterns, and events, all changed at random: nothing throws, and the engine says what the oracle says.</summary>
public sealed class SigmaFuzz
{
    private static readonly RuleLoadOptions Options = new() { AnyLogSource = true };

    /// <summary>Events that rules are judged on.</summary>
    private static readonly string[] Events = [.. Fuzzing.CorpusLines("sigma-events").Select(Encoding.UTF8.GetString)];

    [Fact]
    public void Any_condition_is_refused_or_means_to_the_engine_what_it_means_to_the_oracle()
    {
        var seeds = Fuzzing.CorpusLines("sigma-conditions");
        var agreed = 0L;
        Fuzzing.Run(seeds, 1_500, input => agreed += Agree(
            $"title: t\nid: '1'\nlogsource: {{ product: p }}\ndetection:\n  a: {{ f: x }}\n  b: {{ g|contains: y }}\n  c: {{ h|gt: 3 }}\n  s_1: {{ f: '' }}\n  s_2: {{ list: x }}\n  condition: {Quote(Encoding.UTF8.GetString(input))}\n", Events));
        Assert.True(agreed > 500, $"only {agreed} verdicts were compared");
    }

    [Fact]
    public void Any_value_is_refused_or_found_by_the_engine_where_the_oracle_finds_it()
    {
        string[] modifiers = ["", "|contains", "|startswith", "|endswith", "|windash|contains", "|re", "|cased", "|base64offset|contains", "|wide|base64", "|cidr", "|contains|all", "|neq"];
        var seeds = Fuzzing.CorpusLines("sigma-values");
        var agreed = 0L;
        Fuzzing.Run(seeds, 700, input =>
        {
            var text = Encoding.UTF8.GetString(input.AsSpan(0, Math.Min(input.Length, 300)));
            var rules = new StringBuilder();
            for (var i = 0; i < modifiers.Length; i++)
                rules.Append(CultureInfo.InvariantCulture, $"---\ntitle: t\nid: '{i}'\nlogsource: {{ product: p }}\ndetection:\n  s: {{ 'f{modifiers[i]}': {Quote(text)} }}\n  condition: s\n");
            string[] values = [text, text.Replace("\\", "", StringComparison.Ordinal), text.Replace("*", "abc", StringComparison.Ordinal).Replace("?", "x", StringComparison.Ordinal), $"x{text}y", text.ToUpperInvariant()];
            agreed += Agree(rules.ToString()[4..], [.. values.Select(v => $"{{\"f\":{Quote(v)}}}")]);
        });
        Assert.True(agreed > 10_000, $"only {agreed} verdicts were compared");
    }

    [Fact]
    public void Any_rule_file_is_refused_or_means_to_the_engine_what_it_means_to_the_oracle()
    {
        IReadOnlyList<byte[]> seeds = [.. Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "rules"), "*.yml", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith(".test.yml", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(b => b.Length < 6_000)];
        var agreed = 0L;
        Fuzzing.Run(seeds, 500, input => agreed += Agree(input, Events));
        Assert.True(agreed > 100, $"only {agreed} verdicts were compared");
    }

    [Fact]
    public void Any_event_is_read_where_the_run_time_reads_it_and_judged_alike_while_and_after_it_is_read()
    {
        var set = RuleSet.Load([("r.yml", Encoding.UTF8.GetBytes(string.Join("---\n", new[] { "f: x", "g|contains: y", "h|gt: 3", "'|all': [x, y]", "list|re: '^y+$'", "i: null", "'h.i|cidr': '::/0'" }.Select((d, i) =>
            $"title: t\nid: '{i}'\nlogsource: {{ product: p }}\ndetection:\n  s: {{ {d} }}\n  condition: {(i % 3 == 2 ? "not s" : "s")}\n"))))], Options, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        var (reading, reader, judge) = (new JsonDetector(set), new JsonEventReader(set), new SigmaDetector(set));
        var (one, other, found, foundAfter) = (new EventBatch(), new EventBatch(), new FindingList(), new FindingList());
        var matches = new MatchList();
        IReadOnlyList<byte[]> seeds = [.. Fuzzing.CorpusLines("sigma-events"), .. Fuzzing.CorpusLines("sigma-odd-events")];
        Fuzzing.Run(seeds, 30_000, input =>
        {
            one.Clear();
            other.Clear();
            matches.Clear();
            found.Clear();
            foundAfter.Clear();
            var refusal = reading.Add(one, input, 1, matches);
            reading.Tell(matches, found);
            Assert.Equal(refusal, reader.Add(other, input, 1));
            if (System.Text.Unicode.Utf8.IsValid(input) && refusal != ParseRefusal.TooDeep) Assert.Equal(IsObject(input), refusal == ParseRefusal.None);
            judge.Detect(other, foundAfter);
            Assert.Equal(Ids(foundAfter), Ids(found));
        });
    }

    private static bool IsObject(byte[] text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 1000 });
        try
        {
            var first = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (reader.Read()) { }
            return first;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Ids(FindingList findings) => string.Join(' ', findings.Items.ToArray().Select(f => f.Rule.Id));

    private static long Agree(string yaml, string[] events) => Agree(Encoding.UTF8.GetBytes(yaml), events);

    /// <summary>Verdicts that both gave.</summary>
    private static long Agree(byte[] yaml, string[] events)
    {
        (string, byte[])[] files = [("rules/x.yml", yaml)];
        var set = RuleSet.Load(files, Options, out _);
        if (set.RuleCount == 0) return 0;
        var comparison = new OracleComparison(set, SigmaOracle.Load(files, Options));
        var reader = new JsonEventReader(set);
        var batch = new EventBatch();
        foreach (var text in events)
        {
            var line = Encoding.UTF8.GetBytes(text);
            batch.Clear();
            Assert.Equal(ParseRefusal.None, reader.Add(batch, line, 0));
            foreach (var difference in comparison.Compare(batch, line))
                Assert.Fail($"the engine says {difference.Engine} of rule {difference.RuleId} and event {text}\n{Encoding.UTF8.GetString(yaml)}");
        }
        return comparison.Agreed;
    }

    // a JSON text is a YAML text in double quotes
    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
