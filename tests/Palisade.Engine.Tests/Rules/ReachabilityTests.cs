using System.Text;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Tests.Rules;

public sealed class ReachabilityTests
{
    private const string Sources = "sigma:\n  fields: { CommandLine: process.command_line }\n  logsources:\n    - { match: { product: linux }, when: { event.dataset: [host.log, 'audit.*'] } }\n    - { match: { product: web }, when: { event.dataset: web.access } }\n";

    private static RuleReach Reach(string product, string detection, params DatasetFields[] datasets)
    {
        var rule = SigmaWorld.Rule("x", detection + "\ncondition: s").Replace("product: test", $"product: {product}", StringComparison.Ordinal);
        var set = RuleSet.Load([("a.yml", Encoding.UTF8.GetBytes(Sources)), ("b.yml", Encoding.UTF8.GetBytes(rule))], new RuleLoadOptions(), out _);
        return Assert.Single(Reachability.Of(set, datasets));
    }

    private static DatasetFields Data(string name, bool open, params string[] fields) => new(name, fields.Append("event.dataset").ToHashSet(), open);

    [Fact]
    public void A_rule_can_fire_where_a_dataset_has_what_it_asks_for() =>
        Assert.Equal(ReachVerdict.CanFire, Reach("linux", "s: { CommandLine: x, y: null }", Data("host.log", false, "process.command_line")).Verdict);

    [Fact]
    public void Missing_fields_are_named_and_an_open_source_may_bring_them()
    {
        var reach = Reach("linux", "s: { CommandLine: x, y: z }", Data("host.log", false, "process.command_line"), Data("host.log", false));
        Assert.Equal((ReachVerdict.NoFields, "y"), (reach.Verdict, string.Join(',', reach.MissingFields)));
        Assert.Equal(ReachVerdict.MayFire, Reach("linux", "s: { CommandLine: x, y: z }", Data("audit.log", true)).Verdict);
    }

    [Fact]
    public void Datasets_of_another_log_source_do_not_help()
    {
        Assert.Equal(ReachVerdict.NoDataset, Reach("linux", "s: { f: x }", Data("web.access", false, "f")).Verdict);
        Assert.Equal(ReachVerdict.UnknownLogSource, Reach("plan9", "s: { f: x }", Data("web.access", false, "f")).Verdict);
    }
}
