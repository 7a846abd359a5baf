using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Remembers what the scan found in a value of a field, so that a value seen before costs one look-up: logs repeat themselves. Values that
/// never repeat push out none that did. Bounded: longer values lie in a ring, the oldest are written over. One instance a thread.
/// </summary>
/// <remarks>
/// The hash is keyed by the process, and the bytes are compared in full, so a wrong answer is impossible. Table: sets of two entries; of
/// these gives way one that was never asked for again, if there is one. An entry is a line of the processor's
/// cache and holds short values itself, so that looking one up touches one or two lines.
/// </remarks>
internal sealed class ValueMemo
{
    /// <summary>Longest value remembered, bytes.</summary>
    public const int MaxValue = 32 << 10;
    /// <summary>Not known.</summary>
    public const int Miss = -1;

    private const int Sets = 1 << 13, Doors = 1 << 16;
    private const int MaxBytes = 4 << 20;
    private const int Line = 64, Inline = 48;

    [InlineArray(Inline)]
    private struct Text
    {
        private byte first;
    }

    /// <summary>One line: short values lie in it, of longer ones their place: all bytes written to the ring before.</summary>
    private struct Entry
    {
        public ulong Hash;
        public int Length;
        // twice the number of what is in the value, and one more where it was asked for again
        public int Found;
        public Text Text;
    }

    private readonly byte[] table = GC.AllocateArray<byte>((Sets * 2 + 1) * Line, pinned: true);
    private readonly int origin;
    private readonly uint[] doors = new uint[Doors];
    // As large as they ever get, so that nothing is allocated later; the pages of memory nobody has written to yet cost nothing.
    private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
    private long written;

    public ValueMemo()
    {
        unsafe { origin = (int)((nuint)Line - (nuint)Unsafe.AsPointer(ref table[0]) % Line) % Line; }
    }

    /// <summary>Values looked up, and those known.</summary>
    public long Lookups { get; private set; }
    public long Hits { get; private set; }

    /// <summary>The number of what is in a value (<see cref="FoundSets"/>), or <see cref="Miss"/>; <paramref name="hash"/> is for <see cref="CameBefore"/> and <see cref="Add"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(uint field, ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = KeyedHash.Of(field, value);
        Lookups++;
        ref var entry = ref Set(hash);
        if (!Is(ref entry, hash, value))
        {
            entry = ref Unsafe.Add(ref entry, 1);
            if (!Is(ref entry, hash, value)) return Miss;
        }
        Hits++;
        entry.Found |= 1;
        return entry.Found >> 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Entry Set(ulong hash) =>
        ref Unsafe.As<byte, Entry>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(table), origin + (nint)(hash & (Sets - 1)) * (2 * Line)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(ref Entry entry, ulong hash, ReadOnlySpan<byte> value)
    {
        if (entry.Hash != hash || entry.Length != value.Length) return false;
        ref var known = ref Unsafe.As<Text, byte>(ref entry.Text);
        if (value.Length > Inline)
        {
            var place = Unsafe.As<byte, long>(ref known);
            if (written - place > MaxBytes) return false;
            known = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(bytes), (nint)(place & (MaxBytes - 1)));
        }
        return value.SequenceEqual(MemoryMarshal.CreateReadOnlySpan(ref known, value.Length));
    }

    /// <summary>Whether a value that <see cref="Find"/> did not know was asked for before, as far as is known; from now on it was.</summary>
    public bool CameBefore(ulong hash)
    {
        ref var door = ref doors[(int)(hash >> 32) & (Doors - 1)];
        var mark = (uint)hash | 1;
        if (door == mark) return true;
        door = mark;
        return false;
    }

    /// <summary>Takes up what was found in a value that <see cref="Find"/> did not know.</summary>
    public void Add(ulong hash, ReadOnlySpan<byte> value, int found)
    {
        ref var first = ref Set(hash);
        ref var second = ref Unsafe.Add(ref first, 1);
        ref var entry = ref (first.Found & 1) == 0 ? ref first : ref second;
        // both were asked for again: the first gives way the next time, unless it is asked for until then
        if ((entry.Found & 1) != 0) first.Found &= ~1;
        entry = new Entry { Hash = hash, Length = value.Length, Found = found << 1 };
        ref var text = ref Unsafe.As<Text, byte>(ref entry.Text);
        if (value.Length <= Inline) { value.CopyTo(MemoryMarshal.CreateSpan(ref text, Inline)); return; }
        var at = (int)(written & (MaxBytes - 1));
        // a value lies in one piece
        if (at + value.Length > MaxBytes) { written += MaxBytes - at; at = 0; }
        Unsafe.As<byte, long>(ref text) = written;
        value.CopyTo(bytes.AsSpan(at));
        written += value.Length;
    }

    public void Forget() => Array.Clear(table);
}
