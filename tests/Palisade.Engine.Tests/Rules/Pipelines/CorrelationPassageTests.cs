using System.Text;
using Palisade.Engine.Correlate;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Engine.Tests.Rules.Pipelines;

/// <summary>Correlations pass through the pipelines that their rules pass through: the fields they name get the names that the rules ask for.</summary>
public sealed class CorrelationPassageTests
{
    private const string Mapping = "  - type: field_name_mapping\n    mapping: { cs-ip: source.ip, cs-user: user.name, bytes: http.response.bytes, both: [one, two] }\n";

    private static string Base(string name, string product = "gateway") => $"title: {name}\nname: {name}\nlogsource: {{ product: {product} }}\ndetection: {{ a: {{ what: {name} }}, condition: a }}\n";

    private static string Counting(string lines, string rules = "bad") =>
        $"title: many\nname: many\nid: 6e2f7d0a-0a39-4b3a-9c4b-3f0c7f1f5a01\ncorrelation:\n  rules: [{rules}]\n  timespan: 5m\n" + string.Concat(lines.Split('\n').Select(l => "  " + l + "\n"));

    private static RuleSet Load(string steps, string correlation, out IReadOnlyList<Diagnostic> problems, params string[] piped)
    {
        var pipeline = ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes("transformations:\n" + steps), out var wrong);
        Assert.Empty(wrong);
        return RuleSet.Load(
            [("own/bad.yml", Encoding.UTF8.GetBytes(Base("bad"))), ("own/odd.yml", Encoding.UTF8.GetBytes(Base("odd", "proxy"))), ("rules/shipped.yml", Encoding.UTF8.GetBytes(Base("shipped"))), ("own/many.yml", Encoding.UTF8.GetBytes(correlation))],
            new RuleLoadOptions { Pipelines = [pipeline!], PipedFiles = piped.Length == 0 ? new HashSet<string> { "own/bad.yml", "own/odd.yml", "own/many.yml" } : piped.ToHashSet() }, out problems);
    }

    /// <summary>Fields by which the correlation groups and what it counts, of each of its rules.</summary>
    private static string Said(string steps, string lines, string rules = "bad")
    {
        var set = Load(steps, Counting(lines, rules), out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        var source = Assert.Single(set.Correlations).Source;
        return string.Join(' ', [.. source.GroupBy, "/", .. source.Fields, .. source.Aliases.SelectMany(a => a.Value.Select(f => $"{a.Key}.{f.Key}={f.Value}"))]);
    }

    [Theory]
    [InlineData("type: event_count\ngroup-by: [cs-ip, other]\ncondition: { gte: 2 }", "source.ip other /")]
    [InlineData("type: value_count\ngroup-by: [cs-ip]\ncondition: { field: cs-user, gte: 2 }", "source.ip / user.name")]
    [InlineData("type: value_sum\ngroup-by: [who]\naliases: { who: { bad: cs-ip } }\ncondition: { field: bytes, gte: 2 }", "who / http.response.bytes who.bad=source.ip")]
    [InlineData("type: event_count\ngroup-by: [cs-ip]\naliases: { cs-ip: { bad: cs-user } }\ncondition: { gte: 2 }", "cs-ip / cs-ip.bad=user.name")]
    public void The_fields_of_groups_aliases_and_conditions_are_mapped_and_aliases_are_no_fields(string lines, string said) => Assert.Equal(said, Said(Mapping, lines));

    [Theory]
    [InlineData("  - { type: field_name_prefix, prefix: p. }\n", "p.f /")]
    [InlineData("  - { type: field_name_suffix, suffix: .x }\n", "f.x /")]
    [InlineData("  - { type: field_name_transform, transform_func: upper }\n", "F /")]
    [InlineData("  - { type: field_name_prefix_mapping, mapping: { f: g } }\n", "g /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: is_sigma_correlation_rule }] }\n", "p.f /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: is_sigma_rule }] }\n", "f /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: logsource, product: gateway }] }\n", "p.f /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: logsource, product: windows }] }\n", "f /")]
    [InlineData("  - { type: change_logsource, product: linux }\n  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: logsource, product: gateway }] }\n", "p.f /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., field_name_conditions: [{ type: exclude_fields, fields: [f] }] }\n", "f /")]
    [InlineData("  - { type: field_name_prefix, prefix: p., detection_item_conditions: [{ type: is_null }], detection_item_cond_not: true }\n", "f /")]
    [InlineData("  - { id: one, type: field_name_prefix, prefix: p. }\n  - { type: field_name_suffix, suffix: .s, rule_conditions: [{ type: processing_item_applied, processing_item_id: one }] }\n", "p.f.s /")]
    [InlineData("  - { type: add_condition, conditions: { h: '$product' }, template: true }\n  - { type: set_value, value: x }\n  - { type: drop_detection_item }\n", "f /")]
    public void A_step_is_bound_by_its_conditions_to_correlations_too(string steps, string said) => Assert.Equal(said, Said(steps, "type: event_count\ngroup-by: [f]\ncondition: { gte: 2 }"));

    [Fact]
    public void The_log_source_of_any_of_its_rules_is_that_of_a_correlation() =>
        Assert.Equal("p.f /", Said("  - { type: field_name_prefix, prefix: p., rule_conditions: [{ type: logsource, product: proxy }] }\n", "type: temporal\ngroup-by: [f]", "bad, odd"));

    [Fact]
    public void One_of_shipped_rules_alone_stays_as_it_is_and_in_a_mixed_one_the_alias_of_a_shipped_rule_does()
    {
        Assert.Equal("cs-ip /", Said(Mapping, "type: event_count\ngroup-by: [cs-ip]\ncondition: { gte: 2 }", "shipped"));
        Assert.Equal("who / who.bad=source.ip who.shipped=cs-ip", Said(Mapping, "type: event_count\ngroup-by: [who]\naliases: { who: { bad: cs-ip, shipped: cs-ip } }\ncondition: { gte: 2 }", "bad, shipped"));
        var set = Load(Mapping, Counting("type: event_count\ngroup-by: [cs-ip]\ncondition: { gte: 2 }"), out _, "own/bad.yml");
        Assert.Equal(["cs-ip"], Assert.Single(set.Correlations).Source.GroupBy);
    }

    [Theory]
    [InlineData(Mapping, "both", "makes 2 fields of 'both'")]
    [InlineData("  - { type: rule_failure, message: not for us, rule_conditions: [{ type: is_sigma_correlation_rule }] }\n", "f", "not for us")]
    public void A_correlation_that_a_pipeline_refuses_is_said_and_its_rule_stays(string steps, string field, string why)
    {
        var set = Load(steps, Counting($"type: event_count\ngroup-by: [{field}]\ncondition: {{ gte: 2 }}"), out var problems);
        var error = Assert.Single(problems, p => p.IsError);
        Assert.Equal(("SIG083", "own/many.yml"), (error.Code, error.File));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Empty(set.Correlations);
        Assert.Equal(3, set.RuleCount);
    }

    [Fact]
    public void It_counts_and_is_explained_by_the_fields_that_events_have_here()
    {
        var text = Counting("type: event_count\ngroup-by: [cs-ip]\ncondition: { gte: 2 }");
        var set = Load(Mapping, text, out _);
        var correlator = new Correlator(set);
        Assert.Empty(SigmaWorld.Feed(set, correlator, 1, 0, ("what", "bad"), ("source.ip", "192.0.2.1")));
        Assert.Empty(SigmaWorld.Feed(set, correlator, 2, 1, ("what", "bad"), ("source.ip", "192.0.2.2")));
        Assert.Equal([2], SigmaWorld.Feed(set, correlator, 3, 2, ("what", "bad"), ("source.ip", "192.0.2.1")));

        var batch = new EventBatch();
        SigmaWorld.Add(batch, 4, 3, ("what", "bad"), ("source.ip", "192.0.2.1"));
        var options = new RuleLoadOptions { Pipelines = [ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes("transformations:\n" + Mapping), out _)!] };
        var told = new RuleExplainer([], options).Explain(RuleTexts.Read("own/many.yml", Encoding.UTF8.GetBytes(text))[0], RuleTexts.Read("own/bad.yml", Encoding.UTF8.GetBytes(Base("bad"))), batch, 0);
        Assert.Equal([new FoundValue("source.ip", "192.0.2.1")], told.Correlation!.Group);
        Assert.Empty(told.Correlation.GroupMissing);
    }
}
