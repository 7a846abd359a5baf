using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Palisade.Journal;

/// <summary>What a frame carries. Persisted: only grows. Readers skip kinds they do not know.</summary>
public static class FrameKind
{
    /// <summary>One log record as received.</summary>
    public const byte Record = 1;
    /// <summary>Counts of records that were refused, by reason: the loss ledger is read from the journal alone.</summary>
    public const byte Refusals = 2;
    /// <summary>No more lines came for some time: what the session's last lines made is a whole record. Without payload.</summary>
    public const byte RecordEnd = 3;
    /// <summary>Highest kind this version hands to readers.</summary>
    public const byte HighestKnown = RecordEnd;
}

/// <summary>What the appender says of a record.</summary>
/// <param name="ReceivedMs">Receipt, Unix milliseconds UTC.</param>
/// <param name="Tenant">Owner; 0 is never a tenant.</param>
/// <param name="Source">Log source.</param>
/// <param name="Kind">See <see cref="FrameKind"/>.</param>
/// <param name="SenderSession">The sender's session; 0 where it has none.</param>
/// <param name="SenderSequence">The sender's number of the record in its session; 0 where it has none.</param>
/// <param name="Encoding">How the payload is encoded; 0 = as received.</param>
public readonly record struct FrameHeader(
    long ReceivedMs, uint Tenant, uint Source, byte Kind, ulong SenderSession, ulong SenderSequence, byte Encoding);

/// <summary>Why bytes are not a frame.</summary>
internal enum FrameCheck : byte { Ok, Short, Bad, Newer }

/// <summary>
/// The frame on disk, little endian, no padding. Frozen: a change is a new format version.
/// <code>
///   0  u32  length           whole frame, these four bytes included
///   4  u32  CRC-32C          over bytes 0..3 and 8..length
///   8  u8   format version   1
///   9  u8   kind
///  10  u64  sequence         strictly rising, from 1
///  18  i64  received         Unix milliseconds UTC
///  26  u32  tenant
///  30  u32  source
///  34  u64  sender session
///  42  u64  sender sequence  0 = none
///  50  u8   encoding
///  51  …    payload
/// </code>
/// </summary>
internal static class FrameFormat
{
    public const int HeaderBytes = 51;
    public const byte Version = 1;
    /// <summary>No frame is longer, whatever the options: a length above is damage.</summary>
    public const int MaxFrameBytes = (256 << 20) + HeaderBytes;

    /// <summary>Writes all but the checksum.</summary>
    public static void Write(Span<byte> to, in FrameHeader header, ulong sequence, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, HeaderBytes + payload.Length);
        to[8] = Version;
        to[9] = header.Kind;
        BinaryPrimitives.WriteUInt64LittleEndian(to[10..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(to[18..], header.ReceivedMs);
        BinaryPrimitives.WriteUInt32LittleEndian(to[26..], header.Tenant);
        BinaryPrimitives.WriteUInt32LittleEndian(to[30..], header.Source);
        BinaryPrimitives.WriteUInt64LittleEndian(to[34..], header.SenderSession);
        BinaryPrimitives.WriteUInt64LittleEndian(to[42..], header.SenderSequence);
        to[50] = header.Encoding;
        payload.CopyTo(to[HeaderBytes..]);
    }

    /// <summary>Writes the checksum of a whole frame into it.</summary>
    public static void Seal(Span<byte> frame) => BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Checksum(frame));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Length(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32LittleEndian(frame);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Sequence(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt64LittleEndian(frame[10..]);

    public static byte Kind(ReadOnlySpan<byte> frame) => frame[9];

    public static FrameHeader Header(ReadOnlySpan<byte> frame) => new(
        BinaryPrimitives.ReadInt64LittleEndian(frame[18..]),
        BinaryPrimitives.ReadUInt32LittleEndian(frame[26..]),
        BinaryPrimitives.ReadUInt32LittleEndian(frame[30..]),
        frame[9],
        BinaryPrimitives.ReadUInt64LittleEndian(frame[34..]),
        BinaryPrimitives.ReadUInt64LittleEndian(frame[42..]),
        frame[50]);

    /// <summary>Does a whole, sound frame start here? <see cref="FrameCheck.Short"/>: perhaps, but more bytes are needed (<paramref name="length"/> says how many, 0 = not known yet).</summary>
    public static FrameCheck Check(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        if (bytes.Length < HeaderBytes) return FrameCheck.Short;
        var claimed = Length(bytes);
        if (claimed is < HeaderBytes or > MaxFrameBytes) return FrameCheck.Bad;
        length = claimed;
        if (bytes.Length < claimed) return FrameCheck.Short;
        if (Checksum(bytes[..claimed]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])) return FrameCheck.Bad;
        return bytes[8] > Version ? FrameCheck.Newer : FrameCheck.Ok;
    }

    private static uint Checksum(ReadOnlySpan<byte> frame) => ~Crc32C.Update(Crc32C.Update(~0u, frame[..4]), frame[8..]);
}
