using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>Runs the syslog listeners, and writes tallied refusals to the journal once a second.</summary>
public sealed class SyslogService(
    IngestGate gate, IIngestDirectory directory, IngestOptions options, IngestMeters meters, TimeProvider clock, ILogger<SyslogService> log) : BackgroundService
{
    private static readonly TimeSpan TallyPause = TimeSpan.FromSeconds(1);
    private readonly List<SyslogUdpListener> udp = [];
    private readonly List<SyslogTcpListener> tcp = [];

    /// <summary>Addresses really bound, for a port 0 in the options.</summary>
    public IEnumerable<IPEndPoint> UdpEndpoints => udp.Select(l => l.Endpoint);
    public IEnumerable<IPEndPoint> TcpEndpoints => tcp.Select(l => l.Endpoint);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var listener in options.Syslog) Bind(listener);
        udp.ForEach(l => l.Start());
        tcp.ForEach(l => l.Start());
        await base.StartAsync(cancellationToken);
    }

    private void Bind(SyslogListenerOptions listener)
    {
        var address = IPEndPoint.Parse(listener.Listen);
        var intake = new SyslogIntake(gate, new SyslogRouter(directory, listener, IPAddress.IsLoopback(address.Address), clock), options);
        var transport = "UDP";
        try
        {
            if (listener.Udp)
            {
                udp.Add(new SyslogUdpListener(address, listener.UdpReceiveBuffer, intake, log));
                log.SyslogListens(udp[^1].Endpoint, transport);
            }
            transport = "TCP";
            if (listener.Tcp)
            {
                tcp.Add(new SyslogTcpListener(address, listener, options, intake, meters, clock, log));
                log.SyslogListens(tcp[^1].Endpoint, transport);
            }
        }
        catch (SocketException e)
        {
            log.SyslogCannotListen(listener.Listen, transport, e.Message);
            throw new InvalidOperationException($"Syslog cannot listen on {listener.Listen} ({transport}): {e.Message}", e);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TallyPause, clock);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            gate.FlushRefusals();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var listener in tcp) await listener.DisposeAsync();
        foreach (var listener in udp) await listener.DisposeAsync();
        await base.StopAsync(cancellationToken);
        await gate.CommitAsync(0, cancellationToken);
    }
}
