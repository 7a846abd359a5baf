using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Clients that do the same suspicious thing at the same place, until and after there are enough of them for an incident.</summary>
internal sealed class Group(Joined detector, ulong place, string target)
{
    /// <summary>Members remembered while the incident is not open; more join it directly later.</summary>
    public const int MaxMembers = 4_096;

    public Joined Detector { get; } = detector;
    public ulong Place { get; } = place;
    public string Target { get; } = target;
    /// <summary>Keys of clients.</summary>
    public List<ulong> Members { get; } = [];
    /// <summary>What they did, counted.</summary>
    public long Weight { get; set; }
    public long FirstMs { get; set; }
    public long LastMs { get; set; }
    public Incident? Incident { get; set; }
    /// <summary>Was said as a finding.</summary>
    public bool IsReported { get; set; }
}

/// <summary>A finding on a request that waits for enough of its kind.</summary>
internal readonly record struct Pending(ulong Sequence, long TimeMs, RuleInfo Rule, string Technique, AttackOutcome Outcome, string Target);

/// <summary>An address whose requests rules matched.</summary>
internal sealed class Actor(UInt128 ip)
{
    public const int MaxPending = 128;
    public const int MaxPlaces = 24;

    public UInt128 Ip { get; } = ip;
    public long FirstMs { get; set; }
    public long LastMs { get; set; }
    public int Count { get; set; }
    public Sketch Targets;
    /// <summary>Place and class, and how often.</summary>
    public List<(ulong Path, string Class, int Count)> Places { get; } = [];
    public List<Pending> Pending { get; } = [];
    public Incident? Incident { get; set; }
    /// <summary>Its incident is a scan: single classes say little.</summary>
    public bool IsScan { get; set; }
    public bool InPool { get; set; }
}
