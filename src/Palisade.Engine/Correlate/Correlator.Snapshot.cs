using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Engine.Correlate;

/// <summary>
/// State on disk, little-endian:
/// <code>
/// magic u32 "PCS1" · correlations i32 · each: id · definition u64 · groups i32 · each:
///   key (i32, bytes) · group values (i32, each a string) · fired u8 · fired at i64 · touched i64 · entries i32 · each: time i64, sequence u64, value u64, input u8
/// </code>
/// Version 2, "PCS2": each group has opened i64 · deadline i64 · watching u8 behind its touched, and behind all correlations stand the clocks:
/// tenants i32 · each: tenant u32 · sources i32 · each: source u32 · newest i64 · received i64
/// Version 3, "PCS3": a group whose deadline is not 0 has source u32 behind its watching, and source u32 behind each entry's input
/// Correlations by id, groups by key: the same state gives the same bytes. Versions 1 and 2 are read still; a later version gets another magic.
/// </summary>
public sealed partial class Correlator
{
    private const uint Magic1 = 0x31534350, Magic2 = 0x32534350, Magic = 0x33534350;

    /// <summary>Writes the state. The same state gives the same bytes.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(Rules.Correlations.Length);
        var byRule = Rules.Correlations.Select(_ => new List<int>()).ToArray();
        for (var place = 0; place < table.Places; place++)
            if (table[place].Rule is var owner && owner != GroupRecord.Unused) byRule[owner].Add(place);
        foreach (var rule in Rules.Correlations.OrderBy(c => c.Info.Id, StringComparer.Ordinal))
        {
            w.Write(rule.Info.Id);
            w.Write(rule.DefinitionHash);
            w.Write(byRule[rule.Index].Count);
            var keys = byRule[rule.Index].ConvertAll(place => (Key: FoldedKey(place), Place: place));
            keys.Sort(static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
            foreach (var (k, place) in keys)
            {
                w.Write(k.Length);
                w.Write(k);
                w.Write(rule.Source.GroupBy.Count);
                for (var i = 0; i < rule.Source.GroupBy.Count; i++) w.Write(Encoding.UTF8.GetString(table.ValueOf(place, i)));
                if (table[place].HasState) SaveState(w, place);
                else SaveCount(w, place);
            }
        }
        SaveClocks(w);
    }

    private byte[] FoldedKey(int place)
    {
        var n = GroupTable.Fold(table.KeyOf(place), ref valueFolded);
        var key = new byte[4 + n];
        BinaryPrimitives.WriteUInt32LittleEndian(key, table[place].Tenant);
        valueFolded.AsSpan(0, n).CopyTo(key.AsSpan(4));
        return key;
    }

    private void SaveState(BinaryWriter w, int place)
    {
        var group = StateOf(place);
        w.Write(group.Fired);
        w.Write(group.Fired ? group.FiredAtMs : 0L);
        w.Write(table[place].Touched * 1000L);
        w.Write(group.OpenedMs);
        w.Write(group.DeadlineMs);
        w.Write(group.Watching);
        if (group.DeadlineMs != 0) w.Write(group.Source);
        w.Write(group.Entries.Length);
        foreach (var entry in group.Entries)
        {
            w.Write(entry.TimeMs);
            w.Write(entry.Sequence);
            w.Write(entry.Value);
            w.Write(entry.Input);
            if (group.DeadlineMs != 0) w.Write(entry.Source);
        }
    }

    private void SaveCount(BinaryWriter w, int place)
    {
        ref var group = ref table[place];
        Span<ulong> two = stackalloc ulong[2];
        w.Write(group.Fired);
        w.Write(group.Fired ? (long)EventChunk.FiredAt(table.Slab, ref group) : 0L);
        w.Write(group.Touched * 1000L);
        w.Write(0L);
        w.Write(0L);
        w.Write(false);
        var events = EventChunk.Events(table.Slab, group, two);
        w.Write(events.Length);
        foreach (var one in events)
        {
            w.Write(group.BaseTimeMs + EventChunk.Time(one));
            w.Write(EventChunk.Sequence(group, one));
            w.Write(0UL);
            w.Write((byte)0);
        }
    }

