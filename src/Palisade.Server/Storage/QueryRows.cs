using System.Text;
using Palisade.Protocol;

namespace Palisade.Server.Storage;

/// <summary>A span of event time. From is inside, To is not.</summary>
public readonly record struct TimeRange(DateTimeOffset From, DateTimeOffset To)
{
    internal long FromMs => From.ToUnixTimeMilliseconds();
    internal long ToMs => To.ToUnixTimeMilliseconds();
    /// <summary>The span of the same length just before.</summary>
    public TimeRange Before => new(From - (To - From), From);
}

/// <summary>Attacks of a class within one bucket of time.</summary>
public sealed record AttackBucket(DateTimeOffset Start, string Class, long Count);

/// <summary>Attacks of a class, and in the span before.</summary>
public sealed record ClassTotal(string Class, long Count, long Before);

/// <summary>What attackers are counted by.</summary>
public enum AttackerKey { Address, Country, Network }

/// <summary>An attacker: an address, a country or a network (ASN).</summary>
/// <param name="Key">Address, ISO country code, or AS number; empty where it is not known.</param>
/// <param name="Country">Of an address or network; empty where it is not known.</param>
/// <param name="Organization">Of an address or network; empty where it is not known.</param>
/// <param name="Succeeded">Attacks with outcome likely or succeeded.</param>
public sealed record AttackerTotal(string Key, string Country, string Organization, long Count, long Blocked, long Succeeded, DateTimeOffset LastSeen);

public sealed record OutcomeTotal(AttackOutcome Outcome, long Count);

/// <summary>What targets are counted by: host.name, url.domain, url.path, user.name, or the nearest name there is: the host, else the site, else <c>#</c> and the source's id.</summary>
public enum TargetKey { Host, Site, Path, User, Nearest }

public sealed record TargetTotal(string Key, long Count, long Succeeded, long Attackers);

/// <summary>Stored events of a source.</summary>
public sealed record SourceTotal(uint Source, long Events, long Unparsed, DateTimeOffset LastSeen);

/// <summary>A stored event.</summary>
/// <param name="Kind">Parser that read it; empty: none.</param>
/// <param name="Refusal">Why it was not parsed (ParseRefusal); 0: it was.</param>
/// <param name="Flags">Remarks (EventFlags).</param>
/// <param name="Raw">The record as received. Evidence offsets count its bytes.</param>
/// <param name="Fields">ECS name and value; lists are joined by ", ".</param>
public sealed record StoredEvent(
    ulong Id, DateTimeOffset Time, DateTimeOffset Received, uint Source, string Kind, byte Refusal, ushort Flags, byte[] Raw,
    IReadOnlyDictionary<string, string> Fields)
{
    /// <summary>The record as text; bytes that are not UTF-8 are replaced.</summary>
    public string RawText => Encoding.UTF8.GetString(Raw);
}

/// <summary>A stored finding.</summary>
/// <param name="Technique">ATT&amp;CK technique id, or empty.</param>
/// <param name="Attempt">What was tried, in the field's words, or empty.</param>
/// <param name="Field">Field the evidence lies in; empty: the raw record.</param>
/// <param name="Confidence">How much speaks for it; None for rules, which match or do not.</param>
public sealed record StoredFinding(
    ulong EventId, DateTimeOffset Time, uint Source, string RuleId, string Class, string Technique, string Attempt, FindingLevel Level, AttackOutcome Outcome,
    string Field, int Offset, int Length, string SourceIp, string Country, string Host, string Site, string Path, string User, bool Correlation, IReadOnlyList<ulong> Proof, FindingConfidence Confidence);

/// <summary>How a field is compared. Like takes a pattern: * any run of characters, ? one, \ the next as it is; letter case aside.</summary>
public enum FilterOperator { Equal, NotEqual, Contains, StartsWith, AtLeast, AtMost, Exists, Missing, Above, Below, Like }

/// <summary>One condition on a field, by its ECS name (or a vendor field's).</summary>
public sealed record EventFilter(string Field, FilterOperator Operator, string Value = "");

/// <summary>Conditions joined to a tree.</summary>
public abstract record EventCondition
{
    private EventCondition() { }

    /// <summary>Every one holds; none: always.</summary>
    public sealed record All(IReadOnlyList<EventCondition> Of) : EventCondition;
    /// <summary>At least one holds; none: never.</summary>
    public sealed record Any(IReadOnlyList<EventCondition> Of) : EventCondition;
    public sealed record Not(EventCondition Of) : EventCondition;
    public sealed record Field(EventFilter Filter) : EventCondition;
}

/// <summary>What is searched for: every condition and every word must hold.</summary>
public sealed record EventSearch(TimeRange Range)
{
    public IReadOnlyList<EventFilter> Filters { get; init; } = [];
    /// <summary>Found anywhere in the raw record, any letter case (ASCII).</summary>
    public IReadOnlyList<string> Words { get; init; } = [];
    /// <summary>Holds as well; null: no matter.</summary>
    public EventCondition? Condition { get; init; }
    public uint? Source { get; init; }
    /// <summary>Most rows, 1 to 10,000.</summary>
    public int Limit { get; init; } = 100;
    /// <summary>Time and id of the last row of the page before; null: the first page.</summary>
    public EventCursor? After { get; init; }
}

/// <summary>A place in the list of events, newest first.</summary>
public readonly record struct EventCursor(DateTimeOffset Time, ulong Id);
