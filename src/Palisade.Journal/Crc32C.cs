using System.Buffers.Binary;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Palisade.Journal;

/// <summary>CRC-32C (Castagnoli), reflected polynomial 0x82F63B78, as in RFC 3720 appendix B.4.</summary>
public static class Crc32C
{
    private static readonly uint[] Table = MakeTable();

    /// <summary>Checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Update(~0u, data);

    /// <summary>Goes on from a running state (start with all ones, invert at the end).</summary>
    public static uint Update(uint state, ReadOnlySpan<byte> data)
    {
        if (Sse42.X64.IsSupported) return UpdateX64(state, data);
        if (Crc32.Arm64.IsSupported) return UpdateArm64(state, data);
        return UpdateTable(state, data);
    }

    /// <summary>The way without CPU support; the others must agree with it.</summary>
    internal static uint UpdateTable(uint state, ReadOnlySpan<byte> data)
    {
        foreach (var b in data) state = Table[(byte)(state ^ b)] ^ (state >> 8);
        return state;
    }

    private static uint UpdateX64(uint state, ReadOnlySpan<byte> data)
    {
        ulong wide = state;
        while (data.Length >= 8)
        {
            wide = Sse42.X64.Crc32(wide, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        state = (uint)wide;
        foreach (var b in data) state = Sse42.Crc32(state, b);
        return state;
    }

    private static uint UpdateArm64(uint state, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            state = Crc32.Arm64.ComputeCrc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }
        foreach (var b in data) state = Crc32.ComputeCrc32C(state, b);
        return state;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var c = i;
            for (var k = 0; k < 8; k++) c = (c & 1) != 0 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
            table[i] = c;
        }
        return table;
    }
}
