using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Remembers values that were read and gave no evidence, so that the user agent of a thousand requests is read once. A value is taken up
/// when it comes the second time: what never repeats pushes nothing out. Bytes are compared, so a crafted collision only costs its own
/// reading. Fixed size: the bytes lie in a ring, and a value whose bytes were written over is forgotten.
/// </summary>
internal sealed class QuietValues
{
    /// <summary>Score of a value that the model does not read.</summary>
    public const int NotModelled = int.MinValue;
    /// <summary>Longest value remembered, bytes.</summary>
    public const int Longest = 512;

    private const int Slots = 1 << 14, Doors = 1 << 15;
    private const int Ring = 1 << 20;
    // Nobody outside can prepare values that meet in one slot.
    private static readonly ulong Key = RandomKey();

    private struct Entry
    {
        public long Position;
        public uint Tag;
        public int Score;
        public short Length;
        public WebPart Part;
    }

    private readonly byte[] bytes = new byte[Ring];
    private readonly Entry[] entries = new Entry[Slots];
    private readonly ushort[] doors = new ushort[Doors];
    private long written = 1;

    /// <summary>Whether a value of this part is known to be quiet.</summary>
    /// <param name="hash">To be handed to <see cref="Offer"/>.</param>
    /// <param name="score">What the model said of it.</param>
    public bool Contains(WebPart part, ReadOnlySpan<byte> value, out ulong hash, out int score)
    {
        hash = 0;
        score = NotModelled;
        if (value.Length > Longest) return false;
        hash = HashOf(part, value);
        ref readonly var entry = ref entries[(int)(hash & (Slots - 1))];
        if (entry.Tag != (uint)(hash >> 32) || entry.Length != value.Length || entry.Part != part || entry.Position == 0 || written - entry.Position > Ring) return false;
        if (!bytes.AsSpan((int)(entry.Position % Ring), value.Length).SequenceEqual(value)) return false;
        score = entry.Score;
        return true;
    }

    /// <summary>Remembers a quiet value if it was offered before.</summary>
    public void Offer(WebPart part, ReadOnlySpan<byte> value, ulong hash, int score)
    {
        if (value.Length > Longest) return;
        ref var door = ref doors[(int)(hash >> 14 & (Doors - 1))];
        var mark = (ushort)(hash >> 48 | 1);
        if (door != mark) { door = mark; return; }
        // No value lies across the end of the ring.
        var left = Ring - (int)(written % Ring);
        if (left < value.Length) written += left;
        entries[(int)(hash & (Slots - 1))] = new Entry { Position = written, Tag = (uint)(hash >> 32), Length = (short)value.Length, Part = part, Score = score };
        value.CopyTo(bytes.AsSpan((int)(written % Ring)));
        written += value.Length;
    }

    private static ulong HashOf(WebPart part, ReadOnlySpan<byte> value)
    {
        var hash = Key ^ (ulong)part << 32 ^ (ulong)value.Length;
        if (value.Length >= 16)
        {
            var rest = value;
            while (rest.Length > 16)
            {
                hash = Mix(hash ^ MemoryMarshal.Read<ulong>(rest), MemoryMarshal.Read<ulong>(rest[8..]));
                rest = rest[16..];
            }
            return Mix(hash ^ MemoryMarshal.Read<ulong>(value[^16..]), MemoryMarshal.Read<ulong>(value[^8..]));
        }
        if (value.Length >= 8) return Mix(hash ^ MemoryMarshal.Read<ulong>(value), MemoryMarshal.Read<ulong>(value[^8..]));
        ulong few = 0;
        for (var i = 0; i < value.Length; i++) few |= (ulong)value[i] << 8 * i;
        return Mix(hash, few);
    }

    // Multiply and fold, as in wyhash.
    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a ^ 0xA0761D6478BD642FUL, b ^ 0xE7037ED1A0B428DBUL, out var low);
        return high ^ low;
    }

    private static ulong RandomKey()
    {
        Span<byte> key = stackalloc byte[8];
        RandomNumberGenerator.Fill(key);
        return MemoryMarshal.Read<ulong>(key);
    }
}
