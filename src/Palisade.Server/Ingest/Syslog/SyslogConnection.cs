using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>
/// One syslog connection over TCP, plain or TLS. TCP syslog has no acknowledgement, so we never read far ahead of the disk: what one read brought
/// is durable before the next read, and while the journal is full or the source has to wait its turn nothing is read
/// at all, which the sender feels as a full window.
/// </summary>
public sealed class SyslogConnection(
    Stream stream, EndPoint? peer, SyslogIntake intake, IngestOptions limits, TimeSpan idle, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(200);
    private const int ReadBytes = 64 * 1024;
    private byte[] scratch = [], narrowed = [];
    private LineTranscoder? transcoder;
    private Route last;

    public async Task RunAsync(CancellationToken stop)
    {
        await using var owned = stream;
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: ReadBytes, minimumReadSize: 4096, useZeroByteReads: true));
        try
        {
            log.ConnectionClosed(peer, await ReadAsync(reader, stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            log.ConnectionClosed(peer, "we are stopping");
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            log.ConnectionBroke(e, peer);
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <summary>Reads to the end; says why it ended.</summary>
    private async Task<string> ReadAsync(PipeReader reader, CancellationToken stop)
    {
        var framer = new SyslogFramer(limits.MaxLineBytes);
        // Only whole messages count as life: one byte a minute does not keep a connection. The timer cancels the pending
        // read, not the socket, so that what is buffered is kept.
        await using var timer = clock.CreateTimer(_ => reader.CancelPendingRead(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var alive = clock.GetTimestamp();
        while (true)
        {
            var left = idle - clock.GetElapsedTime(alive);
            timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            var read = await reader.ReadAsync(stop);
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            var buffer = read.Buffer;
            var ended = read.IsCompleted || (read.IsCanceled && clock.GetElapsedTime(alive) >= idle);
            await intake.Gate.EnterAsync(last.Lane, Timeout.InfiniteTimeSpan, stop);
            var now = intake.Gate.NowMs;
            ulong sequence = 0;
            var brought = 0;
            while (true)
            {
                if (brought >= Backlog.TurnBytes && intake.Gate.IsCrowded)
                {
                    // The socket may hold many turns of it.
                    await intake.Gate.CommitAsync(sequence, stop);
                    await intake.Gate.EnterAsync(last.Lane, Timeout.InfiniteTimeSpan, stop);
                    (brought, now) = (0, intake.Gate.NowMs);
                }
                var status = framer.TryRead(ref buffer, ended, out var message, out var refusal);
                if (status == FrameStatus.NeedMore) break;
                if (status == FrameStatus.Refused) { intake.Gate.Refuse(last.Lane, refusal); continue; }
                var flat = SyslogIntake.Flat(message, ref scratch);
                var converted = framer.Encoding != TextEncoding.Utf8;
                if (converted) flat = Narrow(flat.Span, framer.Encoding);
                var route = await intake.RouteAsync(flat, stop);
                if (route.Refusal == IngestRefusal.None) last = route;
                if (!intake.TryTake(flat.Span, route, now, ref sequence, converted)) sequence = await WaitForRoomAsync(flat, route, converted, sequence, stop);
                alive = clock.GetTimestamp();
                brought += flat.Length;
            }
            await intake.Gate.CommitAsync(sequence, stop);
            reader.AdvanceTo(buffer.Start, buffer.End);
            if (ended) return read.IsCompleted ? "end of stream" : "no message came for too long";
        }
    }

    /// <summary>A message in UTF-16 as UTF-8, so that its header and its token are found as any other's.</summary>
    private ReadOnlyMemory<byte> Narrow(ReadOnlySpan<byte> message, TextEncoding encoding)
    {
        transcoder ??= new LineTranscoder();
        var text = transcoder.ToUtf8(message, encoding);
        if (narrowed.Length < text.Length) narrowed = new byte[Math.Max(text.Length, 4096)];
        text.CopyTo(narrowed);
        return narrowed.AsMemory(0, text.Length);
    }

    /// <summary>Holds this message, and with it the connection, until the journal has room.</summary>
    private async ValueTask<ulong> WaitForRoomAsync(ReadOnlyMemory<byte> message, Route route, bool converted, ulong sequence, CancellationToken stop)
    {
        log.JournalFull();
        while (!intake.TryTake(message.Span, route, intake.Gate.NowMs, ref sequence, converted)) await Task.Delay(FullPause, clock, stop);
        log.JournalHasRoom();
        return sequence;
    }
}
