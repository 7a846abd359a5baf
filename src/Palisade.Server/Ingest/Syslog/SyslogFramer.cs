using System.Buffers;

namespace Palisade.Server.Ingest;

/// <summary>What a read of the stream gave.</summary>
public enum FrameStatus : byte
{
    /// <summary>Not enough bytes yet; nothing more to take from this buffer.</summary>
    NeedMore,
    /// <summary>A message.</summary>
    Message,
    /// <summary>Something that cannot be a message was skipped; the reason is beside it.</summary>
    Refused,
}

/// <summary>
/// Cuts a TCP stream into syslog messages: octet counting and newline framing (RFC 6587 section 3.4), told apart message by
/// message. Pure: bytes in, slices of the same buffer out.
/// </summary>
/// <remarks>
/// <code>
/// octet counting:   MSG-LEN SP "&lt;" …       MSG-LEN = 1 to 7 digits, no leading zero
/// newline:          … LF                   (also CR LF, and NUL as some appliances send it)
/// in UTF-16:        [mark] … 0A 00 | 00 0A (a text file sent as it is; told by its mark, or by the first two letters)
/// </code>
/// A count that lies can spoil its own connection only: one too small leaves a rest that is read as a line of its own, one
/// above the limit is skipped byte for byte without being held.
/// </remarks>
public partial struct SyslogFramer(int maxMessage)
{
    private const int MaxDigits = 7;
    private long skip;
    private bool skipLine;
    // The line at hand began with a mark, which is taken off already.
    private bool marked;
    private TextEncoding lines = TextEncoding.Utf8;

    /// <summary>What the last message is written in: <see cref="TextEncoding.Utf16Le"/>, <see cref="TextEncoding.Utf16Be"/>, or something of single bytes (<see cref="TextEncoding.Utf8"/>).</summary>
    public TextEncoding Encoding { get; private set; } = TextEncoding.Utf8;

    /// <summary>Takes the next message off the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Unread bytes; on return without what was consumed.</param>
    /// <param name="completed">No more bytes will follow.</param>
    /// <param name="message">The message without its framing; valid as long as the buffer.</param>
    /// <param name="refusal">Set with <see cref="FrameStatus.Refused"/>.</param>
    public FrameStatus TryRead(ref ReadOnlySequence<byte> buffer, bool completed, out ReadOnlySequence<byte> message, out IngestRefusal refusal)
    {
        message = default;
        refusal = IngestRefusal.None;
        while (true)
        {
            if (skip > 0)
            {
                var n = Math.Min(skip, buffer.Length);
                buffer = buffer.Slice(n);
                skip -= n;
                if (skip > 0) return FrameStatus.NeedMore;
            }
            if (skipLine && !SkipToLineEnd(ref buffer, completed)) return FrameStatus.NeedMore;
            if (buffer.IsEmpty || !KnowsLines(ref buffer, completed)) return FrameStatus.NeedMore;
            Encoding = lines;
            if (lines != TextEncoding.Utf8)
            {
                var wide = ReadWide(ref buffer, completed, out message, out refusal);
                if (wide == FrameStatus.Message && message.IsEmpty) continue;
                return wide;
            }

            switch (ReadCount(buffer, completed, out var count, out var digits))
            {
                case CountResult.NeedMore: return FrameStatus.NeedMore;
                case CountResult.Count:
                    var whole = digits + 1L + count;
                    if (count > maxMessage)
                    {
                        buffer = buffer.Slice(digits + 1L);
                        skip = count;
                        refusal = IngestRefusal.LineTooLong;
                        return FrameStatus.Refused;
                    }
                    if (buffer.Length < whole)
                    {
                        if (!completed) return FrameStatus.NeedMore;
                        buffer = buffer.Slice(buffer.End);
                        refusal = IngestRefusal.HalfFrame;
                        return FrameStatus.Refused;
                    }
                    message = TrimEnd(buffer.Slice(digits + 1L, count));
                    buffer = buffer.Slice(whole);
                    if (message.IsEmpty) continue;
                    return FrameStatus.Message;
                default:
                    var status = ReadLine(ref buffer, completed, out message, out refusal);
                    if (status == FrameStatus.Message && message.IsEmpty) continue;
                    return status;
            }
        }
    }

