using System.Buffers;
using Palisade.Engine.Parse.Text;

namespace Palisade.Server.Ingest;

/// <summary>One message from a socket to the journal: route, append, or count why not.</summary>
public sealed class SyslogIntake(IngestGate gate, SyslogRouter router, IngestOptions limits)
{
    // Connections of many threads share this; few of them need one.
    [ThreadStatic] private static LineTranscoder? transcoder;
    private readonly SequenceGaps gaps = new();

    public IngestGate Gate => gate;

    /// <summary>Takes one message. False only when the journal is full: the caller decides whether to wait or to drop.</summary>
    /// <param name="message">The message, in UTF-8 or as it came.</param>
    /// <param name="route">Where it belongs.</param>
    /// <param name="receivedMs">Receipt, Unix milliseconds.</param>
    /// <param name="sequence">Raised to the message's place in the journal.</param>
    /// <param name="converted">It came in another encoding.</param>
    public bool TryTake(ReadOnlySpan<byte> message, in Route route, long receivedMs, ref ulong sequence, bool converted = false)
    {
        if (route.Refusal != IngestRefusal.None) { gate.Refuse(route.Lane, route.Refusal); return true; }
        if (message.Length > limits.MaxLineBytes) { gate.Refuse(route.Lane, IngestRefusal.LineTooLong); return true; }
        var refusal = Append(route.Lane, message, receivedMs, default, ref sequence, converted);
        if (refusal == IngestRefusal.JournalFull) return false;
        if (refusal != IngestRefusal.None) gate.Refuse(route.Lane, refusal);
        return true;
    }

    /// <summary>Appends one message of a known lane, and notes what its sender's count says is missing before it.</summary>
    public IngestRefusal Append(IngestLane lane, ReadOnlySpan<byte> message, long receivedMs, SenderMark mark, ref ulong sequence, bool converted = false)
    {
        var form = converted ? (byte)(RecordEncodings.Syslog | RecordEncodings.Converted) : RecordEncodings.Syslog;
        if (ForeignText.MayBe(message))
        {
            transcoder ??= new LineTranscoder();
            message = transcoder.ToUtf8(message, TextEncoding.Auto);
            form = transcoder.Mark(form);
        }
        var refusal = message.Length > limits.MaxLineBytes ? IngestRefusal.LineTooLong : gate.Append(lane, message, form, receivedMs, mark, ref sequence);
        if (refusal == IngestRefusal.None) gate.Refuse(lane, IngestRefusal.Gap, gaps.Note(lane, message));
        return refusal;
    }

    /// <summary>Whether a message that cannot wait may go in; what has no right to is counted for that, later.</summary>
    public IngestRefusal Room(in Route route) => route.Refusal != IngestRefusal.None ? IngestRefusal.None : gate.Room(route.Lane, limits.UdpBurst);

    /// <summary>Routes without asking where possible.</summary>
    public ValueTask<Route> RouteAsync(ReadOnlyMemory<byte> message, CancellationToken stop) =>
        router.TryRoute(message.Span, out var route) ? new(route) : router.AskAsync(message, stop);

    /// <summary>The message in one piece: the buffer's own bytes, or a copy in <paramref name="scratch"/>.</summary>
    public static ReadOnlyMemory<byte> Flat(in ReadOnlySequence<byte> message, ref byte[] scratch)
    {
        if (message.IsSingleSegment) return message.First;
        var length = (int)message.Length;
        if (scratch.Length < length) scratch = new byte[Math.Max(length, 4096)];
        message.CopyTo(scratch);
        return scratch.AsMemory(0, length);
    }
}
