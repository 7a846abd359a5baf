using System.Net;
using System.Net.Sockets;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Every address the configuration listens on: free, or held by our own running server.</summary>
internal sealed class PortCheck : IDoctorCheck
{
    public string Name => "ports";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var found = new List<CheckResult>();
        foreach (var (key, address, udp) in Addresses(context))
        {
            if (!IPEndPoint.TryParse(address, out var end) || end.Port == 0) continue;
            found.Add(Look(key, end, udp, context.ServerProcess));
        }
        return Task.FromResult<IReadOnlyList<CheckResult>>(found.Count > 0 ? found : [CheckResult.Ok("every address takes a free port")]);
    }

    private static IEnumerable<(string Key, string Address, bool Udp)> Addresses(DoctorContext context)
    {
        yield return ("Http:Listen", context.Options.Http.Listen, false);
        if (context.Options.Health.MetricsListen.Length > 0) yield return ("Health:MetricsListen", context.Options.Health.MetricsListen, false);
        for (var i = 0; i < context.Options.Ingest.Syslog.Count; i++)
        {
            var listener = context.Options.Ingest.Syslog[i];
            if (listener.Udp) yield return ($"Ingest:Syslog:{i}:Listen", listener.Listen, true);
            if (listener.Tcp) yield return ($"Ingest:Syslog:{i}:Listen", listener.Listen, false);
        }
        foreach (var (setting, listen) in context.Options.Ingest.StreamAddresses(context.Data)) yield return (setting, listen, false);
    }

    private static CheckResult Look(string key, IPEndPoint end, bool udp, int? server)
    {
        var what = $"{end} {(udp ? "UDP" : "TCP")}";
        try
        {
            using var socket = new Socket(end.AddressFamily, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp);
            socket.Bind(end);
            return CheckResult.Ok($"{what} is free");
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            var holder = RunningServer.Listener(end.Port, udp);
            if (holder is { } own && own.Process == server) return CheckResult.Ok($"{what} is held by our running server (pid {own.Process})");
            var who = holder is { } other ? $"{other.Name} (pid {other.Process})" : "another program";
            return CheckResult.Missing($"{what} is in use by {who}", $"Stop it (ss -{(udp ? "lunp" : "ltnp")} | grep {end.Port}), or set {key} to another address.");
        }
        catch (SocketException e)
        {
            return CheckResult.Missing($"cannot listen on {what}: {e.Message}", $"Set {key} to an address of this machine; ports below 1024 need CAP_NET_BIND_SERVICE.");
        }
    }
}
