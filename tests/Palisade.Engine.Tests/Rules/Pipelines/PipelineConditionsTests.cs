using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Engine.Tests.Rules.Pipelines;

/// <summary>What steps of a pipeline may be bound to. A step that is carried out gives the rule's field another value, or drops what it looks for.</summary>
public sealed class PipelineConditionsTests
{
    private const string Head = "author: Li Wei\ndate: 2025-03-01\nstatus: test\nlevel: high\ntags: [attack.t1110, cve.2025-1]\nreferences: [https://example.org/a]\nweight: 7\nteam: blue\nmap: { a: 1 }\n";

    private static ProcessingPipeline? Read(string steps, out IReadOnlyList<Diagnostic> problems) =>
        ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes("transformations:\n" + string.Concat(steps.Split('\n').Select(s => $"  - {s}\n"))), out problems);

    private static bool Hit(string steps, string detection, params (string, string?)[] fields)
    {
        var pipeline = Read(steps, out var broken);
        Assert.DoesNotContain(broken, p => p.IsError);
        var set = RuleSet.Load([("rules/x.yml", Encoding.UTF8.GetBytes(Head + SigmaWorld.Rule("x", detection + "\ncondition: s")))], new RuleLoadOptions { Pipelines = [pipeline!] }, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        return SigmaWorld.Hit(set, fields);
    }

    /// <summary>Whether a step bound to a condition was carried out: it makes the rule look for <c>done</c> in <c>f</c>.</summary>
    private static bool Holds(string kind, string condition, string detection = "s: { f: x }", string before = "") =>
        Hit($"{before}{{ type: set_value, value: done, {kind}_conditions: [{condition}] }}\n{{ type: drop_detection_item, field_name_conditions: [{{ type: exclude_fields, fields: [f] }}] }}", detection, ("f", "done"));

    [Theory]
    [InlineData("{ type: match_value, value: x }", "s: { f: x }", true), InlineData("{ type: match_value, value: X }", "s: { f: x }", false)]
    [InlineData("{ type: match_value, value: 5 }", "s: { f: 5 }", true), InlineData("{ type: match_value, value: '5' }", "s: { f: 5 }", false), InlineData("{ type: match_value, value: 5 }", "s: { f: '5' }", false)]
    [InlineData("{ type: match_value, value: true }", "s: { f: true }", true), InlineData("{ type: match_value, value: 5.0 }", "s: { f: 5 }", true)]
    [InlineData("{ type: match_value, value: x }", "s: { f: [x, y] }", true), InlineData("{ type: match_value, cond: all, value: x }", "s: { f: [x, y] }", false)]
    [InlineData("{ type: match_value, value: x }", "s: { f|contains: x }", false), InlineData("{ type: match_value, value: '*x*' }", "s: { f|contains: x }", true)]
    [InlineData("{ type: contains_wildcard }", "s: { f: 'a*' }", true), InlineData("{ type: contains_wildcard }", "s: { f: 'a?c' }", true), InlineData("{ type: contains_wildcard }", "s: { f: 'a\\*' }", false)]
    [InlineData("{ type: contains_wildcard }", "s: { f|startswith: a }", true), InlineData("{ type: contains_wildcard }", "s: { f|re: 'a.*' }", false), InlineData("{ type: contains_wildcard, cond: all }", "s: { f: ['a*', b] }", false)]
    [InlineData("{ type: is_null }", "s: { f: [null, x] }", true), InlineData("{ type: is_null, cond: all }", "s: { f: [null, x] }", false), InlineData("{ type: is_null }", "s: { f: x }", false)]
    [InlineData("{ type: match_string, cond: any, pattern: 'x' }", "s: { f: xy }", true), InlineData("{ type: match_string, cond: any, pattern: 'y' }", "s: { f: xy }", false)]
    [InlineData("{ type: match_string, cond: any, pattern: 'x', negate: true }", "s: { f: [x, y] }", true), InlineData("{ type: match_string, cond: all, pattern: 'x', negate: true }", "s: { f: [x, y] }", false)]
    [InlineData("{ type: match_string, cond: any, pattern: '.*' }", "s: { f: 5 }", false), InlineData("{ type: match_string, cond: any, pattern: '\\*x\\*$' }", "s: { f|contains: x }", true)]
    public void A_condition_on_a_detection_item_looks_at_its_values_as_its_modifiers_make_them(string condition, string detection, bool holds) =>
        Assert.Equal(holds, Carried(condition, detection));

    // what a rule looked for is dropped, and then it finds anything
    private static bool Carried(string condition, string detection) =>
        Hit($"{{ type: drop_detection_item, detection_item_conditions: [{condition}], field_name_conditions: [{{ type: include_fields, fields: [f] }}] }}", detection, ("f", "other"));

    [Theory]
    [InlineData("{ type: contains_field, field: f }", true), InlineData("{ type: contains_field, field: z }", false)]
    [InlineData("{ type: contains_detection_item, field: f, value: x }", true), InlineData("{ type: contains_detection_item, field: g, value: 5 }", true)]
    [InlineData("{ type: contains_detection_item, field: g, value: '5' }", false), InlineData("{ type: contains_detection_item, field: f, value: 5 }", false)]
    [InlineData("{ type: tag, tag: attack.t1110 }", true), InlineData("{ type: tag, tag: attack.t1111 }", false)]
    [InlineData("{ type: is_sigma_rule }", true), InlineData("{ type: is_sigma_correlation_rule }", false)]
    [InlineData("{ type: rule_attribute, attribute: author, value: Li Wei }", true), InlineData("{ type: rule_attribute, attribute: author, value: Li Wei, op: ne }", false)]
    [InlineData("{ type: rule_attribute, attribute: level, value: medium, op: gte }", true), InlineData("{ type: rule_attribute, attribute: level, value: critical, op: gte }", false), InlineData("{ type: rule_attribute, attribute: level, value: high }", true)]
    [InlineData("{ type: rule_attribute, attribute: status, value: stable, op: lt }", true), InlineData("{ type: rule_attribute, attribute: date, value: 2025-02-28, op: gt }", true), InlineData("{ type: rule_attribute, attribute: date, value: 2025-03-01, op: gt }", false)]
    [InlineData("{ type: rule_attribute, attribute: tags, value: cve.2025-1, op: in }", true), InlineData("{ type: rule_attribute, attribute: references, value: cve.2025-1, op: not_in }", true), InlineData("{ type: rule_attribute, attribute: tags, value: cve.2025-1 }", false)]
    [InlineData("{ type: rule_attribute, attribute: weight, value: 6, op: gt }", true), InlineData("{ type: rule_attribute, attribute: weight, value: 8, op: gt }", false), InlineData("{ type: rule_attribute, attribute: team, value: blue }", true)]
    [InlineData("{ type: rule_attribute, attribute: nobody, value: x, op: ne }", false), InlineData("{ type: rule_attribute, attribute: given, value: here }", true)]
    [InlineData("{ type: processing_state, key: n, val: 5, op: gt }", true), InlineData("{ type: processing_state, key: n, val: 10, op: lte }", true), InlineData("{ type: processing_state, key: n, val: 10, op: ne }", false)]
    [InlineData("{ type: processing_state, key: nobody, val: 10, op: ne }", false)]
    public void A_condition_on_a_rule_looks_at_the_whole_of_it(string condition, bool holds) =>
        Assert.Equal(holds, Holds("rule", condition, "s: { f: x, g: 5 }", "{ type: set_state, key: n, val: 10 }\n{ type: set_custom_attribute, attribute: given, value: here }\n"));

    [Theory]
    [InlineData("{ type: include_fields, fields: ['f'], mode: re }", true), InlineData("{ type: include_fields, fields: ['.'], mode: re }", true), InlineData("{ type: exclude_fields, fields: ['x|fg'], mode: re }", true)]
    [InlineData("{ type: processing_item_applied, processing_item_id: one }", true), InlineData("{ type: processing_item_applied, processing_item_id: two }", false)]
    [InlineData("{ type: processing_state, key: n, val: 9, op: gte }", true)]
    public void A_condition_on_a_field_name_knows_which_step_made_it(string condition, bool holds) =>
        Assert.Equal(holds, Holds("field_name", condition, "s: { e: x }", "{ type: set_state, key: n, val: 10 }\n{ id: one, type: field_name_mapping, mapping: { e: f } }\n{ id: two, type: field_name_mapping, mapping: { h: i } }\n"));

    [Fact]
    public void An_expression_for_field_names_fits_from_the_first_sign_on() =>
        Assert.False(Hit("{ type: set_value, value: done, field_name_conditions: [{ type: include_fields, fields: [name], mode: re }] }", "s: { user.name: x }", ("user.name", "done")));

    [Theory]
    [InlineData("rule_conditions: [{ type: rule_attribute, attribute: title, value: x, op: gt }]"), InlineData("rule_conditions: [{ type: rule_attribute, attribute: level, value: dreadful }]")]
    [InlineData("rule_conditions: [{ type: rule_attribute, attribute: date, value: yesterday }]"), InlineData("rule_conditions: [{ type: rule_attribute, attribute: level, value: high, op: in }]")]
    [InlineData("rule_conditions: [{ type: rule_attribute, attribute: title, value: x, op: like }]"), InlineData("rule_conditions: [{ type: contains_detection_item, field: f }]")]
    [InlineData("rule_conditions: [{ type: processing_state, key: a, val: b, op: in }]"), InlineData("detection_item_conditions: [{ type: match_value }]"), InlineData("detection_item_conditions: [{ type: is_null, cond: most }]")]
    [InlineData("detection_item_conditions: [{ type: contains_field, field: f }]"), InlineData("field_name_conditions: [{ type: contains_wildcard }]")]
    public void A_condition_that_cannot_be_asked_refuses_the_pipeline(string condition)
    {
        Assert.Null(Read($"{{ type: set_value, value: x, {condition} }}", out var problems));
        Assert.Equal("SIG081", Assert.Single(problems).Code);
    }

    [Theory]
    [InlineData("{ type: rule_attribute, attribute: map, value: x }"), InlineData("{ type: rule_attribute, attribute: weight, value: x }"), InlineData("{ type: rule_attribute, attribute: team, value: x, op: gt }")]
    public void An_attribute_that_cannot_be_compared_refuses_the_rule(string condition)
    {
        var pipeline = Read($"{{ type: set_value, value: x, rule_conditions: [{condition}] }}", out _)!;
        RuleSet.Load([("rules/x.yml", Encoding.UTF8.GetBytes(Head + SigmaWorld.Rule("x", "s: { f: x }\ncondition: s")))], new RuleLoadOptions { Pipelines = [pipeline] }, out var problems);
        Assert.Equal("SIG083", Assert.Single(problems, p => p.IsError).Code);
    }

    [Fact]
    public void Placeholders_from_elsewhere_are_refused_with_the_way_that_there_is()
    {
        Assert.Null(Read("{ type: http_placeholders, url: https://example.org/names }", out var problems));
        Assert.Contains("value_placeholders", Assert.Single(problems).Message, StringComparison.Ordinal);
    }
}
