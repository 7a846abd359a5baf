using System.Runtime.InteropServices;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Remembers values that were read and gave no evidence, so that the user agent of a thousand requests is read once.
/// Bytes are compared, so a crafted collision only costs its own reading. Fixed size: the bytes lie in a ring, and a value whose
/// bytes were written over is forgotten.
/// </summary>
internal sealed class QuietValues
{
    private const int Slots = 8192;
    private const int Ring = 512 * 1024;
    private const int Longest = 400;
    private readonly byte[] bytes = new byte[Ring];
    private readonly short[] lengths = new short[Slots];
    private readonly long[] positions = new long[Slots];
    private long written;

    public bool Contains(ReadOnlySpan<byte> value)
    {
        if (value.Length > Longest) return false;
        var slot = SlotOf(value);
        return lengths[slot] == value.Length && written - positions[slot] <= Ring
            && bytes.AsSpan((int)(positions[slot] % Ring), value.Length).SequenceEqual(value);
    }

    public void Add(ReadOnlySpan<byte> value)
    {
        if (value.Length > Longest) return;
        // No value lies across the end of the ring.
        var left = Ring - (int)(written % Ring);
        if (left < value.Length) written += left;
        var slot = SlotOf(value);
        lengths[slot] = (short)value.Length;
        positions[slot] = written;
        value.CopyTo(bytes.AsSpan((int)(written % Ring)));
        written += value.Length;
    }

    private static int SlotOf(ReadOnlySpan<byte> value)
    {
        var hash = (ulong)value.Length * 0x9E3779B97F4A7C15;
        while (value.Length >= 8)
        {
            hash = (hash ^ MemoryMarshal.Read<ulong>(value)) * 0xD6E8FEB86659FD93;
            hash ^= hash >> 32;
            value = value[8..];
        }
        foreach (var b in value) hash = (hash ^ b) * 0x100000001B3;
        return (int)((hash ^ hash >> 29) % Slots);
    }
}
