using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Tenants;

namespace Palisade.Server.Incidents;

/// <summary>Persisted: only grows.</summary>
public enum IncidentStatus : byte { New = 0, InProgress = 1, Closed = 2 }

/// <summary>A story of an attack, and what people make of it. Columns show it together with those merged into it.</summary>
public sealed class IncidentRow : ITenantOwned
{
    /// <summary>The engine's: the same after any replay.</summary>
    public required string Id { get; set; }
    public uint TenantId { get; set; }
    public string Title { get; set; } = "";
    public string TitleZh { get; set; } = "";
    public string Class { get; set; } = "other";
    public FindingLevel Level { get; set; }
    public AttackOutcome Outcome { get; set; }
    public int Score { get; set; }
    public DateTimeOffset First { get; set; }
    public DateTimeOffset Last { get; set; }
    public long Count { get; set; }
    public int SourceCount { get; set; }
    /// <summary>What it can be searched by, in lower case: addresses, targets, hosts, users.</summary>
    public string Keywords { get; set; } = "";
    /// <summary>Its own <see cref="IncidentStory"/> as JSON, without those merged into it.</summary>
    public string Story { get; set; } = "{}";
    /// <summary>The engine's version of the story.</summary>
    public long StoryVersion { get; set; }
    public IncidentStatus Status { get; set; }
    public CloseReason Reason { get; set; }
    public Guid? OwnerId { get; set; }
    /// <summary>Incident that shows it; null: it stands for itself.</summary>
    public string? MergedInto { get; set; }
    /// <summary>A person merged or split it: the engine decides no more.</summary>
    public bool IsByHand { get; set; }
    /// <summary>Incidents merged into it.</summary>
    public int Members { get; set; }
    /// <summary>Its own examples and alerts, without those of its members.</summary>
    public int EventCount { get; set; }
    public int AlertCount { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset Updated { get; set; }
    public DateTimeOffset? Triaged { get; set; }
    public DateTimeOffset? Closed { get; set; }
    /// <summary>Grows with every change by a person; the ETag. Growth of the story leaves it: nobody's decision is refused for that.</summary>
    public long Version { get; set; }
}

/// <summary>A kept example of what happened.</summary>
public sealed class IncidentEvent : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string IncidentId { get; set; }
    public ulong EventId { get; set; }
    public DateTimeOffset At { get; set; }
    public string RuleId { get; set; } = "";
    public string Name { get; set; } = "";
    public string NameZh { get; set; } = "";
    public string Class { get; set; } = "other";
    public string Technique { get; set; } = "";
    public string Source { get; set; } = "";
    public AttackOutcome Outcome { get; set; }
    public string Field { get; set; } = "";
    public string FieldValue { get; set; } = "";
    public int Offset { get; set; }
    public int Length { get; set; }
    public byte[] Raw { get; set; } = [];
}

/// <summary>An address that took part.</summary>
public sealed class IncidentAddress : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string IncidentId { get; set; }
    public required string Address { get; set; }
    /// <summary>Incident that shows it: its own, or the one that is merged into.</summary>
    public string ShownIn { get; set; } = "";
    public long Count { get; set; }
    public DateTimeOffset First { get; set; }
    public DateTimeOffset Last { get; set; }
}

/// <summary>An alert that tells of events of an incident.</summary>
public sealed class IncidentAlert : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string IncidentId { get; set; }
    public required string AlertId { get; set; }
}

/// <summary>A person's remark.</summary>
public sealed class IncidentComment : ITenantOwned
{
    public Guid Id { get; set; }
    public uint TenantId { get; set; }
    public required string IncidentId { get; set; }
    public Guid? AuthorId { get; set; }
    public required string Author { get; set; }
    public DateTimeOffset At { get; set; }
    public required string Text { get; set; }
}
