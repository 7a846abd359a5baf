using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Correlate;

/// <summary>
/// An array whose first item begins a line of the processor's cache, so that an item of 64 bytes is one line and not parts of two. Behind the last one
/// <see cref="KeyHash.Slack"/> bytes more may be read. Large ones lie in huge pages where there are any.
/// </summary>
internal readonly struct LineArray<T> where T : unmanaged
{
    private const int Line = 64;

    // pinned: what begins a line stays there
    private readonly byte[] bytes;
    private readonly int origin;

    public LineArray(int length)
    {
        bytes = GC.AllocateArray<byte>(length * Unsafe.SizeOf<T>() + Line + KeyHash.Slack, pinned: true);
        unsafe { origin = (int)((nuint)Line - (nuint)Unsafe.AsPointer(ref bytes[0]) % Line) % Line; }
        HugePages.Ask(bytes);
        Length = length;
    }

    /// <summary>Items there is room for; 0 where the array was never made.</summary>
    public int Length { get; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)Length) Outside();
            return ref Unsafe.Add(ref First, index);
        }
    }

    public Span<T> Items => Length == 0 ? [] : MemoryMarshal.CreateSpan(ref First, Length);

    private ref T First => ref Unsafe.As<byte, T>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(bytes), origin));

    /// <summary>The same items in an array of another length.</summary>
    public LineArray<T> Of(int length)
    {
        var other = new LineArray<T>(length);
        Items.CopyTo(other.Items);
        return other;
    }

    private static void Outside() => throw new ArgumentOutOfRangeException(nameof(Length), "no such item");
}
