using Palisade.Engine.Detect.Sigma.Match;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>Tests of 64 bytes at once, against a test of each.</summary>
public sealed class Bytes64Tests
{
    [Fact]
    public void Each_bit_says_what_its_byte_says()
    {
        var state = 88172645463325252UL;
        var bytes = new byte[Bytes64.Length + 1];
        var others = new byte[Bytes64.Length];
        for (var round = 0; round < 2_000; round++)
        {
            for (var i = 0; i < bytes.Length; i++) bytes[i] = (byte)Next(ref state);
            for (var i = 0; i < others.Length; i++) others[i] = Next(ref state) % 2 == 0 ? bytes[i + 1] : (byte)Next(ref state);
            var sign = bytes[Next(ref state) % Bytes64.Length];
            byte from = (byte)Next(ref state), span = (byte)(Next(ref state) % 40);
            // from an odd place
            ref var at = ref bytes[1];
            ulong equal = 0, within = 0, same = 0;
            for (var i = 0; i < Bytes64.Length; i++)
            {
                var b = bytes[i + 1];
                if (b == sign) equal |= 1UL << i;
                if ((byte)(b - from) <= span) within |= 1UL << i;
                if (b == others[i]) same |= 1UL << i;
            }
            Assert.Equal(equal, Bytes64.Equal(ref at, sign));
            Assert.Equal(within, Bytes64.Within(ref at, from, span));
            Assert.Equal(same, Bytes64.Same(ref at, ref others[0]));
        }
    }

    private static ulong Next(ref ulong state)
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state >> 8;
    }
}
