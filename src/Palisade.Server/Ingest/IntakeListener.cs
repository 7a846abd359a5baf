using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>One TCP address: accepts a bounded number of connections and has each served.</summary>
/// <remarks>What serves a connection owns its socket.</remarks>
public sealed class IntakeListener : IAsyncDisposable
{
    /// <summary>
    /// Bytes of a connection that the system may hold for us: what it took and we did not is lost with the machine, and of many connections those whose buffers grew most would
    /// bring most. Over a line of 100 ms it lets 1.3 MB a second through.
    /// </summary>
    private const int HeldBytes = 128 << 10;

    private readonly Socket socket;
    private readonly int maxConnections;
    private readonly Func<Socket, CancellationToken, Task> serve;
    private readonly IngestGate gate;
    private readonly IngestMeters meters;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<Socket, Task> open = new();
    private Task loop = Task.CompletedTask;

    /// <summary>Binds; throws <see cref="SocketException"/> when the address cannot be had.</summary>
    public IntakeListener(IPEndPoint address, int maxConnections, Func<Socket, CancellationToken, Task> serve, IngestGate gate, IngestMeters meters, ILogger log)
    {
        (this.maxConnections, this.serve, this.gate, this.meters, this.log) = (maxConnections, serve, gate, meters, log);
        socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Not ReuseAddress: .NET makes SO_REUSEPORT of it, and a second server would share the port unseen.
            socket.Bind(address);
            // Before Listen: connections take it over, and their window is scaled by it.
            socket.ReceiveBufferSize = HeldBytes;
            socket.Listen(512);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        Endpoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    public IPEndPoint Endpoint { get; }

    /// <summary>Connections open now.</summary>
    public int Open => open.Count;

    public void Start() => loop = Task.Run(() => AcceptAsync(stopping.Token));

    private async Task AcceptAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var client = await socket.AcceptAsync(stop);
                if (open.Count >= maxConnections)
                {
                    log.TooManyConnections(client.RemoteEndPoint, maxConnections);
                    gate.Refuse(default, IngestRefusal.TooBusy);
                    client.Dispose();
                    continue;
                }
                client.NoDelay = true;
                client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                meters.Connections(1);
                // It must be listed before it can end, or it would stay listed.
                var listed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                open[client] = RunAsync(client, listed.Task, stop);
                listed.SetResult();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (SocketException e)
            {
                log.ReceiveFailed(e, Endpoint);
            }
        }
    }

    private async Task RunAsync(Socket client, Task listed, CancellationToken stop)
    {
        await listed;
        try
        {
            await serve(client, stop);
        }
        finally
        {
            client.Dispose();
            meters.Connections(-1);
            open.TryRemove(client, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await loop;
        socket.Dispose();
        await Task.WhenAll(open.Values);
        stopping.Dispose();
    }
}