    private FrameStatus ReadLine(ref ReadOnlySequence<byte> buffer, bool completed, out ReadOnlySequence<byte> message, out IngestRefusal refusal)
    {
        message = default;
        refusal = IngestRefusal.None;
        var end = LineEnd(buffer);
        if (end is { } at)
        {
            var line = buffer.Slice(buffer.Start, at);
            buffer = buffer.Slice(buffer.GetPosition(1, at));
            if (line.Length > maxMessage) { refusal = IngestRefusal.LineTooLong; return FrameStatus.Refused; }
            message = TrimEnd(line);
            return FrameStatus.Message;
        }
        if (buffer.Length > maxMessage)
        {
            buffer = buffer.Slice(buffer.End);
            skipLine = true;
            refusal = IngestRefusal.LineTooLong;
            return FrameStatus.Refused;
        }
        if (!completed) return FrameStatus.NeedMore;
        message = TrimEnd(buffer);
        buffer = buffer.Slice(buffer.End);
        return FrameStatus.Message;
    }

    private bool SkipToLineEnd(ref ReadOnlySequence<byte> buffer, bool completed)
    {
        if (lines != TextEncoding.Utf8)
        {
            var end = WideEnd(buffer);
            buffer = buffer.Slice(end >= 0 ? end + 2 : completed ? buffer.Length : buffer.Length & ~1L);
            skipLine = end < 0;
            return end >= 0;
        }
        if (LineEnd(buffer) is not { } at) { buffer = buffer.Slice(buffer.End); return false; }
        buffer = buffer.Slice(buffer.GetPosition(1, at));
        skipLine = false;
        return true;
    }

    private static SequencePosition? LineEnd(in ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
        {
            var at = buffer.FirstSpan.IndexOfAny((byte)'\n', (byte)0);
            return at < 0 ? null : buffer.GetPosition(at);
        }
        var reader = new SequenceReader<byte>(buffer);
        return reader.TryAdvanceToAny("\n\0"u8, advancePastDelimiter: false) ? reader.Position : null;
    }

    private enum CountResult : byte { None, NeedMore, Count }

    /// <summary>Digits, a space and "&lt;" make a count; anything else is a line.</summary>
    private static CountResult ReadCount(in ReadOnlySequence<byte> buffer, bool completed, out int count, out int digits)
    {
        Span<byte> head = stackalloc byte[MaxDigits + 2];
        var n = (int)Math.Min(buffer.Length, head.Length);
        buffer.Slice(0, n).CopyTo(head);
        count = 0;
        digits = 0;
        while (digits < n && digits < MaxDigits && char.IsAsciiDigit((char)head[digits]))
        {
            if (digits == 0 && head[0] == '0') return CountResult.None;
            count = count * 10 + (head[digits++] - '0');
        }
        if (digits == 0) return CountResult.None;
        if (digits < n && head[digits] != ' ') return CountResult.None;
        if (digits + 1 < n) return head[digits + 1] == '<' ? CountResult.Count : CountResult.None;
        return completed ? CountResult.None : CountResult.NeedMore;
    }

    private static ReadOnlySequence<byte> TrimEnd(ReadOnlySequence<byte> message)
    {
        Span<byte> last = stackalloc byte[1];
        while (!message.IsEmpty)
        {
            message.Slice(message.Length - 1).CopyTo(last);
            if (last[0] is not ((byte)'\r' or (byte)'\n' or 0)) break;
            message = message.Slice(0, message.Length - 1);
        }
        return message;
    }
}
