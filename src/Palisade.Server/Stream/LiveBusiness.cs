using System.Collections.Concurrent;
using System.Collections.Immutable;
using Palisade.Engine.Incidents.Habits;

namespace Palisade.Server.Streaming;

/// <summary>What people say that pages are for, on its way into the stream, and what the stream guesses, on its way out. Neither waits for the other.</summary>
public sealed class LiveBusiness(TimeProvider clock)
{
    /// <summary>Least time between two looks, and tenants of one: a look copies.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);
    private const int MaxAtOnce = 8;

    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<uint, IReadOnlyList<BusinessPage>> seen = new();
    private readonly Dictionary<uint, (uint Requests, long At)> looked = [];
    private ImmutableDictionary<uint, BusinessChoices> choices = ImmutableDictionary<uint, BusinessChoices>.Empty;
    private long lookedAt;

    public ImmutableDictionary<uint, BusinessChoices> Choices => Volatile.Read(ref choices);

    /// <summary>Exchanges what a tenant's people say.</summary>
    public void Swap(uint tenant, BusinessChoices changed)
    {
        lock (gate) Volatile.Write(ref choices, choices.SetItem(tenant, changed));
    }

    /// <summary>Requests came in that nobody has looked at since.</summary>
    public bool IsDue { get; private set; }

    /// <summary>Copies the pages of tenants that sent requests since they were last looked at. Call between two batches, from the stream's thread.</summary>
    public void Look(SiteHabits habits)
    {
        IsDue = true;
        if (lookedAt != 0 && clock.GetElapsedTime(lookedAt) < Pace) return;
        lookedAt = clock.GetTimestamp();
        // Those that wait for longest first: eight that never rest do not keep the others from being looked at.
        var changed = habits.Seen.Where(t => !looked.TryGetValue(t.Tenant, out var last) || last.Requests != t.Requests).OrderBy(t => looked.GetValueOrDefault(t.Tenant).At).ToList();
        foreach (var (tenant, requests) in changed.Take(MaxAtOnce))
        {
            looked[tenant] = (requests, lookedAt);
            seen[tenant] = habits.Pages(tenant);
        }
        IsDue = changed.Count > MaxAtOnce;
    }

    /// <summary>What was seen since the last time, by tenant.</summary>
    public IReadOnlyList<KeyValuePair<uint, IReadOnlyList<BusinessPage>>> TakeSeen()
    {
        var taken = new List<KeyValuePair<uint, IReadOnlyList<BusinessPage>>>();
        foreach (var tenant in seen.Keys)
            if (seen.TryRemove(tenant, out var pages)) taken.Add(new(tenant, pages));
        return taken;
    }

    /// <summary>Gives back what could not be written, unless there is newer by now.</summary>
    public void Again(uint tenant, IReadOnlyList<BusinessPage> pages) => seen.TryAdd(tenant, pages);
}
