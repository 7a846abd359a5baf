using System.Text.Json;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Alerts;

namespace Palisade.Server.Mutes;

/// <summary>Conditions to begin a mute with.</summary>
public static class MuteProposal
{
    /// <summary>Fields that are offered first; any other field of events may be named too.</summary>
    public static IReadOnlyList<string> Fields { get; } =
    [
        Mute.RuleField, Mute.ClassField, Mute.SourceField, "source.ip", "host.name", "url.domain", "url.path", "user.name", "user_agent.original", "process.name", "source.geo.country_iso_code",
    ];

    /// <summary>What tells an alert from others: its rule, and who did it to whom. Of a correlation, what it counted by.</summary>
    public static IReadOnlyList<MuteCondition> Like(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        var conditions = new List<MuteCondition> { new(Mute.RuleField, MuteTest.Is, alert.RuleId) };
        var group = Group(alert.Group);
        foreach (var (field, value) in group.Count > 0 ? group : [("source.ip", alert.SourceIp), ("host.name", alert.Host), ("url.domain", alert.Site), ("user.name", alert.User)])
            if (value.Length is > 0 and <= Mute.MaxValue) conditions.Add(new(field, MuteTest.Is, value));
        return [.. conditions.Take(Mute.MaxConditions)];
    }

    private static List<(string Field, string Value)> Group(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind != JsonValueKind.Object ? [] : [.. document.RootElement.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.String).Select(p => (p.Name, p.Value.GetString()!))];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
