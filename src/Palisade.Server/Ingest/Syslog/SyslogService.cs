using System.Net;
using System.Net.Sockets;

namespace Palisade.Server.Ingest;

/// <summary>Runs the listeners of syslog and RELP, and writes tallied refusals to the journal once a second.</summary>
public sealed class SyslogService(
    IngestGate gate, IIngestDirectory directory, IngestOptions options, ResendMemory memory, IngestMeters meters, TimeProvider clock, string dataDirectory,
    ILogger<SyslogService> log) : BackgroundService
{
    private static readonly TimeSpan TallyPause = TimeSpan.FromSeconds(1);
    private readonly List<SyslogUdpListener> udp = [];
    private readonly List<IntakeListener> tcp = [], tls = [], relp = [];
    private readonly List<TlsServer> certificates = [];

    /// <summary>Addresses really bound, for a port 0 in the options.</summary>
    public IEnumerable<IPEndPoint> UdpEndpoints => udp.Select(l => l.Endpoint);
    public IEnumerable<IPEndPoint> TcpEndpoints => tcp.Select(l => l.Endpoint);
    public IEnumerable<IPEndPoint> TlsEndpoints => tls.Select(l => l.Endpoint);
    public IEnumerable<IPEndPoint> RelpEndpoints => relp.Select(l => l.Endpoint);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var listener in options.Syslog) BindPlain(listener);
        foreach (var listener in options.SyslogTls) BindStream(listener, tls, "TLS", (stream, socket, intake, _) => new SyslogConnection(
            stream, socket.RemoteEndPoint, intake, options, TimeSpan.FromSeconds(listener.IdleSeconds), clock, log).RunAsync);
        foreach (var listener in options.Relp) BindStream(listener, relp, listener.Tls is null ? "RELP" : "RELP, TLS", (stream, socket, intake, fingerprint) => new RelpSession(
            stream, socket, SenderSession.Who(socket.RemoteEndPoint, fingerprint), intake, memory, options, TimeSpan.FromSeconds(listener.IdleSeconds), clock, log).RunAsync);
        if (certificates.Count > 0) meters.Certificates(certificates, clock);
        udp.ForEach(l => l.Start());
        foreach (var listener in Streams) listener.Start();
        await base.StartAsync(cancellationToken);
    }

    private IEnumerable<IntakeListener> Streams => [.. tcp, .. tls, .. relp];

    /// <summary>A protocol over a stream: what runs one connection of it.</summary>
    private delegate Func<CancellationToken, Task> Protocol(Stream stream, Socket socket, SyslogIntake intake, string fingerprint);

    private void BindPlain(SyslogListenerOptions listener)
    {
        var address = IPEndPoint.Parse(listener.Listen);
        var intake = Intake(address, listener.Tenant, listener.Source);
        if (listener.Udp) Bind(listener.Listen, "UDP", () =>
        {
            udp.Add(new SyslogUdpListener(address, listener.UdpReceiveBuffer, intake, log));
            return udp[^1].Endpoint;
        });
        if (listener.Tcp) Bind(listener.Listen, "TCP", () =>
        {
            var idle = TimeSpan.FromSeconds(listener.IdleSeconds);
            tcp.Add(new IntakeListener(address, listener.MaxConnections, (socket, stop) => new SyslogConnection(
                new NetworkStream(socket, ownsSocket: true), socket.RemoteEndPoint, intake, options, idle, clock, log).RunAsync(stop), gate, meters, log));
            return tcp[^1].Endpoint;
        });
    }

    private void BindStream(StreamListenerOptions listener, List<IntakeListener> to, string transport, Protocol protocol)
    {
        if (listener.WaitsForCertificate(dataDirectory)) { log.NoCertificate(CertificateFiles.PathOf(listener.Tls!.Certificate, dataDirectory)); return; }
        var address = IPEndPoint.Parse(listener.Listen);
        var intake = Intake(address, listener.Tenant, listener.Source);
        var secure = listener.Tls is null ? null : Certificate(listener.Tls, listener.Listen);
        var clients = listener.Tls?.Clients.Select(c => Intake(address, c.Tenant, c.Source is "" ? listener.Source : c.Source)).ToArray() ?? [];
        Bind(listener.Listen, transport, () =>
        {
            to.Add(new IntakeListener(address, listener.MaxConnections, ServeAsync, gate, meters, log));
            return to[^1].Endpoint;
        });

        async Task ServeAsync(Socket socket, CancellationToken stop)
        {
            var peer = socket.RemoteEndPoint;
            if (secure is null) { await protocol(new NetworkStream(socket, ownsSocket: true), socket, intake, "")(stop); return; }
            var shaken = await secure.AcceptAsync(socket, stop);
            if (shaken.Stream is { } stream) { await protocol(stream, socket, shaken.Client < 0 ? intake : clients[shaken.Client], shaken.Fingerprint)(stop); return; }
            if (shaken.Refusal == IngestRefusal.None) return;
            gate.Refuse(default, shaken.Refusal);
            log.HandshakeRefused(peer, shaken.Detail);
        }
    }

    private SyslogIntake Intake(IPEndPoint address, string tenant, string source) =>
        new(gate, new SyslogRouter(directory, tenant, source, IPAddress.IsLoopback(address.Address), clock), options);

    private TlsServer Certificate(TlsOptions tls, string listen)
    {
        try
        {
            certificates.Add(new TlsServer(tls, dataDirectory, clock, log));
            log.CertificateLoaded(certificates[^1].CertificateFile, certificates[^1].Ends);
            return certificates[^1];
        }
        catch (InvalidDataException e)
        {
            log.SyslogCannotListen(listen, "TLS", e.Message);
            throw new InvalidOperationException($"Cannot listen on {listen} (TLS): {e.Message}", e);
        }
    }

    private void Bind(string listen, string transport, Func<IPEndPoint> bind)
    {
        try
        {
            log.SyslogListens(bind(), transport);
        }
        catch (SocketException e)
        {
            log.SyslogCannotListen(listen, transport, e.Message);
            throw new InvalidOperationException($"Cannot listen on {listen} ({transport}): {e.Message}", e);
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
        foreach (var listener in Streams) await listener.DisposeAsync();
        foreach (var listener in udp) await listener.DisposeAsync();
        await base.StopAsync(cancellationToken);
        await gate.CommitAsync(0, cancellationToken);
    }
}
