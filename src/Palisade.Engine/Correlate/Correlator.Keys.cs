using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Which group an event belongs to. The keys of some events are worked out ahead of their turn, so that the places in memory they lead to are fetched meanwhile.
/// </summary>
public sealed partial class Correlator
{
    private const int Ahead = 64;
    /// <summary>Bytes of a group-by value; what is longer is told apart by a hash of the whole.</summary>
    private const int MaxValue = 1_024;

    /// <summary>An event that a correlation counts, and its group's key: where it lies in the buffer, as it would be stored.</summary>
    private struct Feeding
    {
        public int Event, Correlation, Input;
        /// <summary>Where its group most likely is; -1: not looked for.</summary>
        public int Place;
        public int Raw, RawLength;
        public ulong Hash;
        public KeyFound Found;
    }

    private enum KeyFound : byte { Missing, TooLong, Yes }

    private Feeding[] feeds = new Feeding[Ahead * 2];
    private int fed;
    private readonly List<(int Correlation, int Input)> together = [];
    private byte[] raw = new byte[4_096], valueFolded = new byte[512];
    private readonly byte[] shortened = new byte[MaxValue + 64];
    private int rawUsed;

    /// <summary>Takes the matches of the next events; returns the first match left.</summary>
    private int Gather(ReadOnlySpan<RuleMatch> matches, int i, EventBatch batch)
    {
        (fed, rawUsed) = (0, 0);
        while (i < matches.Length && fed < Ahead)
        {
            var e = matches[i].Event;
            var end = i + 1;
            while (end < matches.Length && matches[end].Event == e) end++;
            if (end == i + 1)
            {
                foreach (var (correlation, input) in byRule[matches[i].Rule]) Take(correlation, input, batch, e);
            }
            else
            {
                // later steps first, since an event cannot be before itself in an ordered chain
                together.Clear();
                foreach (var match in matches[i..end]) together.AddRange(byRule[match.Rule]);
                together.Sort(static (a, b) => a.Correlation != b.Correlation ? a.Correlation.CompareTo(b.Correlation) : b.Input.CompareTo(a.Input));
                var before = fed;
                foreach (var (correlation, input) in together)
                {
                    Take(correlation, input, batch, e);
                    if (Repeats(before)) fed--;
                }
            }
            i = end;
        }
        Fetch();
        return i;
    }

    private void Take(int correlation, int input, EventBatch batch, int e)
    {
        if (fed == feeds.Length) Array.Resize(ref feeds, fed * 2);
        ref var feed = ref feeds[fed++];
        feed = new Feeding { Event = e, Correlation = correlation, Input = input, Place = -1 };
        Key(ref feed, batch, null, -1);
        if (feed.Found == KeyFound.Yes) table.FetchSlot(feed.Hash);
    }

    /// <summary>Whether what was taken last is an event that its group has already by another rule: where events are counted, or numbers of them, one event is one, however late it comes.</summary>
    /// <param name="from">The first taken of the event.</param>
    private bool Repeats(int from)
    {
        ref readonly var one = ref feeds[fed - 1];
        var rule = Rules.Correlations[one.Correlation];
        if (one.Found != KeyFound.Yes || rule.Source.Type is CorrelationType.ValueCount or CorrelationType.Temporal or CorrelationType.TemporalOrdered) return false;
        for (var i = fed - 2; i >= from && feeds[i].Correlation == one.Correlation; i--)
        {
            if (feeds[i].Found != KeyFound.Yes || feeds[i].Hash != one.Hash) continue;
            // by an alias the rules may mean numbers of two fields
            if (rule.Source.Type == CorrelationType.EventCount || rule.ValueFields[feeds[i].Input].AsSpan().SequenceEqual(rule.ValueFields[one.Input])) return true;
        }
        return false;
    }

    /// <summary>Fetches the memory that the groups of what was taken lie in, all at once. Each step reads what the one before it fetched.</summary>
    private void Fetch()
    {
        var taken = feeds.AsSpan(0, fed);
        foreach (ref var feed in taken)
            if (feed.Found == KeyFound.Yes) feed.Place = table.FetchRecord(feed.Hash);
        foreach (ref readonly var feed in taken)
            if (feed.Place >= 0) table.FetchChunks(feed.Place);
    }

