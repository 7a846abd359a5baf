using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>
/// One RELP session. What one read brought is durable before it is answered, and is answered before the next read: no more is
/// held than a read, and a full journal, or a source that has to wait its turn, is felt by the sender as missing answers. A session may begin by repeating the end of
/// a broken one; that part is answered and not stored again.
/// </summary>
public sealed class RelpSession(
    Stream stream, Socket socket, uint who, SyslogIntake intake, ResendMemory memory, IngestOptions limits, TimeSpan idle, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(200), WriteLimit = TimeSpan.FromSeconds(60);
    /// <summary>A sender that repeats does so at once: records that may be a repetition are held back no longer than this.</summary>
    private static readonly TimeSpan HoldLimit = TimeSpan.FromSeconds(2);
    private const int ReadBytes = 64 * 1024, MaxHeldBytes = 4 << 20;

    /// <summary>A record that may be a repetition.</summary>
    private readonly record struct Held(int Transaction, byte[] Record, IngestLane Lane, UInt128 Digest);

    private readonly EndPoint? peer = socket.RemoteEndPoint;
    private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RelpAnswers answers = new();
    private readonly List<Held> held = [];
    private SenderTail tail = new(SenderSession.Connection(who));
    private ResendMatcher? resend;
    private IngestLane last;
    private byte[] scratch = [];
    private int heldBytes;
    private ulong sequence;
    private long now;
    private bool opened, begun, closing, farewell;
    private string? ending;

    public async Task RunAsync(CancellationToken stop)
    {
        await using var owned = stream;
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReadBytes, minimumReadSize: 4096, leaveOpen: true, useZeroByteReads: true));
        memory.Enter(who, socket, over.Task);
        try
        {
            await ReadAsync(reader, stop);
            log.ConnectionClosed(peer, ending!);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            log.ConnectionClosed(peer, "we are stopping");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            log.ConnectionBroke(e, peer);
        }
        finally
        {
            await reader.CompleteAsync();
            memory.Leave(who, socket, farewell ? null : tail);
            over.SetResult();
        }
    }

    private async Task ReadAsync(PipeReader reader, CancellationToken stop)
    {
        var framer = new RelpFramer(limits.MaxLineBytes);
        var alive = clock.GetTimestamp();
        while (ending is null)
        {
            var pending = reader.ReadAsync(stop).AsTask();
            if (held.Count > 0 && !await CameAsync(pending, HoldLimit, stop) && !PeerConnection.IsDown(socket))
            {
                await SettleAsync(stop);
                await AnswerAsync(stop);
            }
            if (!await CameAsync(pending, idle - clock.GetElapsedTime(alive), stop))
            {
                ending = "no message came for too long";
                reader.CancelPendingRead();
            }
            var read = await pending;
            var buffer = read.Buffer;
            await intake.Gate.EnterAsync(last, Timeout.InfiniteTimeSpan, stop);
            now = intake.Gate.NowMs;
            while (ending is null)
            {
                var status = framer.TryRead(ref buffer, out var frame);
                if (status == RelpStatus.NeedMore) break;
                alive = clock.GetTimestamp();
                if (status == RelpStatus.Bad) Break(IngestRefusal.BadFrame, "what came is not RELP"); else await TakeAsync(frame, stop);
            }
            if (read.IsCompleted && ending is null) ending = "end of stream";
            // A sender that stops in the middle of a frame holds us up; one whose connection breaks there will send it again.
            if (read.IsCanceled && !buffer.IsEmpty) intake.Gate.Refuse(last, IngestRefusal.HalfFrame);
            if (ending is not null && !read.IsCompleted) answers.ServerClose();
            await AnswerAsync(stop);
            farewell = closing;
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Waits for a read, but not longer than said.</summary>
    private async ValueTask<bool> CameAsync(Task pending, TimeSpan patience, CancellationToken stop)
    {
        if (pending.IsCompleted) return true;
        try
        {
            await pending.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, clock, stop);
        }
        catch (TimeoutException)
        {
            return false;
        }
        return true;
    }

    private async ValueTask TakeAsync(RelpFrame frame, CancellationToken stop)
    {
        if (!opened && frame.Command != RelpCommand.Open) { Break(IngestRefusal.BadFrame, "it did not begin with open"); return; }
        switch (frame.Command)
        {
            case RelpCommand.Open when opened:
                Break(IngestRefusal.BadFrame, "it opened twice");
                break;
            case RelpCommand.Open:
                opened = true;
                answers.Opened(frame.Transaction);
                break;
            case RelpCommand.Close:
                await SettleAsync(stop);
                answers.Closed(frame.Transaction);
                closing = true;
                ending = "the sender closed it";
                break;
            case RelpCommand.Syslog when frame.Refusal != IngestRefusal.None:
                // It will never fit: the sender may forget it, and the ledger does not.
                await SettleAsync(stop);
                intake.Gate.Refuse(last, frame.Refusal);
                answers.Done(frame.Transaction);
                break;
            case RelpCommand.Syslog:
                await RecordAsync(frame, stop);
                break;
            default:
                answers.Failed(frame.Transaction, "unknown command");
                break;
        }
    }

    private async ValueTask RecordAsync(RelpFrame frame, CancellationToken stop)
    {
        var flat = SyslogIntake.Flat(frame.Data, ref scratch);
        flat = flat[..flat.Span.TrimEnd("\r\n\0"u8).Length];
        if (flat.IsEmpty) { await SettleAsync(stop); answers.Done(frame.Transaction); return; }
        var route = await intake.RouteAsync(flat, stop);
        if (route.Refusal != IngestRefusal.None)
        {
            // Not refused for good: with the right token the same record would be welcome. The sender keeps it.
            await SettleAsync(stop);
            answers.Failed(frame.Transaction, "refused: " + IngestHttp.Code(route.Refusal));
            Break(route.Refusal, "it has no right to send: " + IngestHttp.Code(route.Refusal), route.Lane);
            return;
        }
        last = route.Lane;
        if (!begun && await memory.TailsOfAsync(who, stop) is { Count: > 0 } tails) resend = new ResendMatcher(tails);
        begun = true;
        var digest = RecordDigest.Of(route.Lane, flat.Span);
        if (resend is null) { await KeepAsync(frame.Transaction, flat, route.Lane, digest, stop); return; }
        held.Add(new Held(frame.Transaction, flat.ToArray(), route.Lane, digest));
        heldBytes += flat.Length;
        switch (heldBytes > MaxHeldBytes ? ResendState.Different : resend.Step(digest))
        {
            case ResendState.Repeated when memory.Take(resend.Found!):
                Repeat(resend.Found!);
                break;
            case not ResendState.Pending:
                await SettleAsync(stop);
                break;
        }
    }

    /// <summary>All that is held was sent before: answered, counted as duplicates, and the session goes on where the other broke.</summary>
    private void Repeat(SenderTail found)
    {
        tail = found;
        tail.Unanswered = held.Count;
        foreach (var (transaction, _, lane, _) in held)
        {
            intake.Gate.Refuse(lane, IngestRefusal.Duplicate);
            answers.Done(transaction);
        }
        log.ResendKnown(peer, held.Count);
        EndHold();
    }

    /// <summary>What is held is no repetition: it goes in.</summary>
    private async ValueTask SettleAsync(CancellationToken stop)
    {
        foreach (var (transaction, record, lane, digest) in held) await KeepAsync(transaction, record, lane, digest, stop);
        EndHold();
    }

    private void EndHold()
    {
        // A session repeats at its very beginning or not at all.
        resend = null;
        held.Clear();
        heldBytes = 0;
    }

    /// <summary>Appends; while the journal cannot take it, the sender gets no answer and sends no more than its window.</summary>
    private async ValueTask KeepAsync(int transaction, ReadOnlyMemory<byte> record, IngestLane lane, UInt128 digest, CancellationToken stop)
    {
        var refusal = intake.Append(lane, record.Span, now, tail.Next, ref sequence);
        if (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError)
        {
            await AnswerAsync(stop);
            refusal = intake.Append(lane, record.Span, now, tail.Next, ref sequence);
            if (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError) log.JournalFull();
            while (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError)
            {
                if (PeerConnection.IsDown(socket)) throw new IOException("the connection broke while the journal was full");
                await Task.Delay(FullPause, clock, stop);
                refusal = intake.Append(lane, record.Span, now = intake.Gate.NowMs, tail.Next, ref sequence);
            }
        }
        if (refusal != IngestRefusal.None) intake.Gate.Refuse(lane, refusal);
        tail.Add(digest, refusal == IngestRefusal.None);
        answers.Done(transaction);
    }

    private void Break(IngestRefusal refusal, string reason, IngestLane? lane = null)
    {
        intake.Gate.Refuse(lane ?? last, refusal);
        ending = reason;
    }

    /// <summary>Makes durable what came, then says so.</summary>
    private async ValueTask AnswerAsync(CancellationToken stop)
    {
        if (answers.IsEmpty) return;
        await intake.Gate.CommitAsync(sequence, stop);
        // From here on an answer may have arrived, even if the write fails.
        tail.Unanswered = 0;
        using var patience = new CancellationTokenSource(WriteLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        await stream.WriteAsync(answers.Written, either.Token);
        await stream.FlushAsync(either.Token);
        answers.Clear();
    }
}
