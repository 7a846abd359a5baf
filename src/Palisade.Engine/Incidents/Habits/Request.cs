using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>One request to a site as the habits look at it.</summary>
internal ref struct Request
{
    public EventBatch Events;
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
    /// <summary>An application said so of itself: what else its client did may not be in the log.</summary>
    public bool IsAction;
    /// <summary>Account or number it is about; 0 where nothing says.</summary>
    public ulong Subject;
    public PathShape Shape;
    /// <summary>Name of the site; empty where the log has none.</summary>
    public ReadOnlySpan<byte> Domain;
    /// <summary>Key of the site.</summary>
    public ulong Site;
    /// <summary>Shape and site.</summary>
    public ulong PathKey;
    /// <summary>Where the first finding points to, a part of the query's bytes; empty: none does.</summary>
    public ReadOnlySpan<byte> Suspect;
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
