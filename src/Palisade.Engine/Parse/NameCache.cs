using System.Numerics;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Parse;

/// <summary>
/// Ids of names of fields that one thread has met, found by their bytes: the same names come again with every record. Bounded, and what is in stays in, so that
/// names nobody will ever see again cost no more than a look.
/// </summary>
internal sealed class NameCache
{
    private const int Slots = 1 << 14, Tries = 4;
    private readonly (uint Hash, ushort Id, byte[] Name)[] slots = new (uint, ushort, byte[])[Slots];

    /// <summary>Id of a name, catalogued or not; 0 as <see cref="FieldNames.GetOrAdd(ReadOnlySpan{byte})"/> says.</summary>
    public ushort GetOrAdd(ReadOnlySpan<byte> name)
    {
        var hash = Hash(name);
        for (var i = 0; i < Tries; i++)
        {
            ref var slot = ref slots[(hash + (uint)i) & (Slots - 1)];
            if (slot.Name is null)
            {
                var id = FieldNames.GetOrAdd(name);
                if (id != 0) slot = (hash, id, name.ToArray());
                return id;
            }
            if (slot.Hash == hash && slot.Name.AsSpan().SequenceEqual(name)) return slot.Id;
        }
        return FieldNames.GetOrAdd(name);
    }

    private static uint Hash(ReadOnlySpan<byte> name)
    {
        var hash = (ulong)name.Length * 0x9E3779B97F4A7C15;
        foreach (var part in MemoryMarshal.Cast<byte, ulong>(name)) hash = BitOperations.RotateLeft((hash ^ part) * 0x9E3779B97F4A7C15, 29);
        foreach (var b in name[(name.Length & ~7)..]) hash = (hash ^ b) * 0x100000001B3;
        return (uint)(hash ^ hash >> 32);
    }
}
