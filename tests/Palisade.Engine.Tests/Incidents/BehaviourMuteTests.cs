using System.Runtime.CompilerServices;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>What a tenant decided about behaviours, proofs of the host's log among them: switched off, given a level, muted.</summary>
public sealed class BehaviourMuteTests
{
    private const string Scanner = "203.0.113.40", Attacker = "203.0.113.66";

    private const string Rules = "title: Refused\nid: 0c9b1d3e-61b5-4a51-9d0e-5f1c8c3b7a02\nlogsource: { product: linux }\ndetection: { a: { message|contains: Failed password }, condition: a }\nlevel: high\n";
    private static readonly Lazy<EngineSnapshot> Content = new(() => Load());

    /// <summary>The shipped sources and words, and one rule: what shipped rules count of scans is theirs to tell.</summary>
    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../content"));
        var files = new[] { "sources", "lookups/incidents" }.SelectMany(f => Directory.EnumerateFiles(Path.Combine(root, f), "*", SearchOption.AllDirectories)).Select(f => (Path.GetRelativePath(root, f).Replace('\\', '/'), File.ReadAllBytes(f)));
        return EngineContent.Load(files.Append(("rules/refused.yml", System.Text.Encoding.UTF8.GetBytes(Rules))), out _, options: new RuleLoadOptions { AnyLogSource = true });
    }

    private static Pipeline Quiet() => new(Content.Value, NoGeoLookup.Instance);

    private static StoryLog Scan(double from = 1_000, string ip = Scanner, StoryLog? log = null)
    {
        log ??= new StoryLog();
        for (var i = 0; i < 120; i++) log.Get(i * 5, $"198.51.100.{i % 40 + 1}", $"/products/{i % 30}");
        for (var i = 0; i < 200; i++) log.Get(from + i, ip, $"/{(char)('a' + i % 26)}{(char)('a' + i / 26)}-{i}-old.bak", 404, 153);
        return log;
    }

    private static StoryLog Proven() => Scan(20_000).Get(300, Attacker, "/tools/ping?host=192.0.2.1%3Bcat%20/etc/passwd", host: "web-01")
        .Ran(302, "web-01", "www-data", "/usr/bin/dash", ["sh", "-c", "ping -c 1 192.0.2.1;cat /etc/passwd"]);

    private static TenantPolicies Muting(long expiresMs, params MuteCondition[] conditions)
    {
        Assert.Equal(MuteProblem.None, Mute.TryCompile(1, conditions, expiresMs, 1, out var mute));
        return TenantPolicies.Empty.With(1, new TenantPolicy(new Dictionary<string, RuleSetting>(), [mute!], null));
    }

    private static TenantPolicies Set(string rule, bool enabled, FindingLevel? level = null) =>
        TenantPolicies.Empty.With(1, new TenantPolicy(new Dictionary<string, RuleSetting> { [rule] = new(enabled, level) }, [], null));

    private static MuteCondition Rule(string id) => new(Mute.RuleField, MuteTest.Is, id);

    private static IReadOnlyList<Incident> Run(StoryLog log, TenantPolicies policies, out List<string> found, Pipeline? pipeline = null)
    {
        pipeline ??= Quiet();
        pipeline.Policy.Policies = policies;
        return StoryLog.Run(log.ByTime, out found, pipeline: pipeline);
    }

    private static bool Of(Incident incident, string ip) => incident.Sources.Any(s => s.Address == ip);

    [Fact]
    public void A_muted_behaviour_is_found_still_and_opens_no_incident()
    {
        Assert.Contains(Run(Scan(), TenantPolicies.Empty, out _), i => Of(i, Scanner));
        foreach (var condition in new[] { Rule("behaviour.scan"), new(Mute.ClassField, MuteTest.Is, "scanner"), new("source.ip", MuteTest.Is, Scanner) })
            Assert.DoesNotContain(Run(Scan(), Muting(long.MaxValue, condition), out _), i => Of(i, Scanner));
        Run(Scan(), Muting(long.MaxValue, Rule("behaviour.scan")), out var found);
        Assert.Contains(found, f => f.StartsWith("behaviour.scan", StringComparison.Ordinal));
        Assert.Contains(Run(Scan(), Muting(long.MaxValue, Rule("behaviour.scan"), new MuteCondition("source.ip", MuteTest.Is, "192.0.2.99")), out _), i => Of(i, Scanner));
    }

    [Fact]
    public void What_goes_on_when_the_mute_is_over_is_told()
    {
        var log = Scan();
        var pipeline = Quiet();
        pipeline.Policy.Policies = Muting(long.MaxValue, Rule("behaviour.scan"));
        Assert.DoesNotContain(StoryLog.Run(log.ByTime, out _, pipeline: pipeline), i => Of(i, Scanner));
        using var state = new MemoryStream();
        pipeline.SaveState(state);

        var more = new StoryLog();
        for (var i = 0; i < 20; i++) more.Get(1_300 + i, Scanner, $"/more-{(char)('a' + i)}-old.bak", 404, 153);
        foreach (var (policies, told) in new[] { (pipeline.Policy.Policies, false), (TenantPolicies.Empty, true), (Muting(StoryLog.Start.ToUnixTimeMilliseconds() + 1_250_000, Rule("behaviour.scan")), true) })
        {
            var next = Quiet();
            state.Position = 0;
            next.LoadState(state);
            next.Policy.Policies = policies;
            Assert.Equal(told, StoryLog.Run(more.ByTime, out _, pipeline: next).Any(i => Of(i, Scanner) && i.Count > 150));
        }
    }

    [Fact]
    public void What_a_rule_finds_of_the_same_address_on_a_host_is_told_with_it()
    {
        var log = Scan();
        for (var i = 0; i < 40; i++) log.Says(1_400 + i, "web-01", $"sshd[{4_000 + i}]", $"Failed password for invalid user admin{i} from {Scanner} port {40_000 + i} ssh2");
        var incident = Assert.Single(Run(log, Muting(long.MaxValue, Rule("behaviour.scan")), out _), i => Of(i, Scanner));
        Assert.Contains(incident.Steps, s => s.Rule.Kind != "behaviour");
    }

    [Fact]
    public void A_proof_is_switched_off_given_a_level_and_muted_by_each_tenant()
    {
        Assert.Contains(Run(Proven(), TenantPolicies.Empty, out var found, StoryLog.NewPipeline()), i => i.Outcome == AttackOutcome.Succeeded);
        Assert.Contains(found, f => f.StartsWith("behaviour.host_proof", StringComparison.Ordinal));

        Assert.DoesNotContain(Run(Proven(), Set("behaviour.host_proof", enabled: false), out found, StoryLog.NewPipeline()), i => i.Outcome == AttackOutcome.Succeeded);
        Assert.DoesNotContain(found, f => f.StartsWith("behaviour.host_proof", StringComparison.Ordinal));

        Assert.DoesNotContain(Run(Proven(), Muting(long.MaxValue, Rule("behaviour.host_proof")), out found, StoryLog.NewPipeline()), i => i.Outcome == AttackOutcome.Succeeded);
        Assert.Contains(found, f => f.StartsWith("behaviour.host_proof", StringComparison.Ordinal));

        var proven = Assert.Single(Run(Proven(), Set("behaviour.host_proof", enabled: true, FindingLevel.Low), out _, StoryLog.NewPipeline()), i => i.Outcome == AttackOutcome.Succeeded);
        Assert.Equal(FindingLevel.Low, Assert.Single(proven.Steps, s => s.Rule.Id == "behaviour.host_proof").Rule.Level);
    }
}
