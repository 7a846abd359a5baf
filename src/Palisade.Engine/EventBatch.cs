using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Engine;

/// <summary>Why a record gave no parsed event. It is stored raw all the same. Persisted: only grows.</summary>
public enum ParseRefusal : byte
{
    None = 0,
    /// <summary>A line that carries nothing of its own: blank, a comment, a header, a continuation.</summary>
    Empty = 1,
    /// <summary>No known format fits.</summary>
    UnknownFormat = 2,
    /// <summary>The asked-for format does not fit these bytes.</summary>
    Malformed = 3,
    /// <summary>More than the allowed number of fields.</summary>
    TooManyFields = 4,
    /// <summary>Nested deeper than allowed.</summary>
    TooDeep = 5,
    /// <summary>Not text: mostly control bytes.</summary>
    Binary = 6,
}

/// <summary>Remarks that travel with an event. Persisted: only grows.</summary>
[Flags]
public enum EventFlags : ushort
{
    None = 0,
    /// <summary>The record has no usable time of its own; the time of receipt stands in.</summary>
    NoTime = 1,
    /// <summary>More than a day ahead of receipt.</summary>
    FutureTime = 2,
    /// <summary>More than seven days behind receipt.</summary>
    AncientTime = 4,
    /// <summary>Bytes that were not UTF-8 were replaced or converted.</summary>
    Transcoded = 8,
    /// <summary>The parser was detected, not asked for.</summary>
    AutoDetected = 16,
    /// <summary>Several lines that were put together.</summary>
    Joined = 32,
}

/// <summary>One event of a batch: everything but its fields.</summary>
public struct EventHeader
{
    /// <summary>Position in the journal.</summary>
    public ulong Sequence;
    /// <summary>Event time, Unix milliseconds UTC.</summary>
    public long TimeMs;
    /// <summary>Receipt, Unix milliseconds UTC.</summary>
    public long ReceivedMs;
    public uint Tenant;
    public uint Source;
    /// <summary>Index of the parser that read it, or -1.</summary>
    public short Parser;
    public ParseRefusal Refusal;
    public EventFlags Flags;
    /// <summary>Journal records that were put together to this one.</summary>
    public int Lines;
    /// <summary>Where the raw record lies in the arena.</summary>
    public int RawOffset, RawLength;
    /// <summary>First slot and number of slots.</summary>
    public int FirstSlot, SlotCount;
}

/// <summary>
/// Up to <see cref="MaxEvents"/> events that share one arena. A field is an id and a UTF-8 slice of the arena; a field
/// with several values (event.category) has several slots with the same id, in order. Reused: after the first
/// batches nothing is allocated.
/// </summary>
/// <remarks>Layout: ids[] and values[] are parallel, so that finding a field is a vectorised search of 16-bit ids.</remarks>
public sealed class EventBatch
{
    public const int MaxEvents = 4096;
    /// <summary>Fields one event may have; more are refused (<see cref="ParseRefusal.TooManyFields"/>).</summary>
    public const int MaxFields = 1000;

    /// <summary>Bytes that may be read from the begin of any value or record, however short it is; what lies behind it says nothing.</summary>
    public const int Slack = 64;

    private byte[] arena = new byte[1 << 20];
    private int arenaUsed;
    private ushort[] ids = new ushort[1 << 16];
    private Slice[] values = new Slice[1 << 16];
    private int slots;
    private readonly EventHeader[] headers = new EventHeader[MaxEvents];

    private const int NullLength = -1;

    private readonly record struct Slice(int Offset, int Length);

    /// <summary>Events in the batch.</summary>
    public int Count { get; private set; }
    public bool IsFull => Count == MaxEvents;
    /// <summary>Bytes of the arena in use.</summary>
    public int ArenaUsed => arenaUsed;

    public ref EventHeader Header(int index) => ref headers[index];

    public void Clear() { Count = 0; slots = 0; arenaUsed = 0; }

    /// <summary>Starts the next event and copies its record into the arena. Fields added next belong to it.</summary>
    /// <returns>Index of the event.</returns>
    public int Begin(in RecordInfo info, ReadOnlySpan<byte> raw)
    {
        var offset = Reserve(raw.Length);
        raw.CopyTo(arena.AsSpan(offset));
        ref var h = ref headers[Count];
        h = new EventHeader
        {
            Sequence = info.Sequence,
            TimeMs = info.ReceivedMs,
            ReceivedMs = info.ReceivedMs,
            Tenant = info.Tenant,
            Source = info.Source,
            Parser = info.Parser,
            Flags = EventFlags.NoTime | (info.Lines > 1 ? EventFlags.Joined : 0) | (info.Converted ? EventFlags.Transcoded : 0),
            Lines = info.Lines,
            RawOffset = offset,
            RawLength = raw.Length,
            FirstSlot = slots,
        };
        return Count++;
    }