    /// <summary>Reads a state back in place of the present one. State of correlations that are gone or defined otherwise is left out.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from)
    {
        ArgumentNullException.ThrowIfNull(from);
        Clear();
        clocks.Clear();
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            var magic = r.ReadUInt32();
            if (magic is not (Magic or Magic2 or Magic1)) throw new InvalidDataException("no correlation state of a known version");
            for (var n = r.ReadInt32(); n > 0; n--)
            {
                var id = r.ReadString();
                var hash = r.ReadUInt64();
                var index = Array.FindIndex(Rules.Correlations, c => c.Info.Id == id && c.DefinitionHash == hash);
                for (var g = r.ReadInt32(); g > 0; g--) ReadGroup(r, index, magic);
            }
            if (magic != Magic1) LoadClocks(r);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the correlation state ends early", e);
        }
    }

    private void ReadGroup(BinaryReader r, int index, uint magic)
    {
        var k = r.ReadBytes(Length(r));
        var rule = index >= 0 ? Rules.Correlations[index] : null;
        var values = new string[Length(r)];
        for (var i = 0; i < values.Length; i++) values[i] = r.ReadString();
        var (fired, firedAt, touched) = (r.ReadBoolean(), r.ReadInt64(), r.ReadInt64());
        var (opened, deadline, watching) = magic == Magic1 ? (0L, 0L, false) : (r.ReadInt64(), r.ReadInt64(), r.ReadBoolean());
        var sources = magic == Magic && deadline != 0;
        var source = sources ? r.ReadUInt32() : 0;
        var entries = new Entry[Length(r)];
        for (var i = 0; i < entries.Length; i++) entries[i] = new Entry(r.ReadInt64(), r.ReadUInt64(), r.ReadUInt64(), r.ReadByte(), sources ? r.ReadUInt32() : 0);
        if (rule is null || values.Length != rule.Source.GroupBy.Count || k.Length < 4) return;
        var tenant = BinaryPrimitives.ReadUInt32LittleEndian(k);
        if (Restored(k.AsSpan(4), values) is not { } stored) return;
        var keyHash = HashOf(stored, index, tenant);
        var brief = stored.Length <= ShortKey.Max ? ShortKey.Of(raw.AsSpan(0, ShortKey.Max), stored.Length) : default;
        if (table.Find(keyHash, -1, index, tenant, brief, stored) >= 0) return;
        var place = table.Add(keyHash, index, tenant, brief, stored);
        CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (index, tenant), out _)++;
        table[place].Touch(touched);
        if (counting[index].Threshold > 0 && Restore(place, entries, fired, firedAt)) return;
        var group = MakeState(rule, place);
        (group.Fired, group.FiredAtMs, group.OpenedMs, group.DeadlineMs, group.Watching, group.Source) = (fired, firedAt, opened, deadline, watching, source);
        group.Restore(entries);
        if (deadline != 0) Clock(tenant).Deadlines.Enqueue(group, deadline);
    }

    /// <summary>Puts the events of a counting group into its record; false where it has no room for them, and then it holds none.</summary>
    private bool Restore(int place, Entry[] entries, bool fired, long firedAt)
    {
        ref var group = ref table[place];
        if (entries.Length > counting[group.Rule].MaxEvents) return false;
        foreach (var entry in entries)
        {
            if (EventChunk.Insert(table.Slab, ref group, entry.TimeMs, entry.Sequence, long.MinValue / 2) >= 0) continue;
            EventChunk.Release(table.Slab, ref group);
            group.Count = 0;
            return false;
        }
        if (!fired) return true;
        group.Fired = true;
        EventChunk.FiredAt(table.Slab, ref group) = (ulong)firedAt;
        return true;
    }

    /// <summary>A key as it is stored: the values as they were spelled, but where a text could not hold their bytes, as they were folded. Null: no key.</summary>
    private byte[]? Restored(ReadOnlySpan<byte> keys, string[] values)
    {
        using var key = new MemoryStream();
        Span<byte> length = stackalloc byte[2];
        key.Write(length);
        foreach (var value in values)
        {
            if (keys.Length < 4) return null;
            var n = BinaryPrimitives.ReadInt32LittleEndian(keys);
            if (n < 0 || n > keys.Length - 4) return null;
            var part = keys.Slice(4, n);
            var spelled = Encoding.UTF8.GetBytes(value);
            if (!Fold(spelled).SequenceEqual(part)) spelled = part.ToArray();
            if (key.Length + 2 + spelled.Length > ushort.MaxValue) return null;
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)spelled.Length);
            key.Write(length);
            key.Write(spelled);
            keys = keys[(4 + n)..];
        }
        var bytes = key.ToArray();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)bytes.Length);
        return keys.IsEmpty ? bytes : null;
    }

    private static int Length(BinaryReader r)
    {
        var n = r.ReadInt32();
        return n is >= 0 and < 1 << 26 ? n : throw new InvalidDataException("a length in the correlation state is out of range");
    }
}
