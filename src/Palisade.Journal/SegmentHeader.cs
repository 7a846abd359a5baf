using System.Buffers.Binary;

namespace Palisade.Journal;

/// <summary>
/// First bytes of a segment file, little endian. Frozen: a change is a new format version.
/// <code>
///   0  8    magic "PLSDJNL\n"
///   8  u32  format version   1
///  12  u32  node
///  16  u64  first sequence   the sequence the first frame has or will have
///  24  i64  created          Unix milliseconds UTC
///  32  32   SHA-256 of the whole content of the segment before; zeros for the first
///  64  u32  CRC-32C over bytes 0..63
/// </code>
/// The file's name is the first sequence in 20 digits and ".seg".
/// </summary>
internal readonly record struct SegmentHeader(uint Version, int Node, ulong First, long CreatedMs, ReadOnlyMemory<byte> Previous)
{
    public const int Bytes = 68;
    public const uint CurrentVersion = 1;
    public const int HashBytes = 32;
    private static ReadOnlySpan<byte> Magic => "PLSDJNL\n"u8;

    public byte[] Encode()
    {
        var to = new byte[Bytes];
        Magic.CopyTo(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(to.AsSpan(12), Node);
        BinaryPrimitives.WriteUInt64LittleEndian(to.AsSpan(16), First);
        BinaryPrimitives.WriteInt64LittleEndian(to.AsSpan(24), CreatedMs);
        Previous.Span.CopyTo(to.AsSpan(32));
        BinaryPrimitives.WriteUInt32LittleEndian(to.AsSpan(64), Crc32C.Compute(to.AsSpan(0, 64)));
        return to;
    }

    /// <summary>False when these bytes are no header. A header of a newer version is read as far as its version.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < 12 || !bytes.StartsWith(Magic)) return false;
        var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (version > CurrentVersion)
        {
            header = new SegmentHeader(version, 0, 0, 0, ReadOnlyMemory<byte>.Empty);
            return true;
        }
        if (bytes.Length < Bytes || Crc32C.Compute(bytes[..64]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[64..])) return false;
        header = new SegmentHeader(
            version,
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            bytes.Slice(32, HashBytes).ToArray());
        return true;
    }
}
