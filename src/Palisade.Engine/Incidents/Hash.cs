using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Incidents;

/// <summary>A fast 64-bit hash for keys of state (multiply and fold, as in wyhash). It is written to snapshots: it never changes.</summary>
internal static class Hash
{
    private const ulong A = 0xA0761D6478BD642FUL, B = 0xE7037ED1A0B428DBUL;

    public static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a ^ A, b ^ B, out var low);
        return high ^ low;
    }

    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        var h = Mix(seed, (ulong)bytes.Length);
        while (bytes.Length >= 8)
        {
            h = Mix(h, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }
        ulong rest = 0;
        for (var i = 0; i < bytes.Length; i++) rest |= (ulong)bytes[i] << 8 * i;
        return Mix(h, rest);
    }

    public static ulong Of(string text, ulong seed = 0) => Of(MemoryMarshal.AsBytes(text.AsSpan()), seed);

    public static ulong Of(UInt128 value, ulong seed = 0) => Mix(Mix(seed, (ulong)value), (ulong)(value >> 64));
}
