using System.Text;
using Palisade.Engine.Rules;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Rules;

public sealed class RuleSamplesTests
{
    private static IReadOnlyList<RuleSample> Read(string text, out IReadOnlyList<Diagnostic> problems) => RuleSamples.Read("a.test.yml", Encoding.UTF8.GetBytes(text), out problems);

    [Fact]
    public void Lines_and_lists_of_lines_are_read_with_their_place()
    {
        var samples = Read("hit:\n  - one\n  -\n    - two\n    - three\nmiss:\n  - four\n", out var problems);
        Assert.Empty(problems);
        Assert.Equal([(2, true, 1), (4, true, 2), (7, false, 1)], samples.Select(s => (s.Line, s.Hit, s.Records.Count)));
    }

    [Theory]
    [InlineData("- hit"), InlineData("miss: [a]"), InlineData("hit: a"), InlineData("hits: [a]"), InlineData("hit: [[]]"), InlineData("hit: [{ a: b }]")]
    public void What_is_no_sample_file_is_said(string text)
    {
        Read(text, out var problems);
        Assert.Contains(problems, p => p is { Code: "SIG070", IsError: true });
    }

    [Fact]
    public void A_correlation_says_the_outcome_it_stands_for()
    {
        var lines = RuleSamples.Read("x.test.yml", File.ReadAllBytes(Path.Combine(ShippedRules.Content, "correlations", "ssh_brute_force_success.test.yml")), out _)[0].Records;
        var outcomes = new List<AttackOutcome>();
        RuleSamples.Run(ShippedRules.Snapshot, lines, (_, findings) =>
        {
            foreach (ref readonly var finding in findings.Items)
                if (finding.Firing is not null && finding.Rule.Level == FindingLevel.Critical) outcomes.Add(finding.Outcome);
        });
        Assert.Equal([AttackOutcome.Likely], outcomes);
    }
}
