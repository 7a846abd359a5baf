using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Palisade.Server.Ingest;

/// <summary>
/// One UDP socket: a datagram is a message. There is no way to push back, so a full journal, or a source that floods, means a
/// counted loss; the large kernel buffer covers the pauses of a disk, and what does not fit into it the kernel counts.
/// </summary>
public sealed class SyslogUdpListener : IAsyncDisposable
{
    // asm-generic/socket.h; SK_MEMINFO_DROPS of linux/sock_diag.h is the last of nine.
    private const int SolSocket = 1, SoRcvBufForce = 33, SoMemInfo = 55, MemInfoCount = 9, MemInfoDrops = 8;
    /// <summary>Datagrams between two looks at the kernel's count while there is always one more.</summary>
    private const int MostUnlooked = 4096;
    private readonly Socket socket;
    private readonly SyslogIntake intake;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();
    private readonly byte[] buffer = GC.AllocateUninitializedArray<byte>(65_536, pinned: true);
    private readonly bool canSeeDrops;
    private uint drops;
    private int unlooked;
    private Task loop = Task.CompletedTask;

    /// <summary>Binds; throws <see cref="SocketException"/> when the address cannot be had.</summary>
    public SyslogUdpListener(IPEndPoint address, int receiveBuffer, SyslogIntake intake, ILogger log)
    {
        this.intake = intake;
        this.log = log;
        socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            AskForBuffer(receiveBuffer);
            canSeeDrops = CanSeeDrops();
            socket.Bind(address);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        Endpoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint Endpoint { get; }

    public void Start() => loop = Task.Run(() => ReceiveAsync(stopping.Token));

    /// <summary>The privileged option passes the system's limit; without the privilege the plain one takes what it gets.</summary>
    private void AskForBuffer(int bytes)
    {
        socket.ReceiveBufferSize = bytes;
        try
        {
            socket.SetRawSocketOption(SolSocket, SoRcvBufForce, BitConverter.GetBytes(bytes));
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.OperationNotSupported)
        {
            log.SmallReceiveBuffer(socket.ReceiveBufferSize, bytes);
        }
    }

    private bool CanSeeDrops()
    {
        try
        {
            drops = Drops();
            return true;
        }
        catch (SocketException e)
        {
            log.DropsUnseen(e.Message);
            return false;
        }
    }

    /// <summary>Datagrams that found no room in the socket's buffer, so far; wraps.</summary>
    private uint Drops()
    {
        Span<uint> info = stackalloc uint[MemInfoCount];
        socket.GetRawSocketOption(SolSocket, SoMemInfo, MemoryMarshal.AsBytes(info));
        return info[MemInfoDrops];
    }

    /// <summary>Counts what the kernel dropped since the last look. Tokens went with the datagrams: they count for the listener's own source.</summary>
    private async ValueTask CountDropsAsync(CancellationToken stop)
    {
        unlooked = 0;
        if (!canSeeDrops || Drops() is var now && now == drops) return;
        try
        {
            var route = await intake.RouteAsync(default, stop);
            intake.Gate.Refuse(route.Lane, IngestRefusal.DroppedByKernel, unchecked(now - drops));
            drops = now;
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            log.ReceiveFailed(e, Endpoint); // the next look counts them
        }
    }

    private async Task ReceiveAsync(CancellationToken stop)
    {
        var peer = new SocketAddress(socket.AddressFamily);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                // Drops need a full buffer: once it is empty, all of them have happened.
                if (socket.Available == 0 || ++unlooked >= MostUnlooked) await CountDropsAsync(stop);
                var n = await socket.ReceiveFromAsync(buffer, SocketFlags.None, peer, stop);
                if (n == 0) continue;
                var message = (ReadOnlyMemory<byte>)buffer.AsMemory(0, TrimEnd(buffer.AsSpan(0, n)));
                if (message.IsEmpty) continue;
                var route = await intake.RouteAsync(message, stop);
                ulong sequence = 0;
                if (intake.Room(route) is not IngestRefusal.None and var full) intake.Gate.Refuse(route.Lane, full);
                else if (!intake.TryTake(message.Span, route, intake.Gate.NowMs, ref sequence)) intake.Gate.Refuse(route.Lane, IngestRefusal.JournalFull);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
            {
                log.ReceiveFailed(e, Endpoint);
            }
        }
    }

    private static int TrimEnd(ReadOnlySpan<byte> datagram) => datagram.TrimEnd("\r\n\0"u8).Length;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await loop;
        socket.Dispose();
        stopping.Dispose();
    }
}
