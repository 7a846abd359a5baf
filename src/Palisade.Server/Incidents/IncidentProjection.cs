using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Server.Incidents;

/// <summary>An incident as it is after a batch: everything copied out of the engine.</summary>
/// <param name="Version">Rises with every change and is the same after a replay.</param>
/// <param name="MergedInto">Incident that took it up, or null.</param>
/// <param name="Addresses">Addresses that took part, at most <see cref="MaxAddresses"/>.</param>
/// <param name="Events">New examples of what happened.</param>
/// <param name="EventIds">Ids of events that are new to it, to find its alerts by.</param>
public sealed record IncidentProjection(
    uint Tenant, string Id, long Version, string? MergedInto, IncidentStory Story, IReadOnlyList<IncidentSource> Addresses, IReadOnlyList<IncidentExample> Events, IReadOnlyList<ulong> EventIds)
{
    public const int MaxAddresses = 500, MaxNames = 64;
}

/// <summary>One event of an incident, with what proves it.</summary>
public sealed record IncidentExample
{
    /// <summary>Longest raw record kept, bytes.</summary>
    public const int MaxRaw = 2048;

    public required ulong EventId { get; init; }
    /// <summary>Event time, Unix milliseconds UTC.</summary>
    public required long TimeMs { get; init; }
    public required string Rule { get; init; }
    public string Name { get; init; } = "";
    public string NameZh { get; init; } = "";
    public string Class { get; init; } = "other";
    public string Technique { get; init; } = "";
    public string Source { get; init; } = "";
    public AttackOutcome Outcome { get; init; }
    /// <summary>Name of the field the evidence lies in; empty: the raw record.</summary>
    public string Field { get; init; } = "";
    public string FieldValue { get; init; } = "";
    /// <summary>First byte of the evidence in the field's value or raw record.</summary>
    public int Offset { get; init; }
    public int Length { get; init; }
    /// <summary>The record as received; empty where it came in an earlier batch.</summary>
    public byte[] Raw { get; init; } = [];
}

/// <summary>Where the stream hands over incidents.</summary>
public interface IIncidentSink
{
    /// <summary>Writes incidents as they are now. One whose version is stored already changes nothing, so that a replay does not.</summary>
    Task ApplyAsync(IReadOnlyList<IncidentProjection> incidents, CancellationToken stop);
}