    /// <summary>Takes the last event away again, with all that was added to it.</summary>
    public void DropLast()
    {
        ref readonly var h = ref headers[--Count];
        slots = h.FirstSlot;
        arenaUsed = h.RawOffset;
    }

    /// <summary>The record as received. Valid until the arena grows: do not hold it over an Add that copies.</summary>
    public ReadOnlySpan<byte> Raw(int index) => arena.AsSpan(headers[index].RawOffset, headers[index].RawLength);

    /// <summary>Takes <paramref name="length"/> bytes of the arena; returns their offset.</summary>
    public int Reserve(int length)
    {
        if (arena.Length - arenaUsed < length + Slack) Array.Resize(ref arena, Math.Max(arena.Length * 2, arenaUsed + length + Slack));
        var offset = arenaUsed;
        arenaUsed += length;
        return offset;
    }

    /// <summary>Gives back the end of the last reservation.</summary>
    public void TrimTo(int arenaEnd) => arenaUsed = arenaEnd;

    public Span<byte> Bytes(int offset, int length) => arena.AsSpan(offset, length);

    /// <summary>Adds a field to the last event: a slice that already lies in the arena.</summary>
    /// <param name="most">It is left out where the event has so many.</param>
    /// <returns>False where it is left out; the event is marked then.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AddSlice(ushort field, int offset, int length, int most = MaxFields)
    {
        ref var h = ref headers[Count - 1];
        if (h.SlotCount >= most) { h.Refusal = ParseRefusal.TooManyFields; return false; }
        var slot = slots;
        if ((uint)slot >= (uint)ids.Length || (uint)slot >= (uint)values.Length) MoreSlots();
        ids[slot] = field;
        values[slot] = new Slice(offset, length);
        slots = slot + 1;
        h.SlotCount++;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void MoreSlots()
    {
        Array.Resize(ref ids, ids.Length * 2);
        Array.Resize(ref values, ids.Length);
    }

    /// <summary>Adds a field to the last event and copies its value.</summary>
    public void Add(ushort field, ReadOnlySpan<byte> value)
    {
        var offset = Reserve(value.Length);
        value.CopyTo(arena.AsSpan(offset));
        AddSlice(field, offset, value.Length);
    }

    /// <summary>Adds a field that is there but null (JSON null). Readers see an empty value; <see cref="IsNull"/> tells it from one.</summary>
    public bool AddNull(ushort field) => AddSlice(field, 0, NullLength);

    /// <summary>Whether the n-th slot of an event holds null.</summary>
    public bool IsNull(int index, int slot) => values[headers[index].FirstSlot + slot].Length == NullLength;

    /// <summary>Adds a whole number as its decimal digits.</summary>
    public void Add(ushort field, long value)
    {
        var offset = Reserve(20);
        value.TryFormat(arena.AsSpan(offset, 20), out var n);
        TrimTo(offset + n);
        AddSlice(field, offset, n);
    }

    /// <summary>First value of a field; false when the event has none.</summary>
    public bool TryGet(int index, ushort field, out ReadOnlySpan<byte> value)
    {
        ref readonly var h = ref headers[index];
        var at = ids.AsSpan(h.FirstSlot, h.SlotCount).IndexOf(field);
        if (at < 0) { value = default; return false; }
        ref readonly var s = ref values[h.FirstSlot + at];
        value = arena.AsSpan(s.Offset, Math.Max(s.Length, 0));
        return true;
    }

    public ReadOnlySpan<byte> Get(int index, ushort field) => TryGet(index, field, out var v) ? v : default;

    /// <summary>Text of a field, for code off the hot path.</summary>
    public string GetString(int index, ushort field) => Encoding.UTF8.GetString(Get(index, field));

    /// <summary>Replaces the first value of a field of the last event, or adds it.</summary>
    public void Set(ushort field, ReadOnlySpan<byte> value)
    {
        ref readonly var h = ref headers[Count - 1];
        var at = ids.AsSpan(h.FirstSlot, h.SlotCount).IndexOf(field);
        if (at < 0) { Add(field, value); return; }
        var offset = Reserve(value.Length);
        value.CopyTo(arena.AsSpan(offset));
        values[h.FirstSlot + at] = new Slice(offset, value.Length);
    }

    /// <summary>Where the first value of a field lies in the arena.</summary>
    public bool TryGetRange(int index, ushort field, out int offset, out int length)
    {
        ref readonly var h = ref headers[index];
        var at = ids.AsSpan(h.FirstSlot, h.SlotCount).IndexOf(field);
        (offset, length) = at < 0 ? (0, 0) : (values[h.FirstSlot + at].Offset, values[h.FirstSlot + at].Length);
        return at >= 0;
    }

    /// <summary>Replaces the first value of a field of the last event by a slice of the arena, or adds it.</summary>
    public void SetRange(ushort field, int offset, int length)
    {
        ref readonly var h = ref headers[Count - 1];
        var at = ids.AsSpan(h.FirstSlot, h.SlotCount).IndexOf(field);
        if (at < 0) AddSlice(field, offset, length);
        else values[h.FirstSlot + at] = new Slice(offset, length);
    }

    /// <summary>Gives the n-th slot of the last event another field; 0 takes it away at the next <see cref="Compact"/>.</summary>
    public void SetId(int slot, ushort field) => ids[headers[Count - 1].FirstSlot + slot] = field;

    /// <summary>The value of the n-th slot of the last event lies elsewhere in the arena now, as long as it was.</summary>
    public void Move(int slot, int offset)
    {
        ref var s = ref values[headers[Count - 1].FirstSlot + slot];
        s = new Slice(offset, s.Length);
    }

    /// <summary>Lets the n-th slot of the last event hold other bytes of the arena.</summary>
    public void Move(int slot, int offset, int length) => values[headers[Count - 1].FirstSlot + slot] = new Slice(offset, length);

    /// <summary>Closes the gaps among the slots of the last event, from a slot on.</summary>
    public void Compact(int from)
    {
        ref var h = ref headers[Count - 1];
        int to = h.FirstSlot + from, end = h.FirstSlot + h.SlotCount;
        for (var i = to; i < end; i++)
        {
            if (ids[i] == 0) continue;
            (ids[to], values[to]) = (ids[i], values[i]);
            to++;
        }
        slots = to;
        h.SlotCount = to - h.FirstSlot;
    }

    /// <summary>Takes all values of a field of the last event away.</summary>
    public void Remove(ushort field)
    {
        ref readonly var h = ref headers[Count - 1];
        var own = ids.AsSpan(h.FirstSlot, h.SlotCount);
        var first = own.IndexOf(field);
        if (first < 0) return;
        own.Replace(field, (ushort)0);
        Compact(first);
    }

    /// <summary>Ids of an event's fields, in the order they were added.</summary>
    public ReadOnlySpan<ushort> FieldIds(int index) => ids.AsSpan(headers[index].FirstSlot, headers[index].SlotCount);

    /// <summary>Value of the n-th slot of an event.</summary>
    public ReadOnlySpan<byte> ValueAt(int index, int slot)
    {
        ref readonly var s = ref values[headers[index].FirstSlot + slot];
        return arena.AsSpan(s.Offset, Math.Max(s.Length, 0));
    }

    /// <summary>Where the value of the n-th slot lies in the arena.</summary>
    public (int Offset, int Length) RangeAt(int index, int slot)
    {
        ref readonly var s = ref values[headers[index].FirstSlot + slot];
        return (s.Offset, s.Length);
    }

    /// <summary>Keeps only the first bytes of the n-th slot of an event.</summary>
    public void Shorten(int index, int slot, int length)
    {
        ref var s = ref values[headers[index].FirstSlot + slot];
        s = new Slice(s.Offset, length);
    }

    /// <summary>Takes the last event away, with all that lies in the arena from <paramref name="arenaStart"/> on.</summary>
    public void RemoveLast(int arenaStart)
    {
        slots = headers[--Count].FirstSlot;
        arenaUsed = arenaStart;
    }

    /// <summary>Removes all fields of the last event added since <paramref name="slotCount"/> (a parser that gave up).</summary>
    public void Rewind(int slotCount)
    {
        ref var h = ref headers[Count - 1];
        slots = h.FirstSlot + slotCount;
        h.SlotCount = slotCount;
    }
}
