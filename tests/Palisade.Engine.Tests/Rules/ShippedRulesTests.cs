using Palisade.Engine.Rules;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Rules;

/// <summary>Every shipped rule finds its samples, leaves the others alone, and is quiet on a quiet day.</summary>
public sealed class ShippedRulesTests
{
    public static TheoryData<string> RuleFiles => new(Files().Where(f => !f.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal)));

    private static IEnumerable<string> Files() => new[] { "rules", "correlations" }
        .SelectMany(d => Directory.EnumerateFiles(Path.Combine(ShippedRules.Content, d), "*.yml", SearchOption.AllDirectories))
        .Select(f => Path.GetRelativePath(ShippedRules.Content, f).Replace('\\', '/')).Order(StringComparer.Ordinal);

    [Theory, MemberData(nameof(RuleFiles))]
    public void A_rule_finds_its_hits_and_no_miss(string rule)
    {
        var file = rule[..^".yml".Length] + RuleSamples.Suffix;
        var samples = RuleSamples.Read(file, File.ReadAllBytes(Path.Combine(ShippedRules.Content, file)), out var problems);
        Assert.Empty(problems);
        Assert.Contains(samples, s => s.Hit);
        Assert.Contains(samples, s => !s.Hit);
        Assert.All(samples, s => Assert.True(
            RuleSamples.Finds(ShippedRules.Snapshot, rule, s.Records) == s.Hit, $"{s.File}:{s.Line}: {(s.Hit ? "not found" : "found")}: {s.Records[^1]}"));
    }

    [Fact]
    public void Every_sample_file_stands_beside_a_rule() =>
        Assert.All(Files().Where(f => f.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal)), f => Assert.Contains(RuleSamples.RuleFile(f), Files()));

    [Fact]
    public void Every_rule_says_what_happened_and_what_to_do_in_both_languages() => Assert.All(ShippedRules.Snapshot.Rules.Rules, r =>
    {
        Assert.NotEmpty(r.WhatHappened);
        Assert.NotEmpty(r.WhatToDo);
        Assert.NotEmpty(r.Techniques);
        Assert.Contains(r.NameZh, IsHan);
        Assert.Contains(r.WhatHappenedZh, IsHan);
        Assert.Contains(r.WhatToDoZh, IsHan);
        Assert.NotEqual("other", r.Class);
    });

    [Fact]
    public void A_quiet_day_raises_nothing_of_medium_or_above()
    {
        var (records, loud) = (0, new List<string>());
        foreach (var file in QuietDays())
        {
            var lines = File.ReadAllLines(file);
            records += lines.Length;
            RuleSamples.Run(ShippedRules.Snapshot, lines, (batch, findings) =>
            {
                foreach (ref readonly var finding in findings.Items)
                    if (finding.Rule.Level >= FindingLevel.Medium) loud.Add($"{Path.GetFileName(file)}:{batch.Header(finding.Event).Sequence}: {finding.Rule.Name}");
            });
        }
        Assert.True(records >= 150, $"only {records} records");
        Assert.Empty(loud);
    }

    [Fact]
    public void Every_log_source_of_a_rule_is_among_the_quiet_days()
    {
        IReadOnlyList<(string, byte[])> Read(string folder) => [.. Directory.EnumerateFiles(Path.Combine(ShippedRules.Content, folder), "*.yml", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal)).Select(f => (Path.GetRelativePath(ShippedRules.Content, f).Replace('\\', '/'), File.ReadAllBytes(f)))];
        var analysis = new ReachAnalysis(Read("lookups/sigma"), Read("rules"));
        foreach (var file in QuietDays()) RuleSamples.Run(ShippedRules.Snapshot, File.ReadLines(file), (batch, _) => analysis.Observe(batch));
        var judged = analysis.Judge();
        Assert.Contains(judged, r => r.Rule.Status == "stable");
        var without = judged.Where(r => r.Verdict is ReachVerdict.NoEvents or ReachVerdict.NoSource or ReachVerdict.Refused).Select(r => $"{r.Rule.File} ({r.Rule.LogSource})").ToList();
        Assert.True(without.Count == 0, "no quiet line of their log source: " + string.Join(", ", without));
    }

    private static IEnumerable<string> QuietDays() => Directory.EnumerateFiles(Path.Combine(ShippedRules.Content, "benign"), "*.log").Order(StringComparer.Ordinal);

    private static bool IsHan(char c) => c is >= '\u4e00' and <= '\u9fff';
}
