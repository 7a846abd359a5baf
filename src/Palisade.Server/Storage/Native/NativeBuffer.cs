using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Palisade.Server.Storage.Native;

/// <summary>A growing run of bytes in ClickHouse's Native encoding: little-endian numbers, VarUInt lengths.</summary>
internal sealed class NativeBuffer(int capacity = 1 << 12)
{
    private byte[] bytes = new byte[capacity];

    public int Length { get; private set; }
    public ReadOnlySpan<byte> Span => bytes.AsSpan(0, Length);
    public ArraySegment<byte> Segment => new(bytes, 0, Length);

    public void Clear() => Length = 0;

    /// <summary>Makes room for <paramref name="count"/> bytes that the caller fills.</summary>
    public Span<byte> Extend(int count)
    {
        if (bytes.Length - Length < count) Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + count));
        var span = bytes.AsSpan(Length, count);
        Length += count;
        return span;
    }

    public void Raw(ReadOnlySpan<byte> data) => data.CopyTo(Extend(data.Length));

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Extend(8), value);

    public void VarUInt(ulong value)
    {
        for (; value >= 128; value >>= 7) Extend(1)[0] = (byte)(value | 128);
        Extend(1)[0] = (byte)value;
    }

    /// <summary>VarUInt length, then the bytes.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 128)
        {
            var span = Extend(utf8.Length + 1);
            span[0] = (byte)utf8.Length;
            utf8.CopyTo(span[1..]);
            return;
        }
        VarUInt((ulong)utf8.Length);
        Raw(utf8);
    }

    public void Values<T>(ReadOnlySpan<T> values) where T : unmanaged => Raw(MemoryMarshal.AsBytes(values));
}
