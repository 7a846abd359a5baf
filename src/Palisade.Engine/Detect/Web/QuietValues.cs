using System.Runtime.InteropServices;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Remembers values that were read and gave no evidence, so that the user agent of a thousand requests is read once.
/// Bytes are compared, so a crafted collision only costs its own reading. Fixed size; a newer value replaces an older one.
/// </summary>
internal sealed class QuietValues
{
    private const int Slots = 512;
    private const int Longest = 320;
    private readonly byte[] bytes = new byte[Slots * Longest];
    private readonly short[] lengths = new short[Slots];

    public bool Contains(ReadOnlySpan<byte> value)
    {
        if (value.Length > Longest) return false;
        var slot = SlotOf(value);
        return lengths[slot] == value.Length && bytes.AsSpan(slot * Longest, value.Length).SequenceEqual(value);
    }

    public void Add(ReadOnlySpan<byte> value)
    {
        if (value.Length > Longest) return;
        var slot = SlotOf(value);
        lengths[slot] = (short)value.Length;
        value.CopyTo(bytes.AsSpan(slot * Longest));
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
