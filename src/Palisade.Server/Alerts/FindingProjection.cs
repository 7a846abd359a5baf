using Palisade.Engine;
using Palisade.Protocol;

namespace Palisade.Server.Alerts;

/// <summary>One finding as alerts need it: everything copied out of the batch.</summary>
public sealed record FindingProjection
{
    /// <summary>Longest raw record kept as evidence, bytes.</summary>
    public const int MaxRaw = 4096;

    public required uint Tenant { get; init; }
    public required uint Source { get; init; }
    /// <summary>Journal sequence of the event (of a correlation: the event that made it fire).</summary>
    public required ulong Sequence { get; init; }
    /// <summary>Id of that event in the event store.</summary>
    public required ulong EventId { get; init; }
    /// <summary>Event time, Unix milliseconds UTC.</summary>
    public required long TimeMs { get; init; }
    public required RuleInfo Rule { get; init; }
    public required AttackOutcome Outcome { get; init; }
    /// <summary>What was tried, in the field's words.</summary>
    public string? Technique { get; init; }
    /// <summary>host.name, or empty.</summary>
    public string Host { get; init; } = "";
    /// <summary>The web site asked for (url.domain), or empty.</summary>
    public string Site { get; init; } = "";
    /// <summary>source.ip, or empty.</summary>
    public string SourceIp { get; init; } = "";
    /// <summary>ISO country code of the source, or empty.</summary>
    public string SourceCountry { get; init; } = "";
    /// <summary>Number of the tenant's mute that hides it; 0: none.</summary>
    public int Mute { get; init; }
    /// <summary>user.name, or empty.</summary>
    public string User { get; init; } = "";
    /// <summary>Group-by values of a correlation, in the rule's order.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Group { get; init; } = [];
    /// <summary>Ids of the other events a correlation counted, oldest first.</summary>
    public IReadOnlyList<ulong> GroupEvents { get; init; } = [];
    /// <summary>Name of the field the evidence lies in; empty: the raw record.</summary>
    public string Field { get; init; } = "";
    /// <summary>Value of that field, at most <see cref="MaxRaw"/> bytes; empty when it is the raw record.</summary>
    public string FieldValue { get; init; } = "";
    /// <summary>First byte of the evidence in the field's value or raw record.</summary>
    public int Offset { get; init; }
    /// <summary>Bytes of evidence; 0 where there is none to point at.</summary>
    public int Length { get; init; }
    /// <summary>The record as received, at most <see cref="MaxRaw"/> bytes.</summary>
    public byte[] Raw { get; init; } = [];
}
