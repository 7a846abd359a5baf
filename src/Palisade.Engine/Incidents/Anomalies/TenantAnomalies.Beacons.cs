using System.Runtime.CompilerServices;
using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>
/// Connections of one machine to one place outside, again and again in a beat: what malware does that waits for orders. Judged by the last sixteen gaps and
/// sizes: their spread around the middle one, and whether others go there too.
/// </summary>
internal sealed partial class TenantAnomalies
{
    private const int PairSets = 2_048, PlaceSets = 1_024, Ring = 16;
    private const int LeastSeconds = 20, LeastBeats = 24, SureBeats = 48;
    /// <summary>Spread (median absolute deviation) of gaps by their median: a beat with a third of jitter has less, people who come and go have twice as much.</summary>
    private const double MaxSpread = 0.2, MaxSkew = 0.4;

    [InlineArray(Ring)]
    internal struct Gaps
    {
        private uint gap0;
    }

    [InlineArray(Ring)]
    internal struct Sizes
    {
        private ushort size0;
    }

    /// <summary>A machine and a place outside. No pointers: it is written to snapshots as it lies.</summary>
    internal struct Pair : IEntry
    {
        public long FirstMs, Last, ToldMs;
        public uint Beats;
        public Gaps Gaps;
        public Sizes Sizes;

        public readonly long LastMs => Last;
        public readonly int Worth => Beats >= LeastBeats ? 1 : 0;
    }

    /// <summary>A place outside and who goes there.</summary>
    internal struct Outside : IEntry
    {
        public long FirstMs, Last;
        public Sketch Machines;

        public readonly long LastMs => Last;
        public readonly int Worth => Machines.Count > 2 ? 1 : 0;
    }

    private Table<Pair>? pairs;
    private Table<Outside>? outsides;
    private long connectedMs;

    private void Connect(in Observation e, FindingList into)
    {
        if (!Address.TryParse(e[Fields.SourceIp], out var from) || !IsInner(from)) return;
        var name = Name(e);
        ulong place;
        if (!name.IsEmpty) place = Hash.Of(name, 5);
        else if (Address.TryParse(e[Fields.DestinationIp], out var to) && !IsInner(to) && !Routine(e[Fields.DestinationPort])) place = Hash.Of(to, 5);
        else return;
        if (connectedMs == 0) connectedMs = e.TimeMs;
        pairs ??= new Table<Pair>(PairSets);
        outsides ??= new Table<Outside>(PlaceSets);
        pairs.Prepare();
        outsides.Prepare();
        var machine = Hash.Of(from);
        ref var outside = ref outsides.GetOrAdd(place, out var first);
        if (first) outside.FirstMs = e.TimeMs;
        outside.Last = Math.Max(outside.Last, e.TimeMs);
        outside.Machines.Add(machine);
        ref var pair = ref pairs.GetOrAdd(Hash.Mix(place, machine), out var isNew);
        if (isNew || e.TimeMs - pair.Last > 2 * DayMs) pair = new Pair { FirstMs = e.TimeMs, Last = e.TimeMs, ToldMs = pair.ToldMs };
        else Beat(ref pair, outside, e, name, into);
    }

    private void Beat(ref Pair pair, in Outside outside, in Observation e, ReadOnlySpan<byte> name, FindingList into)
    {
        var seconds = (e.TimeMs - pair.Last) / 1_000;
        // Several connections of one visit are one; a flow record of a long connection says only that it goes on.
        if (seconds < Math.Max(LeastSeconds, 3 * Window(e))) return;
        var at = (int)(pair.Beats++ % Ring);
        pair.Gaps[at] = (uint)Math.Min(seconds, uint.MaxValue);
        pair.Sizes[at] = (ushort)Math.Min(Math.Log2(Size(e) + 1) * 8, ushort.MaxValue);
        pair.Last = e.TimeMs;
        if (pair.Beats < LeastBeats || pair.Beats % 4 != 0 || e.TimeMs - pair.ToldMs <= WeekMs || outside.Machines.Count > 2 || !InBeat(pair)) return;
        // New since the tenant's logs are known: told once it has kept its beat long enough to be more than odd.
        var isNew = pair.FirstMs - connectedMs >= 3 * DayMs && outside.FirstMs - connectedMs >= 3 * DayMs;
        if (isNew && (pair.Beats < SureBeats || e.TimeMs - pair.FirstMs < 6 * HourMs)) return;
        if (Tell(isNew ? "behaviour.beacon_new" : "behaviour.beacon", e, pair.FirstMs, pair.Beats, into, Of("source.ip", e[Fields.SourceIp]), name.IsEmpty ? Of("destination.ip", e[Fields.DestinationIp]) : Of("destination.domain", name)))
            pair.ToldMs = e.TimeMs;
    }

