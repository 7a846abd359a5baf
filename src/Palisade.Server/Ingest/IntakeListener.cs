using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>One TCP address: accepts a bounded number of connections.</summary>
public sealed class SyslogTcpListener : IAsyncDisposable
{
    private readonly Socket socket;
    private readonly SyslogListenerOptions options;
    private readonly IngestOptions limits;
    private readonly SyslogIntake intake;
    private readonly IngestMeters meters;
    private readonly TimeProvider clock;
    private readonly ILogger log;
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentDictionary<SyslogConnection, Task> open = new();
    private Task loop = Task.CompletedTask;

    /// <summary>Binds; throws <see cref="SocketException"/> when the address cannot be had.</summary>
    public SyslogTcpListener(
        IPEndPoint address, SyslogListenerOptions options, IngestOptions limits, SyslogIntake intake, IngestMeters meters, TimeProvider clock, ILogger log)
    {
        (this.options, this.limits, this.intake, this.meters, this.clock, this.log) = (options, limits, intake, meters, clock, log);
        socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(address);
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
                if (open.Count >= options.MaxConnections)
                {
                    log.TooManyConnections(client.RemoteEndPoint, options.MaxConnections);
                    intake.Gate.Refuse(default, IngestRefusal.TooBusy);
                    client.Dispose();
                    continue;
                }
                var connection = new SyslogConnection(client, intake, limits, TimeSpan.FromSeconds(options.IdleSeconds), clock, log);
                meters.Connections(1);
                open[connection] = Task.Run(() => RunAsync(connection, stop), CancellationToken.None);
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

    private async Task RunAsync(SyslogConnection connection, CancellationToken stop)
    {
        try
        {
            await connection.RunAsync(stop);
        }
        finally
        {
            meters.Connections(-1);
            open.TryRemove(connection, out _);
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
