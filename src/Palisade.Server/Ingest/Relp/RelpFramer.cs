using System.Buffers;

namespace Palisade.Server.Ingest;

/// <summary>What a client asks for.</summary>
public enum RelpCommand : byte { Unknown, Open, Syslog, Close }

/// <summary>One frame of a client.</summary>
/// <param name="Transaction">Its number, which the answer repeats.</param>
/// <param name="Data">Valid as long as the buffer; empty with <see cref="IngestRefusal.LineTooLong"/>.</param>
/// <param name="Refusal">LineTooLong: the data were longer than allowed and are skipped.</param>
public readonly record struct RelpFrame(int Transaction, RelpCommand Command, ReadOnlySequence<byte> Data, IngestRefusal Refusal);

/// <summary>What a read of the stream gave.</summary>
public enum RelpStatus : byte
{
    /// <summary>Not enough bytes yet.</summary>
    NeedMore,
    /// <summary>A frame.</summary>
    Frame,
    /// <summary>Not RELP: nothing behind it can be understood.</summary>
    Bad,
}

/// <summary>
/// Cuts a stream into frames of RELP, the Reliable Event Logging Protocol of rsyslog, as its specification ("RELP - The
/// Reliable Event Logging Protocol", section "Syntax") gives them. Pure: bytes in, slices of the same buffer out.
/// </summary>
/// <remarks>
/// <code>
/// TXNR SP COMMAND SP DATALEN [SP DATA] LF
/// TXNR, DATALEN = 1 to 9 digits       COMMAND = 1 to 32 letters       DATA = DATALEN bytes of anything
/// </code>
/// A length that lies is found out by what stands where the LF should be. Data above the limit are skipped byte for byte without
/// being held.
/// </remarks>
public struct RelpFramer(int maxData)
{
    private const int MaxDigits = 9, MaxCommand = 32, MaxHead = MaxDigits + 1 + MaxCommand + 1 + MaxDigits + 1;
    private long skip;

    /// <summary>Takes the next frame off the front of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">Unread bytes; on return without what was consumed.</param>
    public RelpStatus TryRead(ref ReadOnlySequence<byte> buffer, out RelpFrame frame)
    {
        frame = default;
        if (skip > 0)
        {
            var n = Math.Min(skip, buffer.Length);
            buffer = buffer.Slice(n);
            skip -= n;
            if (skip > 0) return RelpStatus.NeedMore;
        }
        Span<byte> head = stackalloc byte[MaxHead];
        head = head[..(int)Math.Min(buffer.Length, MaxHead)];
        buffer.Slice(0, head.Length).CopyTo(head);
        var at = 0;
        var status = Number(head, ref at, (byte)' ', out var transaction);
        if (status != RelpStatus.Frame) return status;
        status = Command(head, ref at, out var command);
        if (status != RelpStatus.Frame) return status;
        // a length of nothing is followed by the LF at once; some senders write a space before it
        status = Number(head, ref at, (byte)' ', out var length, orLineFeed: true);
        if (status != RelpStatus.Frame) return status;
        if (length == 0 && head[at - 1] == '\n') return Done(ref buffer, at, new RelpFrame(transaction, command, default, IngestRefusal.None), out frame);
        if (head[at - 1] == '\n') return RelpStatus.Bad;
        if (length > maxData)
        {
            skip = length + 1L;
            return Done(ref buffer, at, new RelpFrame(transaction, command, default, IngestRefusal.LineTooLong), out frame);
        }
        if (buffer.Length < at + length + 1L) return RelpStatus.NeedMore;
        Span<byte> trailer = stackalloc byte[1];
        buffer.Slice(at + (long)length, 1).CopyTo(trailer);
        if (trailer[0] != '\n') return RelpStatus.Bad;
        return Done(ref buffer, at + length + 1L, new RelpFrame(transaction, command, buffer.Slice(at, length), IngestRefusal.None), out frame);
    }

    private static RelpStatus Done(ref ReadOnlySequence<byte> buffer, long consumed, RelpFrame made, out RelpFrame frame)
    {
        frame = made;
        buffer = buffer.Slice(consumed);
        return RelpStatus.Frame;
    }

    /// <summary>Digits and what ends them; <paramref name="at"/> moves behind that.</summary>
    private static RelpStatus Number(ReadOnlySpan<byte> head, ref int at, byte end, out int value, bool orLineFeed = false)
    {
        value = 0;
        var begun = at;
        while (at < head.Length && at - begun < MaxDigits && char.IsAsciiDigit((char)head[at])) value = value * 10 + (head[at++] - '0');
        if (at == head.Length) return RelpStatus.NeedMore;
        if (at == begun || (head[at] != end && !(orLineFeed && head[at] == '\n'))) return RelpStatus.Bad;
        at++;
        return RelpStatus.Frame;
    }

    private static RelpStatus Command(ReadOnlySpan<byte> head, ref int at, out RelpCommand command)
    {
        command = RelpCommand.Unknown;
        var begun = at;
        while (at < head.Length && at - begun < MaxCommand && char.IsAsciiLetter((char)head[at])) at++;
        if (at == head.Length) return RelpStatus.NeedMore;
        if (at == begun || head[at] != ' ') return RelpStatus.Bad;
        var word = head[begun..at++];
        command = word.SequenceEqual("syslog"u8) ? RelpCommand.Syslog
            : word.SequenceEqual("open"u8) ? RelpCommand.Open
            : word.SequenceEqual("close"u8) ? RelpCommand.Close
            : RelpCommand.Unknown;
        return RelpStatus.Frame;
    }
}
