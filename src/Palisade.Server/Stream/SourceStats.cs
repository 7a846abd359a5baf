using System.Runtime.InteropServices;
using System.Text;
using Palisade.Engine;

namespace Palisade.Server.Streaming;

/// <summary>Rates and last unparsed lines of each source, in memory: a ring of sixty seconds a source.</summary>
public sealed class SourceStats(TimeProvider clock, Func<short, string> nameOf) : ISourceStats
{
    private const int Seconds = 60, Delays = 64, DelaysASecond = 2, KeptLines = 20, KeptBytes = 2000, MaxSources = 50_000;
    private readonly Lock gate = new();
    private readonly Dictionary<(uint, uint), Entry> sources = [];

    private sealed class Entry
    {
        public readonly long[] Count = new long[Seconds];
        public readonly long[] Second = new long[Seconds];
        public readonly long[] Timed = new long[Seconds];
        public readonly long[] DelayMs = new long[Seconds];
        public readonly Dictionary<short, long> Parsers = [];
        public readonly Queue<UnparsedLine> Unparsed = new();
        /// <summary>Receipt minus event time of the latest events, few of each second, so that a burst does not stand for all.</summary>
        public readonly long[] Recent = new long[Delays];
        public long Total, LastSeenMs, Sampled;
    }

    public SourceActivity Of(uint tenant, uint source)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        lock (gate)
        {
            if (!sources.TryGetValue((tenant, source), out var entry)) return SourceActivity.None;
            long lastMinute = 0, timed = 0, delay = 0;
            var seconds = new long[Seconds];
            for (var i = 0; i < Seconds; i++)
            {
                if (now - entry.Second[i] is not (>= 0 and < Seconds and var age)) continue;
                lastMinute += seconds[Seconds - 1 - age] = entry.Count[i];
                timed += entry.Timed[i];
                delay += entry.DelayMs[i];
            }
            return new SourceActivity(
                lastMinute, DateTimeOffset.FromUnixTimeMilliseconds(entry.LastSeenMs), entry.Total, [.. entry.Unparsed.Reverse()],
                entry.Parsers.ToDictionary(p => nameOf(p.Key), p => p.Value), timed == 0 ? null : (double)delay / timed, seconds, Skew(entry));
        }
    }

    /// <summary>Counts a parsed batch, by its receipt times.</summary>
    public void Record(EventBatch batch)
    {
        lock (gate)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                ref readonly var header = ref batch.Header(i);
                var key = (header.Tenant, header.Source);
                if (!sources.TryGetValue(key, out var entry))
                {
                    if (sources.Count >= MaxSources) sources.Clear();
                    sources[key] = entry = new Entry();
                }
                var second = header.ReceivedMs / 1000;
                var slot = (int)(second % Seconds);
                if (entry.Second[slot] != second)
                {
                    entry.Second[slot] = second;
                    entry.Count[slot] = entry.Timed[slot] = entry.DelayMs[slot] = 0;
                }
                entry.Count[slot]++;
                if ((header.Flags & EventFlags.NoTime) == 0)
                {
                    if (entry.Timed[slot] < DelaysASecond) entry.Recent[entry.Sampled++ % Delays] = header.ReceivedMs - header.TimeMs;
                    entry.Timed[slot]++;
                    entry.DelayMs[slot] += header.ReceivedMs - header.TimeMs;
                }
                var parser = header.Refusal is ParseRefusal.None or ParseRefusal.Empty ? header.Parser : (short)-1;
                CollectionsMarshal.GetValueRefOrAddDefault(entry.Parsers, parser, out _)++;
                entry.Total++;
                entry.LastSeenMs = Math.Max(entry.LastSeenMs, header.ReceivedMs);
                if (header.Refusal is not (ParseRefusal.None or ParseRefusal.Empty)) Keep(entry, batch, i, header);
            }
        }
    }

    private static ClockSkew? Skew(Entry entry)
    {
        Span<long> delays = stackalloc long[Delays];
        delays = delays[..(int)Math.Min(entry.Sampled, Delays)];
        entry.Recent.AsSpan(0, delays.Length).CopyTo(delays);
        return ClockSkew.Of(delays);
    }

    private static void Keep(Entry entry, EventBatch batch, int index, in EventHeader header)
    {
        var raw = batch.Raw(index);
        if (entry.Unparsed.Count == KeptLines) entry.Unparsed.Dequeue();
        entry.Unparsed.Enqueue(new UnparsedLine(header.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(header.ReceivedMs),
            header.Refusal.ToString(), Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, KeptBytes)])));
    }
}