    /// <summary>A correlation fired and another one counts that.</summary>
    private void FeedOuter(int correlation, int input, EventBatch batch, int e, FindingList findings, CompiledCorrelation inner, int innerPlace)
    {
        var before = rawUsed;
        var feed = new Feeding { Event = e, Correlation = correlation, Input = input, Place = -1 };
        Key(ref feed, batch, inner, innerPlace);
        Feed(feed, batch, findings, inner, innerPlace);
        rawUsed = before;
    }

    /// <summary>Works out the key of an event's group, behind what the buffer holds.</summary>
    private void Key(ref Feeding feed, EventBatch batch, CompiledCorrelation? inner, int innerPlace)
    {
        feed.Raw = rawUsed;
        Room(ref raw, feed.Raw, 2);
        var r = feed.Raw + 2;
        var hash = KeyHash.Begin(feed.Correlation, batch.Header(feed.Event).Tenant);
        var rule = Rules.Correlations[feed.Correlation];
        var fields = rule.GroupFields[feed.Input];
        for (var i = 0; i < fields.Length; i++)
        {
            if (!TryRead(fields[i], batch, feed.Event, inner, innerPlace, out var value) && !rule.Optional[i]) return;
            if (value.Length > MaxValue) value = Shorten(value);
            Room(ref raw, r, 2 + value.Length);
            ref var from = ref MemoryMarshal.GetReference(value);
            if (!KeyHash.TryAdd(ref hash, ref from, value.Length)) hash = AddFolded(hash, value);
            BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(r), (ushort)value.Length);
            Copy(ref from, ref raw[r + 2], value.Length);
            r += 2 + value.Length;
        }
        feed.RawLength = r - feed.Raw;
        feed.Found = feed.RawLength <= ushort.MaxValue ? KeyFound.Yes : KeyFound.TooLong;
        if (feed.Found != KeyFound.Yes) return;
        BinaryPrimitives.WriteUInt16LittleEndian(raw.AsSpan(feed.Raw), (ushort)feed.RawLength);
        feed.Hash = hash;
        rawUsed = r;
    }

    // Sixteen bytes at a time, also behind the end.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Copy(ref byte from, ref byte to, int length)
    {
        for (nuint i = 0; i < (nuint)length; i += (nuint)Vector128<byte>.Count) Vector128.LoadUnsafe(ref from, i).StoreUnsafe(ref to, i);
    }

    private ulong AddFolded(ulong hash, ReadOnlySpan<byte> value)
    {
        var n = Fold(value).Length;
        return KeyHash.Add(hash, ref valueFolded[0], n);
    }

    /// <summary>Hash of a key that is stored so.</summary>
    private ulong HashOf(ReadOnlySpan<byte> stored, int rule, uint tenant)
    {
        Room(ref raw, 0, stored.Length);
        stored.CopyTo(raw);
        var hash = KeyHash.Begin(rule, tenant);
        for (var at = 2; at < stored.Length;)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(stored[at..]);
            if (!KeyHash.TryAdd(ref hash, ref raw[at + 2], length)) hash = AddFolded(hash, stored.Slice(at + 2, length));
            at += 2 + length;
        }
        return hash;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Room(ref byte[] buffer, int used, int more)
    {
        if (buffer.Length - used < more + KeyHash.Slack) Array.Resize(ref buffer, (used + more + KeyHash.Slack) * 2);
    }

    /// <summary>The first bytes of a value and a hash of the whole, as it is folded.</summary>
    private ReadOnlySpan<byte> Shorten(ReadOnlySpan<byte> value)
    {
        var to = shortened.AsSpan();
        var hash = 14695981039346656037UL;
        foreach (var b in Fold(value)) hash = (hash ^ b) * 1099511628211UL;
        value[..MaxValue].CopyTo(to);
        "… "u8.CopyTo(to[MaxValue..]);
        hash.TryFormat(to[(MaxValue + 4)..], out var n, "x16", CultureInfo.InvariantCulture);
        return to[..(MaxValue + 4 + n)];
    }

    private ReadOnlySpan<byte> Fold(ReadOnlySpan<byte> value)
    {
        var need = Folding.MaxLength(value.Length) + KeyHash.Slack;
        if (valueFolded.Length < need) valueFolded = new byte[need * 2];
        return valueFolded.AsSpan(0, Folding.Fold(value, valueFolded, out _));
    }

    /// <summary>A field of what is fed: of the inner correlation's group where it has one of that name, else of the event, if there was one that made it fire.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryRead(int field, EventBatch batch, int e, CompiledCorrelation? inner, int innerPlace, out ReadOnlySpan<byte> value)
    {
        if (inner is not null)
        {
            var at = Array.IndexOf(inner.OwnFields, field);
            if (at >= 0) { value = table.ValueOf(innerPlace, at); return true; }
            if (closed is not null) { value = default; return false; }
        }
        foreach (var id in Rules.FieldIds[field])
            if (batch.TryGet(e, id, out value) && !value.IsEmpty) return true;
        value = default;
        return false;
    }

    /// <summary>Finds or makes the group; -1 where a field is missing or there is no room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Group(CompiledCorrelation rule, in Feeding feed, in EventHeader header)
    {
        if (feed.Found != KeyFound.Yes) return Refuse(feed.Found);
        var key = raw.AsSpan(feed.Raw, feed.RawLength);
        var brief = ShortKey.Of(raw.AsSpan(feed.Raw, ShortKey.Max), key.Length);
        var place = table.Find(feed.Hash, feed.Place, rule.Index, header.Tenant, brief, key);
        return place >= 0 && !IsIdle(table[place], header.ReceivedMs) ? place : Make(rule, feed, header.Tenant, place);
    }

    private int Refuse(KeyFound why)
    {
        if (why == KeyFound.Missing) Ungrouped++;
        else Refused++;
        return -1;
    }

    // A group in the place of none, or of one that is idle.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Make(CompiledCorrelation rule, in Feeding feed, uint tenant, int idle)
    {
        if (idle >= 0) Remove(idle);
        ref var held = ref CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (rule.Index, tenant), out _);
        if (held >= options.MaxGroups)
        {
            if (!TryMakeRoom(rule, tenant)) return Refuse(KeyFound.TooLong);
            held = ref CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (rule.Index, tenant), out _);
        }
        held++;
        made++;
        var key = raw.AsSpan(feed.Raw, feed.RawLength);
        var place = table.Add(feed.Hash, rule.Index, tenant, ShortKey.Of(raw.AsSpan(feed.Raw, ShortKey.Max), key.Length), key);
        if (counting[rule.Index].Threshold == 0) MakeState(rule, place);
        return place;
    }

    /// <summary>Groups of the same correlation and tenant that are looked at for one that may go, and records passed over for it.</summary>
    private const int Candidates = 16, MaxPassed = 1_024;

    /// <summary>
    /// Where a correlation holds as many groups of a tenant as it may: one that has come less than half of its way goes, so that a flood of names, each seen once, turns nobody away
    /// who counts up to something. False: there is none among the next few.
    /// </summary>
    private bool TryMakeRoom(CompiledCorrelation rule, uint tenant)
    {
        if (rule.Source.AtClose) return false;
        var far = Math.Max(1, (counting[rule.Index].Threshold - 1) / 2);
        var (least, events) = (-1, far + 1);
        for (int passed = 0, seen = 0; passed < MaxPassed && seen < Candidates && events > 1; passed++, roomHand++)
        {
            if (roomHand >= table.Places) roomHand = 0;
            ref readonly var group = ref table[roomHand];
            if (group.Rule != rule.Index || group.Tenant != tenant) continue;
            seen++;
            var state = group.HasState ? StateOf(roomHand) : null;
            var holds = state?.Entries.Length ?? group.Count;
            if (!(state?.Fired ?? group.Fired) && holds < events) (least, events) = (roomHand, holds);
        }
        if (least < 0) return false;
        Displaced++;
        Remove(least);
        return true;
    }
}
