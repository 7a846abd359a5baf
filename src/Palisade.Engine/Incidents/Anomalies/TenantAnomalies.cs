using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>What is usual for the accounts, programs and connections of one tenant, and what is not. Bounded; tables come into being when first needed.</summary>
internal sealed partial class TenantAnomalies(IncidentContent content, TenantBehaviours rules)
{
    private const long MinuteMs = 60_000, HourMs = 3_600_000, DayMs = 86_400_000, WeekMs = 7 * DayMs;
    /// <summary>Findings of one kind a day: a tenant where everything is odd is told so by the first of them.</summary>
    private const int DailyBound = 20;

    private readonly Dictionary<string, (long Day, int Count)> told = new(StringComparer.Ordinal);

    /// <summary>Not told because its kind had its fill for the day.</summary>
    public long Withheld { get; private set; }

    public void Observe(in Observation e, ReadOnlySpan<byte> category, FindingList into)
    {
        switch (category[0])
        {
            case (byte)'a' when category.SequenceEqual("authentication"u8): LogIn(e, into); break;
            case (byte)'p' when category.SequenceEqual("process"u8): Start(e, into); break;
            case (byte)'n' when category.SequenceEqual("network"u8):
            case (byte)'w' when category.SequenceEqual("web"u8): Connect(e, into); break;
        }
        if (category[0] is not ((byte)'w' or (byte)'n' or (byte)'p')) Agent(e, into);
    }

    /// <summary>Says what was found, unless the day has had enough of the kind.</summary>
    private bool Tell(string id, in Observation e, long sinceMs, long count, FindingList into, params KeyValuePair<string, string>[] group)
    {
        if (rules.Of(id) is not { } rule) return false;
        var day = e.TimeMs / DayMs;
        var (last, n) = told.GetValueOrDefault(id);
        if (last == day && n >= DailyBound) { Withheld++; return false; }
        told[id] = (day, last == day ? n + 1 : 1);
        into.Add(new Finding(e.Event, rule, AttackOutcome.Unknown, 0, 0, 0, null, new Firing([.. group.Where(g => g.Value.Length > 0)], Math.Min(sinceMs, e.TimeMs), e.Sequence, Math.Max(1, count), [e.Sequence])));
        return true;
    }

    private static KeyValuePair<string, string> Of(string field, ReadOnlySpan<byte> value) => new(field, System.Text.Encoding.UTF8.GetString(value[..Math.Min(value.Length, 200)]));

    /// <summary>Addresses of one's own networks: RFC 1918, RFC 6598, loopback, link-local; fc00::/7, fe80::/10 and ::1 (RFC 4193, RFC 4291).</summary>
    internal static bool IsInner(UInt128 address)
    {
        if (address >> 32 == 0xFFFF)
        {
            var v4 = (uint)address;
            return v4 >> 24 is 10 or 127 || v4 >> 20 == 0xAC1 || v4 >> 16 is 0xC0A8 or 0xA9FE || v4 >> 22 == 0x191;
        }
        return (ulong)(address >> 121) == 0x7E || (ulong)(address >> 118) == 0x3FA || address == 1;
    }
}
