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
/// Correlations by id, groups by key: the same state gives the same bytes. Version 1 is read still; a later version gets another magic.
/// </summary>
public sealed partial class Correlator
{
    private const uint Magic1 = 0x31534350, Magic = 0x32534350;

    /// <summary>Writes the state. The same state gives the same bytes.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(groups.Length);
        foreach (var rule in Rules.Correlations.OrderBy(c => c.Info.Id, StringComparer.Ordinal))
        {
            w.Write(rule.Info.Id);
            w.Write(rule.DefinitionHash);
            w.Write(groups[rule.Index].Count);
            foreach (var (k, group) in groups[rule.Index].OrderBy(g => g.Key, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))))
            {
                w.Write(k.Length);
                w.Write(k);
                w.Write(group.Group.Length);
                foreach (var (_, value) in group.Group) w.Write(value);
                w.Write(group.Fired);
                w.Write(group.FiredAtMs);
                w.Write(group.TouchedMs);
                w.Write(group.OpenedMs);
                w.Write(group.DeadlineMs);
                w.Write(group.Watching);
                w.Write(group.Entries.Length);
                foreach (var entry in group.Entries)
                {
                    w.Write(entry.TimeMs);
                    w.Write(entry.Sequence);
                    w.Write(entry.Value);
                    w.Write(entry.Input);
                }
            }
        }
        SaveClocks(w);
    }

    /// <summary>Reads a state back in place of the present one. State of correlations that are gone or defined otherwise is left out.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from)
    {
        ArgumentNullException.ThrowIfNull(from);
        foreach (var g in groups) g.Clear();
        groupCounts.Clear();
        clocks.Clear();
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            var magic = r.ReadUInt32();
            if (magic is not (Magic or Magic1)) throw new InvalidDataException("no correlation state of a known version");
            for (var n = r.ReadInt32(); n > 0; n--)
            {
                var id = r.ReadString();
                var hash = r.ReadUInt64();
                var index = Array.FindIndex(Rules.Correlations, c => c.Info.Id == id && c.DefinitionHash == hash);
                for (var g = r.ReadInt32(); g > 0; g--) ReadGroup(r, index, magic == Magic1);
            }
            if (magic != Magic1) LoadClocks(r);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the correlation state ends early", e);
        }
    }

    private void ReadGroup(BinaryReader r, int index, bool first)
    {
        var k = r.ReadBytes(Length(r));
        var rule = index >= 0 ? Rules.Correlations[index] : null;
        var values = new string[Length(r)];
        for (var i = 0; i < values.Length; i++) values[i] = r.ReadString();
        var (fired, firedAt, touched) = (r.ReadBoolean(), r.ReadInt64(), r.ReadInt64());
        var (opened, deadline, watching) = first ? (0L, 0L, false) : (r.ReadInt64(), r.ReadInt64(), r.ReadBoolean());
        var entries = new Entry[Length(r)];
        for (var i = 0; i < entries.Length; i++) entries[i] = new Entry(r.ReadInt64(), r.ReadUInt64(), r.ReadUInt64(), r.ReadByte());
        if (rule is null || values.Length != rule.Source.GroupBy.Count || k.Length < 4) return;
        var shown = values.Select((v, i) => new KeyValuePair<string, string>(rule.Source.GroupBy[i], v)).ToArray();
        var group = new GroupState(rule, shown) { Fired = fired, FiredAtMs = firedAt, TouchedMs = touched, Correlation = index, Key = k, OpenedMs = opened, DeadlineMs = deadline, Watching = watching };
        group.Restore(entries);
        groups[index][k] = group;
        if (deadline != 0) Clock(BinaryPrimitives.ReadUInt32LittleEndian(k)).Deadlines.Enqueue(group, deadline);
        CollectionsMarshal.GetValueRefOrAddDefault(groupCounts, (index, BinaryPrimitives.ReadUInt32LittleEndian(k)), out _)++;
    }

    private static int Length(BinaryReader r)
    {
        var n = r.ReadInt32();
        return n is >= 0 and < 1 << 26 ? n : throw new InvalidDataException("a length in the correlation state is out of range");
    }
}
