using System.Numerics;
using System.Runtime.CompilerServices;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Counts distinct values up to about a thousand in 32 bytes (linear counting, Whang et al. 1990).</summary>
[InlineArray(4)]
internal struct Sketch
{
    private ulong word0;

    public void Add(ulong hash) => this[(int)(hash >> 62)] |= 1UL << (int)(hash >> 56 & 63);

    public readonly int Count
    {
        get
        {
            var set = 0;
            for (var i = 0; i < 4; i++) set += BitOperations.PopCount(this[i]);
            return set >= 255 ? 1_420 : (int)Math.Round(-256 * Math.Log(1 - set / 256.0));
        }
    }
}

/// <summary>The last events of note: sequence in the low 56 bits, what they were in the next 5, what came of them in the highest 3.</summary>
[InlineArray(Size)]
internal struct Ring
{
    public const int Size = 16;
    public const ulong SequenceMask = (1UL << 56) - 1;
    private ulong entry0;
}
