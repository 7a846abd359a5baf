using System.Text;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Tests.Rules;

/// <summary>Rules written to harm: each is a diagnostic, in bounded time, and stops no other.</summary>
public sealed class HostileRulesTests
{
    private static IReadOnlyList<Diagnostic> Load(string hostile, out RuleSet set)
    {
        var started = TimeProvider.System.GetTimestamp();
        set = RuleSet.Load([("rules/a.yml", Encoding.UTF8.GetBytes(hostile)), ("rules/b.yml", Encoding.UTF8.GetBytes(SigmaWorld.Rule("good", "s: { f: x }\ncondition: s")))], new RuleLoadOptions(), out var problems);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 20);
        Assert.Contains(set.Rules, r => r.Name == "good");
        return problems;
    }

    private static void Refused(string code, string hostile) => Assert.Contains(Load(hostile, out _), p => p.Code == code && p.IsError);

    [Theory]
    [InlineData("(a{1,1000}){1,1000}"), InlineData("((((a{99}){99}){99}){99})"), InlineData("(?=a)"), InlineData(@"(a)\1"), InlineData("(?>a)"), InlineData("[[:nonsense:]]")]
    public void Expressions_that_would_explode_or_backtrack(string expression) => Refused("SIG028", SigmaWorld.Rule("bad", $"s: {{ f|re: '{expression}' }}\ncondition: s"));

    [Fact]
    public void A_file_of_ten_megabytes() => Refused("SIG001", SigmaWorld.Rule("bad", "s: [" + new string('a', 10 << 20) + "]\ncondition: s"));

    [Fact]
    public void Aliases_that_grow()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 12; i++) text.Append($"a{i}: &a{i} [").Append(string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))).Append("]\n");
        Refused("SIG002", text.ToString());
    }

    [Fact]
    public void A_node_that_holds_itself() => Refused("SIG002", "title: x\nlogsource: { product: test }\ndetection: &d\n  s: { f: *d }\n  condition: s\n");

    [Fact]
    public void Nesting_without_end() => Refused("SIG002", "a: " + new string('[', 5_000));

    [Fact]
    public void Correlations_in_a_circle() =>
        Refused("SIG037", "title: a\nname: a\ncorrelation: { type: temporal, rules: [b], timespan: 5m }\n---\ntitle: b\nname: b\ncorrelation: { type: temporal, rules: [a], timespan: 5m }\n");

    [Fact]
    public void Thousands_of_correlations_are_put_in_order_quickly()
    {
        var text = string.Join("---\n", Enumerable.Range(0, 3_000).Select(i => $"title: c{i}\nname: c{i}\ncorrelation: {{ type: temporal, rules: [good, c{(i + 1) % 3_000}], timespan: 5m }}\n"));
        Assert.Contains(Load(text, out _), p => p.IsError);
    }

    [Fact]
    public void A_hundred_thousand_values_are_one_rule()
    {
        var text = SigmaWorld.Rule("many", "s: { f: [" + string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"v{i}")) + "] }\ncondition: s");
        Assert.DoesNotContain(Load(text, out var set), p => p.IsError);
        Assert.Equal(2, set.RuleCount);
    }

    [Theory]
    [InlineData("SIG020", "f|sounds: x"), InlineData("SIG042", "f: '*LONG*'"), InlineData("SIG025", "f|expand: '%nobody%'")]
    public void Single_fields(string code, string field) => Refused(code, SigmaWorld.Rule("bad", $"s: {{ {field.Replace("LONG", new string('a', 5_000), StringComparison.Ordinal)} }}\ncondition: s"));

    [Fact]
    public void Conditions_that_name_everything_again_and_again()
    {
        var names = string.Join('\n', Enumerable.Range(0, 1_000).Select(i => $"s{i}: {{ f: x }}"));
        Refused("SIG017", SigmaWorld.Rule("bad", names + "\ncondition: " + string.Join(" and ", Enumerable.Repeat("1 of s*", 500))));
        Refused("SIG017", SigmaWorld.Rule("bad", "s: { f: x }\ncondition: " + string.Concat(Enumerable.Repeat("not ", 1_000)) + "s"));
        Refused("SIG017", SigmaWorld.Rule("bad", "s: { f: x }\ncondition: " + new string('(', 1_000) + "s"));
    }

    [Fact]
    public void Placeholders_that_multiply()
    {
        var values = Enumerable.Range(0, 1_000).Select(i => new string('a', 1_000)).ToList();
        var options = new RuleLoadOptions { Placeholders = new Dictionary<string, IReadOnlyList<string>> { ["p"] = values } };
        RuleSet.Load([("rules/a.yml", Encoding.UTF8.GetBytes(SigmaWorld.Rule("bad", "s: { f|expand: '%p%%p%' }\ncondition: s")))], options, out var problems);
        Assert.Equal("SIG025", Assert.Single(problems, p => p.IsError).Code);
    }
}
