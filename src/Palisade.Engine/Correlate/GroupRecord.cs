using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Palisade.Engine.Correlate;

/// <summary>
/// What every group has, and all of a counting one with two events and a short key: 64 bytes.
/// <code>
/// 0 hash u32 · 4 rule u16 · 6 count and marks u16 · 8 key i32 · 12 more i32 · 16 tenant u32 · 20 touched u32 · 24 base time i64 · 32 base sequence u64 · 40 newest u64 · 48 short key, 16 bytes
/// </code>
/// </summary>
/// <remarks>
/// A counting group (<c>event_count</c> with at-least conditions) holds its first event in the base and its newest beside it; from the third on all lie in a chunk (<see cref="EventChunk"/>).
/// Any other group has a <see cref="GroupState"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal struct GroupRecord
{
    /// <summary>Rule of a record that is not in use.</summary>
    public const ushort Unused = ushort.MaxValue;
    /// <summary>Most events a counting group may hold: its chunk has room for half as many again.</summary>
    public const int MaxCount = 10_000;

    private const ushort CountMask = 0x3FFF, StateBit = 0x4000, FiredBit = 0x8000;

    /// <summary>Low half of the key's hash.</summary>
    public uint Hash;
    /// <summary>Index of the correlation.</summary>
    public ushort Rule;
    private ushort bits;
    /// <summary>Chunk of the key, 0: it is short; the next unused record where this one is.</summary>
    public int Key;
    /// <summary>Chunk of a counting group's events, 0: none; or the place of the group's state.</summary>
    public int More;
    public uint Tenant;
    /// <summary>Receipt of the newest record that touched the group, rounded up to whole seconds since 1970.</summary>
    public uint Touched;
    /// <summary>What the times and sequences of a counting group's events are relative to.</summary>
    public long BaseTimeMs;
    public ulong BaseSequence;
    /// <summary>The newest of several events, packed, so that a further one that comes in order is added without reading the others.</summary>
    public ulong Newest;
    /// <summary>The key where it is no longer than <see cref="ShortKey.Max"/>.</summary>
    public ShortKey Short;

    /// <summary>Events of a counting group.</summary>
    public int Count
    {
        readonly get => bits & CountMask;
        set => bits = (ushort)(bits & ~CountMask | value);
    }

    /// <summary>Whether the group has a <see cref="GroupState"/>.</summary>
    public bool HasState
    {
        readonly get => (bits & StateBit) != 0;
        set => bits = (ushort)(value ? bits | StateBit : bits & ~StateBit);
    }

    /// <summary>Whether a counting group has fired and its condition has held since.</summary>
    public bool Fired
    {
        readonly get => (bits & FiredBit) != 0;
        set => bits = (ushort)(value ? bits | FiredBit : bits & ~FiredBit);
    }

    public void Touch(long receivedMs) => Touched = Math.Max(Touched, (uint)Math.Clamp((receivedMs + 999) / 1000, 0, uint.MaxValue));
}

/// <summary>A key of up to sixteen bytes, filled up with zeros.</summary>
/// <remarks>Keys begin with their length, so that what fills them up says nothing.</remarks>
internal struct ShortKey
{
    /// <summary>Bytes of the longest.</summary>
    public const int Max = 16;

    public ulong First, Second;

    /// <summary>The first bytes of sixteen.</summary>
    public static ShortKey Of(ReadOnlySpan<byte> sixteen, int length)
    {
        var kept = (Vector128.Create(sixteen) & KeyHash.First(length)).AsUInt64();
        return new ShortKey { First = kept.ToScalar(), Second = kept.GetElement(1) };
    }

    public readonly bool Is(in ShortKey other) => First == other.First && Second == other.Second;
}
