using System.Buffers.Binary;

namespace Palisade.Server.Ingest;

/// <summary>How a record came, which says how to take it apart. Persisted: only grows.</summary>
public static class RecordEncodings
{
    /// <summary>A line of text.</summary>
    public const byte Line = 0;
    /// <summary>A JSON document as a shipper made it; the line itself may be in its message or event.original.</summary>
    public const byte Json = 1;
    /// <summary>A syslog message without its framing.</summary>
    public const byte Syslog = 2;
    /// <summary>Beside one of the others: it was no UTF-8 and was turned to it.</summary>
    public const byte Converted = 0x80;
}

/// <summary>Payload of a frame of kind <see cref="Palisade.Journal.FrameKind.Refusals"/>; tenant, source and time are in the frame's header.</summary>
/// <remarks><code>( reason u8 | count u64 little endian )*</code></remarks>
public static class RefusalFrame
{
    public const int EntryBytes = 9;

    public static void Write(Span<byte> at, IngestRefusal reason, long count)
    {
        at[0] = (byte)reason;
        BinaryPrimitives.WriteInt64LittleEndian(at[1..], count);
    }

    /// <summary>Takes the next entry off the front; false at the end or at bytes that are none.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> payload, out IngestRefusal reason, out long count)
    {
        reason = default;
        count = 0;
        if (payload.Length < EntryBytes) return false;
        reason = (IngestRefusal)payload[0];
        count = BinaryPrimitives.ReadInt64LittleEndian(payload[1..]);
        payload = payload[EntryBytes..];
        return count > 0;
    }
}
