using Palisade.Protocol;
using Palisade.Server.Tenants;

namespace Palisade.Server.Alerts;

/// <summary>Muted: a mute of the tenant hides it; it waits for nobody. Persisted: only grows.</summary>
public enum AlertStatus : byte { New = 0, InProgress = 1, Closed = 2, Muted = 3 }

/// <summary>Why an alert was closed; Resolved: the state it stood for is over, and it closed by itself. Persisted: only grows.</summary>
public enum CloseReason : byte { None = 0, TruePositive = 1, FalsePositive = 2, Expected = 3, Duplicate = 4, Mitigated = 5, Resolved = 6 }

/// <summary>Findings of one rule, against one target, by one source, in one span of time.</summary>
public sealed class Alert : ITenantOwned
{
    /// <summary>Hash of tenant, rule, group and first event: the same after any replay.</summary>
    public required string Id { get; set; }
    public uint TenantId { get; set; }
    /// <summary>Hash of (rule, target, source entity).</summary>
    public required string GroupKey { get; set; }
    public required string RuleId { get; set; }
    public required string Title { get; set; }
    public string TitleZh { get; set; } = "";
    public string Technique { get; set; } = "";
    public FindingLevel Level { get; set; }
    public required string Class { get; set; }
    /// <summary>The worst seen; never lowered.</summary>
    public AttackOutcome Outcome { get; set; }
    public AlertStatus Status { get; set; }
    public CloseReason Reason { get; set; }
    public Guid? OwnerId { get; set; }
    public string SourceIp { get; set; } = "";
    public string SourceCountry { get; set; } = "";
    public string User { get; set; } = "";
    public string Host { get; set; } = "";
    public string Site { get; set; } = "";
    /// <summary>Log source of the first event.</summary>
    public uint SourceId { get; set; }
    /// <summary>Group-by values of a correlation, JSON object.</summary>
    public string Group { get; set; } = "{}";
    public DateTimeOffset First { get; set; }
    public DateTimeOffset Last { get; set; }
    public long Count { get; set; }
    public ulong FirstEventId { get; set; }
    public ulong LastEventId { get; set; }
    /// <summary>Events listed in alert_events.</summary>
    public int EventCount { get; set; }
    /// <summary>What people are shown: one finding of a correlation stands for all the events it counted.</summary>
    public long Events => Math.Max(Count, EventCount);
    public DateTimeOffset Updated { get; set; }
    public DateTimeOffset? Triaged { get; set; }
    public DateTimeOffset? Closed { get; set; }
    /// <summary>Number of the tenant's mute that hid its findings; 0: none.</summary>
    public int Mute { get; set; }
    /// <summary>Grows with every change; the ETag.</summary>
    public long Version { get; set; }
}

/// <summary>A person's remark.</summary>
public sealed class AlertComment : ITenantOwned
{
    public Guid Id { get; set; }
    public uint TenantId { get; set; }
    public required string AlertId { get; set; }
    public Guid? AuthorId { get; set; }
    public required string Author { get; set; }
    public DateTimeOffset At { get; set; }
    public required string Text { get; set; }
}

/// <summary>A raw record kept with the alert, with the matched part marked.</summary>
public sealed class AlertEvidence : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string AlertId { get; set; }
    /// <summary>0 to 4 hold the first findings and stay; 5 to 9 hold the latest, each new one in the place of the oldest.</summary>
    public int Slot { get; set; }
    public ulong EventId { get; set; }
    public DateTimeOffset At { get; set; }
    public AttackOutcome Outcome { get; set; }
    public string Technique { get; set; } = "";
    /// <summary>Field the match lies in; empty: the raw record.</summary>
    public string Field { get; set; } = "";
    public string FieldValue { get; set; } = "";
    /// <summary>First byte of the match, in the field's value or the raw record (UTF-8).</summary>
    public int Offset { get; set; }
    public int Length { get; set; }
    public byte[] Raw { get; set; } = [];
}

/// <summary>An event that belongs to an alert; at most AlertsOptions.EventsKept are listed.</summary>
public sealed class AlertEvent : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string AlertId { get; set; }
    public ulong EventId { get; set; }
}

/// <summary>A rule as the alerts of a tenant last saw it, so that an alert explains itself even when the rule is gone.</summary>
public sealed class AlertRule : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string RuleId { get; set; }
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
    public string NameZh { get; set; } = "";
    public string WhatHappened { get; set; } = "";
    public string WhatHappenedZh { get; set; } = "";
    public string WhatToDo { get; set; } = "";
    public string WhatToDoZh { get; set; } = "";
    /// <summary>ATT&amp;CK technique ids, comma separated.</summary>
    public string Techniques { get; set; } = "";
}

/// <summary>How far a node's findings are in alerts.</summary>
public sealed class AlertPosition
{
    public int Node { get; set; }
    public ulong Sequence { get; set; }
}
