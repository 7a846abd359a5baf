using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Palisade.Engine.Detect.Sigma.Match;

/// <summary>
/// Remembers what the scan found in a value of a field, so that a value seen before costs one look-up: logs repeat themselves. A value is
/// taken up when it comes the second time, so that values that never repeat push nothing out. Bounded: when its memory is full it forgets
/// everything. One instance a thread.
/// </summary>
/// <remarks>
/// The hash is keyed by the process (nobody outside can prepare values that meet in one place), and the bytes are compared in full, so a
/// wrong answer is impossible. Table: sets of two entries, the newer one first; an entry is a line of the processor's cache and holds
/// short values itself, so that looking one up touches one or two lines.
/// Findings: <c>[n exact, n possible, n rules, atoms…, atoms…, rules…]</c>; at offset 0 lies "nothing found", which most values share.
/// </remarks>
internal sealed class ValueMemo
{
    /// <summary>Longest value remembered, bytes.</summary>
    public const int MaxValue = 32 << 10;
    /// <summary>Not known.</summary>
    public const int Miss = -1;

    private const int Sets = 1 << 13, Doors = 1 << 16;
    private const int MaxBytes = 4 << 20, MaxFindings = 1 << 18;
    private const int Line = 64, Inline = 48;

    private static readonly ulong Key0 = RandomKey(), Key1 = RandomKey();

    [InlineArray(Inline)]
    private struct Text
    {
        private byte first;
    }

    /// <summary>One line: short values lie in it, of longer ones the offset.</summary>
    private struct Entry
    {
        public ulong Hash;
        public int Length, Findings;
        public Text Text;
    }

    private readonly byte[] table = GC.AllocateArray<byte>((Sets * 2 + 1) * Line, pinned: true);
    private readonly int origin;
    private readonly uint[] doors = new uint[Doors];
    // As large as they ever get, so that nothing is allocated later; the pages of memory nobody has written to yet cost nothing.
    private readonly byte[] bytes = GC.AllocateUninitializedArray<byte>(MaxBytes, pinned: true);
    private readonly int[] findings = GC.AllocateUninitializedArray<int>(MaxFindings, pinned: true);
    private int bytesUsed, findingsUsed = 3;

    public ValueMemo()
    {
        findings.AsSpan(0, findingsUsed).Clear();
        unsafe { origin = (int)((nuint)Line - (nuint)Unsafe.AsPointer(ref table[0]) % Line) % Line; }
    }

    /// <summary>Findings of all values known; valid until the next <see cref="Add"/>.</summary>
    public ReadOnlySpan<int> Findings => findings;

    /// <summary>Changes when everything is forgotten.</summary>
    public int Epoch { get; private set; }

    /// <summary>Values looked up, and those known.</summary>
    public long Lookups { get; private set; }
    public long Hits { get; private set; }

    private static ulong RandomKey()
    {
        Span<byte> key = stackalloc byte[8];
        RandomNumberGenerator.Fill(key);
        return MemoryMarshal.Read<ulong>(key) | 1;
    }

    /// <summary>Where the findings of a value begin, or <see cref="Miss"/>; <paramref name="hash"/> is for <see cref="CameBefore"/> and <see cref="Add"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(uint field, ReadOnlySpan<byte> value, out ulong hash)
    {
        hash = Hash(field, value);
        Lookups++;
        ref var entry = ref Set(hash);
        if (!Is(ref entry, hash, value))
        {
            entry = ref Unsafe.Add(ref entry, 1);
            if (!Is(ref entry, hash, value)) return Miss;
        }
        Hits++;
        return entry.Findings;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Entry Set(ulong hash) =>
        ref Unsafe.As<byte, Entry>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(table), origin + (nint)(hash & (Sets - 1)) * (2 * Line)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Is(ref Entry entry, ulong hash, ReadOnlySpan<byte> value)
    {
        if (entry.Hash != hash || entry.Length != value.Length) return false;
        ref var known = ref Unsafe.As<Text, byte>(ref entry.Text);
        if (value.Length > Inline) known = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(bytes), Unsafe.As<byte, int>(ref known));
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
    public void Add(ulong hash, ReadOnlySpan<byte> value, ReadOnlySpan<int> exact, ReadOnlySpan<int> possible, ReadOnlySpan<int> rules)
    {
        if (!Keep(value, exact, possible, rules, out var offset, out var found)) return;
        ref var newer = ref Set(hash);
        Unsafe.Add(ref newer, 1) = newer;
        newer = new Entry { Hash = hash, Length = value.Length, Findings = found };
        ref var text = ref Unsafe.As<Text, byte>(ref newer.Text);
        if (value.Length > Inline) Unsafe.As<byte, int>(ref text) = offset;
        else value.CopyTo(MemoryMarshal.CreateSpan(ref text, Inline));
    }

    private bool Keep(ReadOnlySpan<byte> value, ReadOnlySpan<int> exact, ReadOnlySpan<int> possible, ReadOnlySpan<int> rules, out int offset, out int found)
    {
        var words = exact.Length + possible.Length + rules.Length;
        (offset, found) = (0, 0);
        if (words > MaxFindings / 16) return false;
        var longer = value.Length > Inline ? value.Length : 0;
        if (bytesUsed + longer > MaxBytes || findingsUsed + words + 3 > MaxFindings) Forget();
        if (longer > 0)
        {
            offset = bytesUsed;
            value.CopyTo(bytes.AsSpan(offset));
            bytesUsed += longer;
        }
        if (words == 0) return true;
        found = findingsUsed;
        (findings[found], findings[found + 1], findings[found + 2]) = (exact.Length, possible.Length, rules.Length);
        exact.CopyTo(findings.AsSpan(found + 3));
        possible.CopyTo(findings.AsSpan(found + 3 + exact.Length));
        rules.CopyTo(findings.AsSpan(found + 3 + exact.Length + possible.Length));
        findingsUsed += words + 3;
        return true;
    }

    private void Forget()
    {
        Array.Clear(table);
        (bytesUsed, findingsUsed) = (0, 3);
        Epoch++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }

    // Multiply and fold, 16 bytes a step (the construction of wyhash), keyed at both ends.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Hash(uint field, ReadOnlySpan<byte> value)
    {
        ref var p = ref MemoryMarshal.GetReference(value);
        nint n = value.Length;
        var seed = Key0 ^ (field * 0x9E3779B97F4A7C15UL);
        ulong a, b;
        if (n <= 16)
        {
            if (n >= 8) { a = Read8(ref p, 0); b = Read8(ref p, n - 8); }
            else if (n >= 4) { a = Read4(ref p, 0); b = Read4(ref p, n - 4); }
            else { a = (ulong)p << 16 | (ulong)Unsafe.Add(ref p, n >> 1) << 8 | Unsafe.Add(ref p, n - 1); b = 0; }
        }
        else
        {
            for (nint i = 0; i + 16 < n; i += 16) seed = Mix(Read8(ref p, i) ^ Key1, Read8(ref p, i + 8) ^ seed);
            a = Read8(ref p, n - 16);
            b = Read8(ref p, n - 8);
        }
        return Mix(Key1 ^ (ulong)n, Mix(a ^ Key1, b ^ seed));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read8(ref byte p, nint at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read4(ref byte p, nint at) => Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref p, at));
}
