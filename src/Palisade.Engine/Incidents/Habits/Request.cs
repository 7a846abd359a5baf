using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>One request to a site as the habits look at it.</summary>
internal ref struct Request
{
    public int Event;
    public uint Tenant;
    public ulong Sequence;
    /// <summary>Unix milliseconds UTC.</summary>
    public long TimeMs;
    public UInt128 Ip;
    /// <summary>Hash of the user agent.</summary>
    public ulong Agent;
    public AgentKind Kind;
    /// <summary>0 where the log has none.</summary>
    public int Status;
    public long Bytes;
    public bool IsPost, HasReferrer;
    public PathShape Shape;
    /// <summary>Shape and site.</summary>
    public ulong PathKey;
    /// <summary>A rule of level medium or above matched it.</summary>
    public bool IsAttack;

    public readonly bool IsOk => Status is >= 200 and < 300;
    public readonly bool IsRedirect => Status is >= 300 and < 400;
    public readonly bool IsRefused => Status >= 400;

    public readonly AttackOutcome Outcome => Status switch
    {
        403 or 406 or 429 or 444 => AttackOutcome.Blocked,
        >= 400 => AttackOutcome.Failed,
        _ => AttackOutcome.Unknown,
    };
}
