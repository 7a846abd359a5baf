using System.Text;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Lint;

namespace Palisade.Engine.Tests.Rules.Lint;

public sealed class DiagnosticCapTests
{
    private static Diagnostic D(string file, int line, bool error) => new("SIG087", file, line, "m", error);

    [Fact]
    public void Of_a_file_the_first_are_said_errors_before_remarks_and_how_many_more_there_are()
    {
        List<Diagnostic> all = [D("other.yml", 1, false), .. Enumerable.Range(0, 250).Select(i => D("a.yml", i, error: i >= 245)), D("other.yml", 2, true)];
        var said = DiagnosticCap.Apply(all);
        Assert.Equal(2 + DiagnosticCap.PerFile + 1, said.Count);
        Assert.Equal([245, 246, 247, 248, 249], said.Where(d => d.File == "a.yml" && d.IsError).Select(d => d.Line));
        Assert.Equal(new Diagnostic("SIG090", "a.yml", 0, "50 more problems of this file are not shown, 0 of them errors", false), said[^1]);
        Assert.Equal(["other.yml", "other.yml"], said.Where(d => d.File == "other.yml").Select(d => d.File));
        List<Diagnostic> few = all[..100];
        Assert.Same(few, DiagnosticCap.Apply(few));
    }

    [Fact]
    public void A_file_with_thousands_of_broken_rules_is_told_in_two_hundred_lines_and_those_that_are_good_load()
    {
        var yaml = string.Concat(Enumerable.Range(0, 3_000).Select(i => $"---\ntitle: t\nid: n{i}\nlogsource: {{ product: p }}\ndetection: {{ a: {{ f|nonsense: x }}, condition: a }}\n"))
            + "---\ntitle: good\nid: good\nlogsource: { product: p }\ndetection: { a: { f: x }, condition: a }\n";
        var set = RuleSet.Load([("rules/x.yml", Encoding.UTF8.GetBytes(yaml))], new RuleLoadOptions { AnyLogSource = true }, out var problems);
        Assert.Equal(1, set.RuleCount);
        Assert.Equal(DiagnosticCap.PerFile + 1, problems.Count);
        Assert.StartsWith("5801 more problems of this file are not shown, 2800 of them errors", Assert.Single(problems, p => p.Code == "SIG090").Message, StringComparison.Ordinal);
    }
}
