using System.Buffers;
using System.Runtime.InteropServices;

namespace Palisade.Server.Ingest;

/// <summary>Lines in UTF-16, whose every other byte is a NUL: neither that nor a single 0A ends one.</summary>
public partial struct SyslogFramer
{
    private const int Telling = 4;

    /// <summary>Looks at how the next line begins; false when more bytes must say. A byte order mark is taken off.</summary>
    private bool KnowsLines(ref ReadOnlySequence<byte> buffer, bool completed)
    {
        if (marked) return true;
        Span<byte> head = stackalloc byte[Telling];
        head = head[..(int)Math.Min(buffer.Length, Telling)];
        buffer.Slice(0, head.Length).CopyTo(head);
        if (head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
        {
            lines = head[0] == 0xFF ? TextEncoding.Utf16Le : TextEncoding.Utf16Be;
            buffer = buffer.Slice(2);
            return marked = true;
        }
        if (head is [0xFF] or [0xFE]) return completed;
        // Two letters with a NUL each: between NULs that end messages there would be one byte.
        if (head is [>= 32, 0, >= 32, 0]) lines = TextEncoding.Utf16Le;
        else if (head is [0, >= 32, 0, >= 32]) lines = TextEncoding.Utf16Be;
        // A stream keeps to what it began with, whatever letter comes first, until a message of single bytes begins.
        else if (lines == TextEncoding.Utf8) return completed || !MayBecomeWide(head);
        else if (head is [(byte)'<', >= (byte)'0' and <= (byte)'9', ..] or [>= (byte)'1' and <= (byte)'9', >= (byte)'0' and <= (byte)'9', ..]) lines = TextEncoding.Utf8;
        else return completed || head.Length >= 2;
        return true;
    }

    private static bool MayBecomeWide(ReadOnlySpan<byte> head) => head is [not 0, 0] or [not 0, 0, not 0] or [0] or [0, not 0] or [0, not 0, 0];

    private FrameStatus ReadWide(ref ReadOnlySequence<byte> buffer, bool completed, out ReadOnlySequence<byte> message, out IngestRefusal refusal)
    {
        message = default;
        refusal = IngestRefusal.None;
        var end = WideEnd(buffer);
        // of a line feed right behind the longest line, one byte may be here already
        if (end >= 0 ? end > maxMessage : buffer.Length > (completed ? maxMessage : maxMessage + 1))
        {
            buffer = buffer.Slice(end < 0 ? buffer.Length & ~1L : end + 2);
            skipLine = end < 0;
            refusal = IngestRefusal.LineTooLong;
            marked = false;
            return FrameStatus.Refused;
        }
        if (end < 0 && !completed) return FrameStatus.NeedMore;
        marked = false;
        message = end < 0 ? buffer : buffer.Slice(0, end);
        buffer = buffer.Slice(end < 0 ? buffer.Length : end + 2);
        return FrameStatus.Message;
    }

    /// <summary>Where the next line feed of two bytes stands, whole letters from the begin; -1: none.</summary>
    private readonly long WideEnd(in ReadOnlySequence<byte> buffer)
    {
        var feed = lines == TextEncoding.Utf16Le == BitConverter.IsLittleEndian ? (ushort)0x000A : (ushort)0x0A00;
        long at = 0;
        byte? half = null;
        foreach (var segment in buffer)
        {
            var bytes = segment.Span;
            if (bytes.IsEmpty) continue;
            if (half is { } first)
            {
                if (MemoryMarshal.Read<ushort>([first, bytes[0]]) == feed) return at - 1;
                bytes = bytes[1..];
                at++;
                half = null;
            }
            var found = MemoryMarshal.Cast<byte, ushort>(bytes).IndexOf(feed);
            if (found >= 0) return at + found * 2L;
            at += bytes.Length;
            if (bytes.Length % 2 == 1) half = bytes[^1];
        }
        return -1;
    }
}
