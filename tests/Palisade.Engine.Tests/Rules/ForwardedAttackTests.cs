using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Parse;

namespace Palisade.Engine.Tests.Rules;

/// <summary>An attack is one, whoever passes its line on: the rules that find a single raw line find it in a frame around it too.</summary>
public sealed class ForwardedAttackTests
{
    /// <summary>Rules that are for lines which stand alone, and why.</summary>
    private static readonly Dictionary<string, string> Alone = new(StringComparer.Ordinal)
    {
        ["rules/auth/text_login_failed_no_host.yml"] = "is for lines that name no host, and a syslog frame names one: text_login_failed finds them there",
    };

    private static readonly Dictionary<string, (int Compared, List<(string Rule, string Line)> Missed)> Known = new(StringComparer.Ordinal);

    public static TheoryData<string> Around => new("rfc5424", "rfc3164", "docker");

    [Theory, MemberData(nameof(Around))]
    public void A_rule_finds_its_lines_in_a_frame(string frame)
    {
        var (compared, all) = Compare(frame);
        Assert.True(compared > 1_000, $"only {compared} lines");
        var missed = all.FindAll(m => !Alone.ContainsKey(m.Rule));
        Assert.True(missed.Count == 0, $"{missed.Count} of {compared}:\n{string.Join('\n', missed.Select(m => $"{m.Rule}: {m.Line}"))}");
    }

    [Fact]
    public void Who_is_excepted_needs_to_be() =>
        Assert.Equal(Alone.Keys.Order(StringComparer.Ordinal), Around.SelectMany(f => Compare(f.Data).Missed).Select(m => m.Rule).Distinct().Order(StringComparer.Ordinal));

    private static (int Compared, List<(string Rule, string Line)> Missed) Compare(string frame)
    {
        if (Known.TryGetValue(frame, out var known)) return known;
        var (compared, missed) = (0, new List<(string, string)>());
        foreach (var file in Directory.EnumerateFiles(Path.Combine(ShippedRules.Content, "rules"), "*" + RuleSamples.Suffix, SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(ShippedRules.Content, file).Replace('\\', '/');
            var rule = RuleSamples.RuleFile(name);
            foreach (var sample in RuleSamples.Read(name, File.ReadAllBytes(file), out _))
            {
                if (!sample.Hit || sample.Records is not [var line]) continue;
                compared++;
                if (!RuleSamples.Finds(ShippedRules.Snapshot, rule, [Frames.Wrap(frame, line)])) missed.Add((rule, line));
            }
        }
        return Known[frame] = (compared, missed);
    }
}
