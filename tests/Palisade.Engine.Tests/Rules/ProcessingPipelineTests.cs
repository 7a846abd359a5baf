using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Engine.Tests.Rules;

public sealed class ProcessingPipelineTests
{
    private static ProcessingPipeline Pipeline(string steps)
    {
        var pipeline = ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes("name: p\nvars: { who: [root, admin] }\ntransformations:\n" + steps), out var problems);
        Assert.Empty(problems);
        return pipeline!;
    }

    private static RuleSet Load(string steps, string detection, out IReadOnlyList<Diagnostic> problems) => RuleSet.Load(
        [("rules/x.yml", Encoding.UTF8.GetBytes(SigmaWorld.Rule("x", detection + "\ncondition: s")))], new RuleLoadOptions { Pipelines = [Pipeline(steps)] }, out problems);

    private static bool Hit(string steps, string detection, params (string, string?)[] fields)
    {
        var set = Load(steps, detection, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        return SigmaWorld.Hit(set, fields);
    }

    [Theory]
    [InlineData("type: field_name_mapping\n    mapping: { f: g }", "s: { f: x }", "g", "x", true)]
    [InlineData("type: field_name_mapping\n    mapping: { f: g }", "s: { f: x }", "f", "x", false)]
    [InlineData("type: field_name_mapping\n    mapping: { f: [g, h] }", "s: { f: x }", "h", "x", true)]
    [InlineData("type: field_name_mapping\n    mapping: { f: [g, h] }", "s: { f|neq: x }", "h", "x", false)]
    [InlineData("type: field_name_prefix\n    prefix: win.", "s: { f: x }", "win.f", "x", true)]
    [InlineData("type: field_name_suffix\n    suffix: .keyword", "s: { f: x }", "f.keyword", "x", true)]
    [InlineData("type: field_name_prefix_mapping\n    mapping: { a.: b. }", "s: { a.f: x }", "b.f", "x", true)]
    [InlineData("type: drop_detection_item\n    field_name_conditions: [{ type: include_fields, fields: [f] }]", "s: { f: x, g: y }", "g", "y", true)]
    [InlineData("type: drop_detection_item", "s: { f: x }", "g", "y", true)]
    [InlineData("type: add_condition\n    conditions: { h: '$product' }\n    template: true", "s: { f: x }", "f", "x", false)]
    [InlineData("type: add_condition\n    conditions: { h: y }\n    negated: true", "s: { f: x }", "f", "x", true)]
    [InlineData("type: replace_string\n    regex: '^C:'\n    replacement: 'D:'", "s: { f: 'C:x' }", "f", "D:x", true)]
    [InlineData("type: replace_string\n    regex: '(a)(b)'\n    replacement: '\\2\\1'", "s: { f: ab }", "f", "ba", true)]
    [InlineData("type: map_string\n    mapping: { x: [y, z] }", "s: { f: x }", "f", "z", true)]
    [InlineData("type: set_value\n    value: y", "s: { f: x }", "f", "y", true)]
    [InlineData("type: case_transformation\n    method: upper", "s: { f|cased: x }", "f", "X", true)]
    [InlineData("type: hashes_fields\n    field_prefix: file.hash.", "s: { Hashes|contains: 'MD5=0123456789abcdef0123456789abcdef' }", "file.hash.MD5", "0123456789abcdef0123456789abcdef", true)]
    [InlineData("type: value_placeholders", "s: { f|expand: '%who%' }", "f", "admin", true)]
    [InlineData("type: wildcard_placeholders", "s: { f|expand: 'a%what%' }", "f", "abc", true)]
    [InlineData("type: field_name_mapping\n    mapping: { f: g }\n    rule_conditions: [{ type: logsource, product: other }]", "s: { f: x }", "f", "x", true)]
    [InlineData("type: field_name_mapping\n    mapping: { f: g }\n    rule_conditions: { p: { type: logsource, product: other } }\n    rule_cond_expr: not p", "s: { f: x }", "g", "x", true)]
    [InlineData("type: set_value\n    value: y\n    detection_item_conditions: [{ type: match_string, cond: any, pattern: '^x$' }]", "s: { f: x }", "f", "y", true)]
    public void A_transformation_changes_the_rule(string step, string detection, string field, string value, bool hit) =>
        Assert.Equal(hit, Hit("  - " + step + "\n", detection, (field, value)));

    [Theory]
    [InlineData("", "A", false), InlineData("", "a", true)]
    [InlineData("    method: ignore_case_flag\n", "A", false)]
    public void Values_that_become_expressions_fold_case_as_all_do_here_and_keep_it_where_the_pipeline_says_so(string method, string value, bool plain)
    {
        Assert.True(Hit("  - type: regex\n" + method, "s: { f|contains: a }", ("f", "x" + value)));
        Assert.Equal(plain, Hit("  - type: regex\n    method: plain\n", "s: { f|contains: a }", ("f", "x" + value)));
        Assert.True(Hit("  - type: regex\n    method: plain\n", "s: { f|contains: a*c, n: 5, g|re: '(?i)Q', h: null }", ("f", "xabcx"), ("n", "5"), ("g", "q")));
    }

    [Theory]
    [InlineData("{ type: field_name_mapping, mapping: { f: g } }", "s: { f: x }", "")]
    [InlineData("{ type: field_name_mapping, mapping: { f: f, h: [i, j] } }", "s: [ { f: x }, { h: y } ]", "")]
    [InlineData("{ type: field_name_mapping, mapping: { f: g } }", "s: { f: x, z: 1, y|contains: 1 }", "y, z")]
    [InlineData("{ type: field_name_prefix, prefix: p. }", "s: { f: x, z: 1 }", "")]
    [InlineData("{ type: set_state, key: a, val: b }", "s: [word, other]", "")]
    public void A_strict_pipeline_refuses_rules_with_fields_that_it_has_no_mapping_for(string step, string detection, string missing)
    {
        Load($"  - {step}\n  - type: strict_field_mapping_failure\n", detection, out var problems);
        var said = problems.Where(p => p.IsError).Select(p => (p.Code, p.Message));
        Assert.Equal(missing.Length == 0 ? [] : [("SIG083", "no mapping of the pipeline is for " + missing)], said);
    }

    [Fact]
    public void What_is_for_the_query_language_of_another_system_is_refused_with_the_way_that_there_is()
    {
        foreach (var (step, way) in new[] { ("type: query_expression_placeholders, expression: '{field} in list({id})'", "value_placeholders"), ("type: regex, method: shouting", "ignore_case_flag") })
        {
            Assert.Null(ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes($"transformations: [ {{ {step} }} ]"), out var problems));
            var error = Assert.Single(problems);
            Assert.Equal("SIG081", error.Code);
            Assert.Contains(way, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_one_step_did_binds_the_next()
    {
        const string steps = "  - { id: one, type: field_name_mapping, mapping: { f: g } }\n  - { type: field_name_prefix, prefix: p., detection_item_conditions: [{ type: processing_item_applied, processing_item_id: one }] }\n";
        Assert.True(Hit(steps, "s: { f: x, h: y }", ("p.g", "x"), ("h", "y")));
        Assert.True(Hit("  - { type: set_state, key: k, val: v }\n  - { type: set_value, value: y, rule_conditions: [{ type: processing_state, key: k, val: v }] }\n", "s: { f: x }", ("f", "y")));
    }

    [Fact]
    public void A_rule_the_pipeline_refuses_is_said_with_its_message()
    {
        Load("  - { type: rule_failure, message: not for us }\n", "s: { f: x }", out var problems);
        var error = Assert.Single(problems, p => p.IsError);
        Assert.Equal(("SIG083", "not for us"), (error.Code, error.Message));
    }

    [Theory]
    [InlineData("transformations: [{ type: sounds_good }]", "SIG081"), InlineData("transformations: [{ type: field_name_mapping }]", "SIG081"), InlineData("transformations: 5", "SIG080"), InlineData("- a", "SIG080")]
    [InlineData("transformations: [{ type: replace_string, regex: '(?=a)', replacement: x }]", "SIG028"), InlineData("transformations: [{ type: replace_string, regex: '((a{1,99}){1,99}){1,99}', replacement: x }]", "SIG028"), InlineData(": : :\n\t-", "SIG002")]
    [InlineData("transformations: [{ type: set_value, value: x, rule_conditions: [{ type: moon_is_full }] }]", "SIG081")]
    public void A_pipeline_that_cannot_be_carried_out_is_refused_whole(string text, string code)
    {
        Assert.Null(ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes(text), out var problems));
        Assert.Contains(problems, p => p.Code == code && p.IsError);
    }

    [Fact]
    public void Growing_without_end_is_stopped()
    {
        var steps = string.Concat(Enumerable.Repeat("  - { type: replace_string, regex: 'a', replacement: 'aaaaaaaaaaaaaaaa' }\n", 12));
        Load(steps, "s: { f: a }", out var problems);
        Assert.Equal("SIG082", Assert.Single(problems, p => p.IsError).Code);
        steps = string.Concat(Enumerable.Repeat("  - { type: field_name_mapping, mapping: { f: [f, f, f, f, f, f, f, f] } }\n", 12));
        Load(steps, "s: { f: a }", out problems);
        Assert.Equal("SIG082", Assert.Single(problems, p => p.IsError).Code);
        var many = string.Join(", ", Enumerable.Repeat("a", 1_000));
        Load(string.Concat(Enumerable.Repeat($"  - {{ type: map_string, mapping: {{ a: [{many}] }} }}\n", 12)), "s: { f: a }", out problems);
        Assert.Equal("SIG082", Assert.Single(problems, p => p.IsError).Code);
        Load($"  - {{ type: field_name_mapping, mapping: {{ f: [{many.Replace('a', 'f')}] }} }}\n  - {{ type: field_name_mapping, mapping: {{ f: [{many.Replace('a', 'f')}] }} }}\n", "s: { f: a }", out problems);
        Assert.Equal("SIG082", Assert.Single(problems, p => p.IsError).Code);
    }

    [Fact]
    public void All_rules_of_a_tenant_share_what_pipelines_and_placeholders_may_add()
    {
        static int Loaded(uint tenant, string value, string mapping, out string code)
        {
            var rules = string.Concat(Enumerable.Range(0, 40).Select(i => $"---\ntitle: r{i}\nid: r{i}\nlogsource: {{ category: x }}\ndetection: {{ s: {{ {value} }}, condition: s }}\n"));
            var pipeline = ProcessingPipeline.Read("p.yml", Encoding.UTF8.GetBytes($"transformations:\n{mapping}"), out _)!;
            var placeholders = new Dictionary<string, IReadOnlyList<string>> { ["long"] = [.. Enumerable.Range(0, 1_000).Select(i => i + new string('x', 2_000))] };
            var set = RuleSet.Load([("r.yml", Encoding.UTF8.GetBytes(rules))], new RuleLoadOptions { Tenant = tenant, Pipelines = [pipeline], Placeholders = placeholders }, out var problems);
            code = problems.FirstOrDefault(p => p.IsError)?.Code ?? "";
            Assert.Equal(40, set.Rules.Count + set.Refused.Count);
            return set.Rules.Count;
        }

        var grows = $"  - {{ type: map_string, mapping: {{ a: [{string.Join(", ", Enumerable.Range(0, 50_000))}] }} }}\n";
        Assert.InRange(Loaded(5, "f: a", grows, out var code), 17, 20);
        Assert.Equal("SIG082", code);
        Assert.InRange(Loaded(5, "f|expand: '%long%'", "  - { type: case, method: upper, field_name_conditions: [ { type: include_fields, fields: [none] } ] }\n", out code), 30, 36);
        Assert.Equal("SIG025", code);
        Assert.InRange(Loaded(5, "f|expand: '%long%'", "  - { type: value_placeholders }\n", out code), 28, 33);
        Assert.Equal("SIG082", code);
        Assert.Equal(0, Loaded(5, "f|expand: '%long%%long%'", "  - { type: value_placeholders }\n", out code));
        Assert.InRange(Loaded(5, "f: a", string.Concat(Enumerable.Repeat("  - { type: set_state, key: a, val: b }\n", 1_000)), out _), 40, 40);
    }
}
