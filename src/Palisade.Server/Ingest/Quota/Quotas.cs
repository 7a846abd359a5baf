using System.Collections.Concurrent;

namespace Palisade.Server.Ingest;

/// <summary>What a tenant and one of its sources may send, and what they have sent today.</summary>
/// <param name="TenantBytes">Bytes since midnight UTC, as the ledger knows them.</param>
public readonly record struct QuotaFacts(QuotaLimits Tenant, QuotaLimits Source, long TenantBytes, long SourceBytes);

/// <summary>Where the bounds are written down.</summary>
public interface IQuotaBook
{
    Task<QuotaFacts> ReadAsync(IngestLane lane, CancellationToken stop);
}

/// <summary>
/// Static quotas: records a second and bytes a day, of each tenant by its plan and of each source. Asked before a read or a request is taken, counted after:
/// what is under way when a bound is reached still goes in, and counts against what comes next.
/// </summary>
/// <remarks>
/// Records a second are a bucket of ten seconds (the burst), that may go below zero and refills with time. Bytes count up to midnight UTC. Bounds are read again
/// every ten seconds; until they were read once, and while they cannot be read, the last known hold, at first none.
/// There are as many entries as sources, which are bounded.
/// </remarks>
public sealed class Quotas(IQuotaBook book, TimeProvider clock, ILogger<Quotas> log)
{
    private const int BurstSeconds = 10;
    private const long DayMs = 86_400_000;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    /// <summary>Longest wait before a look again: a bound may be lifted meanwhile.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<IngestLane, Lane> lanes = new();
    private readonly ConcurrentDictionary<uint, Bucket> tenants = new();

    /// <summary>Bounds of one owner, and what is left of them. What is counted waits in two counters until somebody asks.</summary>
    private sealed class Bucket
    {
        private readonly Lock gate = new();
        private QuotaLimits limits;
        private double events;
        private long bytes, day = -1, at, newEvents, newBytes;
        private bool isSet;

        /// <param name="stored">Bytes of today as they are written down: those of a run before this one count too.</param>
        public void Set(QuotaLimits now, long stored, long nowMs)
        {
            lock (gate)
            {
                Settle(nowMs);
                if (!isSet || now.EventsPerSecond != limits.EventsPerSecond) events = Math.Min(0, events) + now.EventsPerSecond * (double)BurstSeconds;
                (isSet, limits, bytes) = (true, now, Math.Max(bytes, stored));
            }
        }

        public void Count(int length)
        {
            Interlocked.Increment(ref newEvents);
            Interlocked.Add(ref newBytes, length);
        }

        /// <summary>Milliseconds until more may come; 0: now.</summary>
        public long Wait(long nowMs)
        {
            lock (gate)
            {
                Settle(nowMs);
                if (limits.BytesPerDay > 0 && bytes >= limits.BytesPerDay) return (day + 1) * DayMs - nowMs;
                return limits.EventsPerSecond == 0 || events >= 1 ? 0 : (long)Math.Ceiling((1 - events) * 1000 / limits.EventsPerSecond);
            }
        }

        public (QuotaLimits Limits, long Bytes) Look(long nowMs)
        {
            lock (gate)
            {
                Settle(nowMs);
                return (limits, bytes);
            }
        }

        private void Settle(long nowMs)
        {
            bytes += Interlocked.Exchange(ref newBytes, 0);
            events -= Interlocked.Exchange(ref newEvents, 0);
            if (nowMs / DayMs is var today && today != day) (day, bytes) = (today, day < 0 ? bytes : 0);
            // Until the bounds are known what comes is owed.
            events = !isSet ? events : limits.EventsPerSecond == 0 ? 0
                : Math.Min(events + Math.Max(0, nowMs - at) * limits.EventsPerSecond / 1000.0, limits.EventsPerSecond * (double)BurstSeconds);
            at = nowMs;
        }
    }

    private sealed class Lane(Bucket tenant)
    {
        public readonly Bucket Tenant = tenant, Source = new();
        public long ReadAt;
        public Task? Reading;
        public bool IsKnown;
    }

    private long NowMs => clock.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Counts a record that went into the journal.</summary>
    public void Count(IngestLane lane, int length)
    {
        if (lane.Tenant == 0) return;
        var found = Of(lane);
        found.Source.Count(length);
        found.Tenant.Count(length);
    }

    /// <summary>Whether the source may send now, by what is known; for those who cannot wait.</summary>
    public bool HasRoom(IngestLane lane)
    {
        if (lane.Tenant == 0) return true;
        var found = Of(lane);
        _ = Read(lane, found);
        return Wait(found) == 0;
    }

    /// <summary>Waits until the source may send.</summary>
    /// <returns>False when that is not within the patience.</returns>
    public async ValueTask<bool> EnterAsync(IngestLane lane, TimeSpan patience, CancellationToken stop)
    {
        if (lane.Tenant == 0) return true;
        var found = Of(lane);
        var reading = Read(lane, found);
        if (!Volatile.Read(ref found.IsKnown)) await reading.WaitAsync(stop);
        for (var since = clock.GetTimestamp(); Wait(found) is > 0 and var ms;)
        {
            var wait = TimeSpan.FromMilliseconds(ms);
            if (patience != Timeout.InfiniteTimeSpan && clock.GetElapsedTime(since) + wait > patience) return false;
            await Task.Delay(wait < LongestWait ? wait : LongestWait, clock, stop);
            _ = Read(lane, found);
        }
        return true;
    }

    /// <summary>After how many seconds the source may send again; at least 1.</summary>
    public long RetryAfterSeconds(IngestLane lane) => lane.Tenant == 0 ? 1 : Math.Max(1, (Wait(Of(lane)) + 999) / 1000);

    /// <summary>Bounds and use as people see them.</summary>
    public async Task<QuotaFacts> FactsAsync(IngestLane lane, CancellationToken stop)
    {
        var found = Of(lane);
        await Read(lane, found).WaitAsync(stop);
        var ((tenant, tenantBytes), (source, sourceBytes)) = (found.Tenant.Look(NowMs), found.Source.Look(NowMs));
        return new QuotaFacts(tenant, source, tenantBytes, sourceBytes);
    }

    private long Wait(Lane lane) => NowMs is var now ? Math.Max(lane.Tenant.Wait(now), lane.Source.Wait(now)) : 0;

    private Lane Of(IngestLane lane) => lanes.TryGetValue(lane, out var found)
        ? found : lanes.GetOrAdd(lane, static (l, all) => new Lane(all.GetOrAdd(l.Tenant, static _ => new Bucket())), tenants);

    /// <summary>Reads the bounds when they are old; the one who asks need not wait.</summary>
    private Task Read(IngestLane lane, Lane found)
    {
        if (Volatile.Read(ref found.IsKnown) && clock.GetElapsedTime(Volatile.Read(ref found.ReadAt)) < Fresh) return Task.CompletedTask;
        lock (found)
        {
            if (found.Reading is { IsCompleted: false } under) return under;
            return found.Reading = ReadAsync(lane, found);
        }
    }

    private async Task ReadAsync(IngestLane lane, Lane found)
    {
        try
        {
            var facts = await book.ReadAsync(lane, CancellationToken.None);
            var now = NowMs;
            found.Source.Set(facts.Source, facts.SourceBytes, now);
            found.Tenant.Set(facts.Tenant, facts.TenantBytes, now);
        }
        catch (Exception e)
        {
            log.QuotaUnread(e, lane.Tenant, lane.Source);
        }
        Volatile.Write(ref found.ReadAt, clock.GetTimestamp());
        Volatile.Write(ref found.IsKnown, true);
    }
}
