namespace Palisade.Protocol;

/// <summary>How bad a rule's hit is, in Sigma's words (Sigma rules specification 2.1, "level").</summary>
public enum FindingLevel : byte { Informational = 0, Low = 1, Medium = 2, High = 3, Critical = 4 }

/// <summary>What came of an attempt. Persisted: only grows.</summary>
public enum AttackOutcome : byte
{
    /// <summary>Evidence is missing. Never counted as safe.</summary>
    Unknown = 0,
    /// <summary>Stopped before it reached its target.</summary>
    Blocked = 1,
    /// <summary>Reached the host and had no effect.</summary>
    Failed = 2,
    /// <summary>One source says that it worked.</summary>
    Likely = 3,
    /// <summary>Two independent sources agree that it worked.</summary>
    Succeeded = 4,
}

/// <summary>How much speaks for a finding that weighs evidence. Persisted: only grows.</summary>
public enum FindingConfidence : byte
{
    /// <summary>Not weighed: a rule matches or does not.</summary>
    None = 0,
    /// <summary>Only the learned model says so.</summary>
    Low = 1,
    /// <summary>Enough evidence to count.</summary>
    Medium = 2,
    /// <summary>Twice the evidence needed.</summary>
    High = 3,
}