    private static bool InBeat(in Pair pair)
    {
        Span<double> gaps = stackalloc double[Ring], sizes = stackalloc double[Ring];
        for (var i = 0; i < Ring; i++) (gaps[i], sizes[i]) = (pair.Gaps[i], pair.Sizes[i]);
        gaps.Sort();
        var middle = (gaps[7] + gaps[8]) / 2;
        var (low, high) = (gaps[3], gaps[12]);
        // Bowley's skewness: gaps of people have a long tail to one side.
        if (high - low > 0.1 * middle && Math.Abs((high + low - 2 * middle) / (high - low)) > MaxSkew && high - low > 0.3 * middle) return false;
        return Spread(gaps, middle) <= MaxSpread * middle && SameSize(sizes);
    }

    private static double Spread(ReadOnlySpan<double> sorted, double middle)
    {
        Span<double> away = stackalloc double[Ring];
        for (var i = 0; i < Ring; i++) away[i] = Math.Abs(sorted[i] - middle);
        away.Sort();
        return (away[7] + away[8]) / 2;
    }

    /// <summary>Half of the sizes lie within a factor of about 1.4 of the middle one; where none are logged they say nothing.</summary>
    private static bool SameSize(Span<double> sizes)
    {
        sizes.Sort();
        return Spread(sizes, (sizes[7] + sizes[8]) / 2) <= 4;
    }

    private static long Size(in Observation e)
    {
        foreach (var field in (ReadOnlySpan<ushort>)[Fields.NetworkBytes, Fields.SourceBytes, Fields.HttpResponseBytes, Fields.DestinationBytes])
            if (System.Buffers.Text.Utf8Parser.TryParse(e[field], out long n, out _)) return Math.Max(0, n);
        return 0;
    }

    /// <summary>Seconds that a flow record stands for.</summary>
    private static long Window(in Observation e) =>
        System.Buffers.Text.Utf8Parser.TryParse(e[Fields.EventDuration], out long ns, out _) && ns > 0 ? ns / 1_000_000_000 : e[Fields.EventStart].IsEmpty ? 0 : 60;

    /// <summary>Time, names and names' discovery are asked for in a beat by everybody.</summary>
    private static bool Routine(ReadOnlySpan<byte> port) => port.SequenceEqual("123"u8) || port.SequenceEqual("53"u8) || port.SequenceEqual("5353"u8) || port.SequenceEqual("67"u8) || port.SequenceEqual("1900"u8);

    /// <summary>The name a machine asks for or goes to, cut to what somebody registers; empty: none, or one of one's own.</summary>
    private static ReadOnlySpan<byte> Name(in Observation e)
    {
        var name = e[Fields.DnsQuestionName];
        if (name.IsEmpty) name = e[Fields.DestinationDomain];
        if (name.IsEmpty && !e[Fields.DestinationIp].IsEmpty) name = e[Fields.UrlDomain];
        if (name.IsEmpty) return name;
        if (name[^1] == '.') name = name[..^1];
        var top = name.LastIndexOf((byte)'.');
        if (top <= 0 || name.Length - top <= 2 || name[(top + 1)..].IndexOfAnyInRange((byte)'0', (byte)'9') >= 0) return default;
        var last = name[(top + 1)..];
        if (last.SequenceEqual("local"u8) || last.SequenceEqual("internal"u8) || last.SequenceEqual("lan"u8) || last.SequenceEqual("arpa"u8) || last.SequenceEqual("localdomain"u8) || last.SequenceEqual("svc"u8) || last.SequenceEqual("cluster"u8)) return default;
        var second = name[..top].LastIndexOf((byte)'.');
        // com.cn, co.uk: the label before is the registered one.
        if (second >= 0 && last.Length == 2 && top - second - 1 <= 3) second = name[..second].LastIndexOf((byte)'.');
        return name[(second + 1)..];
    }
}
