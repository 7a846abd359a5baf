using System.Runtime.CompilerServices;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Kinds of characters a value is made of; bits. Written to snapshots: only grows.</summary>
[Flags]
internal enum ValueKinds : byte
{
    None = 0,
    Digits = 1,
    Letters = 2,
    /// <summary>- _ . ~ and what else names are joined by.</summary>
    Joiners = 4,
    /// <summary>Text beyond ASCII.</summary>
    Foreign = 8,
    /// <summary>Space, comma, slash, colon, at and their like, which addresses, dates and prose have.</summary>
    Prose = 16,
    /// <summary>Quotes, brackets, semicolons and what else languages of machines are made of.</summary>
    Code = 32,
    /// <summary>Control characters.</summary>
    Control = 64,
}

/// <summary>
/// What one parameter of one page usually holds: its kinds of characters, its length, how many values and by how many clients. No pointers: it is written to
/// snapshots as it lies.
/// </summary>
internal struct ValueProfile : IEntry
{
    public const int Learned = 200, Readers = 12;
    private const int MaxKinds = 6;

    [InlineArray(MaxKinds)]
    private struct KindCounts
    {
        /// <summary>Kinds in the high 8 bits, how often in the low 24.</summary>
        private uint entry0;
    }

    public long FirstMs, Last, SuspectDay;
    public uint Count;
    public ushort MaxLength, Grown, SuspectDays;
    private KindCounts kinds;
    public Sketch Clients, Values;
    /// <summary>People (they came by a link and load what pages need) whose values rules took for attacks.</summary>
    public Sketch Suspected;
    public uint Suspects;

    public readonly long LastMs => Last;
    public readonly int Worth => Count >= Learned && Clients.Count >= Readers ? 1 : 0;
    public readonly bool IsLearned => Count >= Learned && Clients.Count >= Readers;

    public void Learn(ValueKinds value, int length, ulong hash, ulong client, long time)
    {
        if (Count == 0) FirstMs = time;
        Last = Math.Max(Last, time);
        if (Count < uint.MaxValue) Count++;
        Clients.Add(client);
        Values.Add(hash);
        Lengthen(length);
        var least = 0;
        for (var i = 0; i < MaxKinds; i++)
        {
            if (kinds[i] != 0 && kinds[i] >> 24 == (byte)value) { if ((kinds[i] & 0xFF_FFFF) < 0xFF_FFFF) kinds[i]++; return; }
            if ((kinds[i] & 0xFF_FFFF) < (kinds[least] & 0xFF_FFFF)) least = i;
        }
        kinds[least] = (uint)value << 24 | 1;
    }

    /// <summary>Free while little is known; then by a tenth for every 64 values at most, however long they are.</summary>
    private void Lengthen(int length)
    {
        if (length <= MaxLength) return;
        if (Count <= 64) { MaxLength = (ushort)Math.Min(length, 8_192); return; }
        if (Count / 64 <= Grown) return;
        Grown = (ushort)Math.Min(Count / 64, ushort.MaxValue);
        MaxLength = (ushort)Math.Min(Math.Min(length, MaxLength + MaxLength / 10 + 1), 8_192);
    }

    /// <summary>Values of these kinds among a thousand.</summary>
    public readonly int Share(ValueKinds value)
    {
        for (var i = 0; i < MaxKinds; i++)
            if (kinds[i] != 0 && kinds[i] >> 24 == (byte)value) return (int)((kinds[i] & 0xFF_FFFF) * 1_000L / Math.Max(1, Count));
        return 0;
    }

    /// <summary>A value like nothing that was here before: kinds of characters that it never has, or many times as long.</summary>
    public readonly bool IsOdd(ValueKinds value, int length) => IsLearned && (Share(value) == 0 && (value & (ValueKinds.Code | ValueKinds.Control)) != 0 || length > 4 * MaxLength + 16);

    /// <summary>
    /// People here send such values every day: an editor, a console, a search for code. Eight of them on three days, and one request in twenty, so that a
    /// few who try for an hour change nothing.
    /// </summary>
    public readonly bool IsHabit(ValueKinds value, int length) =>
        IsLearned && Suspected.Count >= 8 && SuspectDays >= 3 && Suspects * 20L >= Count && Share(value) >= 20 && length <= 2 * MaxLength;
}
