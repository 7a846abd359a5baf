using System.Text;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Engine.Rules.Pipelines;
using Palisade.Engine.Rules.Policy;

namespace Palisade.Engine.Tests.Rules.Pipelines;

/// <summary>Those who look into rules see them as the compiler does: as they leave the pipelines.</summary>
public sealed class PipedTextTests
{
    private const string Lookup = "sigma:\n  logsources:\n    - match: { product: linux }\n      when: { event.dataset: sshd.auth }\n";
    private const string Pipeline = """
        name: gateway
        transformations:
          - type: field_name_mapping
            mapping: { cs-user: user.name, cs-ip: [source.ip, client.ip] }
          - type: change_logsource
            product: linux
            rule_conditions: [ { type: logsource, product: gateway } ]
          - type: rule_failure
            message: not for us
            rule_conditions: [ { type: tag, tag: attack.t1595 } ]
        """;
    private const string Rule = "title: Piped\nid: piped\nlogsource: { product: gateway }\ndetection: { a: { cs-user: root, cs-ip: ['192.0.2.1', '%bad%'] }, condition: a }\n";

    private static readonly (string, byte[])[] Lookups = [("lookups/sigma/all.yml", Encoding.UTF8.GetBytes(Lookup))];

    private static RuleLoadOptions Options(params string[] files) => new()
    {
        Tenant = 3,
        Pipelines = [ProcessingPipeline.Read("gateway.yml", Encoding.UTF8.GetBytes(Pipeline), out _)!],
        PipedFiles = files.ToHashSet(),
    };

    private static RuleText Text(string yaml, string file = "own/a.yml") => RuleTexts.Read(file, Encoding.UTF8.GetBytes(yaml))[0];

    private static EventBatch Event(params (string Field, string Value)[] fields)
    {
        var batch = new EventBatch();
        batch.Begin(new RecordInfo(1, 1, 3, 0, RecordInfo.AutoParser), []);
        foreach (var (field, value) in fields.Prepend(("event.dataset", "sshd.auth"))) batch.Add(FieldNames.GetOrAdd(field), Encoding.UTF8.GetBytes(value));
        return batch;
    }

    [Fact]
    public void An_explanation_asks_for_the_fields_that_a_pipeline_puts_in()
    {
        var rule = Text(Rule.Replace("['192.0.2.1', '%bad%']", "['192.0.2.1', '198.51.100.1']"));
        var told = new RuleExplainer(Lookups, Options("own/a.yml")).Explain(rule, [], Event(("user.name", "root"), ("client.ip", "198.51.100.1")), 0);
        Assert.Equal((true, true, "linux"), (told.Matched, told.OfLogSource, told.LogSource));
        var items = told.Identifiers.Single().Alternatives.Single().Items;
        Assert.Equal([("user.name", true), ("source.ip / client.ip", true)], items.Select(i => (i.Field, i.Holds)));
        Assert.Equal([("192.0.2.1", false), ("198.51.100.1", true)], items[1].Values.Select(v => (v.Text, v.Holds)));
        Assert.Equal([new FoundValue("client.ip", "198.51.100.1")], items[1].Found);
        // A rule of another file does not pass through, and asks for what it says.
        var other = new RuleExplainer(Lookups, Options("own/b.yml")).Explain(rule, [], Event(("user.name", "root"), ("client.ip", "198.51.100.1")), 0);
        Assert.Equal((false, "gateway", "cs-user"), (other.Matched, other.LogSource, other.Identifiers.Single().Alternatives.Single().Items[0].Field));
    }

    [Fact]
    public void Reach_judges_the_log_source_and_the_fields_behind_the_pipelines()
    {
        (string, byte[]) File(string name, string detection) => ($"own/{name}.yml", Encoding.UTF8.GetBytes($"title: {name}\nid: {name}\nlogsource: {{ product: gateway }}\ndetection: {{ a: {detection}, condition: a }}\n"));
        var analysis = new ReachAnalysis(Lookups, [File("fires", "{ cs-ip: x }"), File("lacks", "{ cs-user: x }"), File("raw", "{ cs-ip: x }")], Options("own/fires.yml", "own/lacks.yml"));
        analysis.Observe(Event(("client.ip", "192.0.2.1")));
        var judged = analysis.Judge().ToDictionary(r => r.Rule.Id);
        Assert.Equal([ReachVerdict.CanFire, ReachVerdict.NoFields, ReachVerdict.NoSource], new[] { "fires", "lacks", "raw" }.Select(id => judged[id].Verdict));
        Assert.Equal(["user.name"], judged["lacks"].Missing);
        // What is reported is the rule as its author wrote it.
        Assert.Contains("cs-user", judged["lacks"].Rule.Yaml);
    }

    [Fact]
    public void A_rule_that_a_pipeline_refuses_is_told_and_stops_no_other()
    {
        var texts = new[] { ("own/a.yml", Rule), ("own/b.yml", Rule.Replace("piped", "second").Replace("'%bad%'", "b")), ("own/c.yml", Rule.Replace("piped", "third") + "tags: [attack.t1595]\n") };
        var own = OwnRules.Compile(Lookups, [.. texts.Select(t => (t.Item1, Encoding.UTF8.GetBytes(t.Item2)))], Options(), out _);
        Assert.Equal(["second"], own.Own.Where(r => r.Id == "second").Select(r => r.Id));
        Assert.Equal(["third"], own.Refused.Select(r => r.Rule.Id));
        Assert.Equal(("SIG083", "not for us"), (own.Refused[0].Problems.Single().Code, own.Refused[0].Problems.Single().Message));
        var told = new RuleExplainer(Lookups, Options("own/c.yml")).Explain(Text(texts[2].Item2, "own/c.yml"), [], Event(), 0);
        Assert.Equal((false, "SIG083"), (told.Matched, told.Diagnostics.Single(d => d.IsError).Code));
    }

    [Fact]
    public void Placeholders_hold_in_explanations()
    {
        var options = Options("own/a.yml") with { Placeholders = new Dictionary<string, IReadOnlyList<string>> { ["bad"] = ["198.51.100.1"] } };
        var rule = Text(Rule.Replace("cs-ip:", "cs-ip|expand:"));
        Assert.True(new RuleExplainer(Lookups, options).Explain(rule, [], Event(("user.name", "root"), ("source.ip", "198.51.100.1")), 0).Matched);
        Assert.Contains(new RuleExplainer(Lookups, Options("own/a.yml")).Explain(rule, [], Event(), 0).Diagnostics, d => d.Code == "SIG025");
    }
}
