using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Palisade.Cli.Doctor.Checks;
using Palisade.Server.Configuration;

namespace Palisade.Cli.Up;

/// <summary>What must hold before the server starts; each problem says how to mend it.</summary>
internal static class MachineChecks
{
    public static IEnumerable<string> All(ServerOptions options)
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64 && options.Storage.Url.Length == 0)
            yield return $"the embedded event store needs x86-64; here is {RuntimeInformation.ProcessArchitecture}. Set Storage:Url to an external ClickHouse server.";
        foreach (var problem in DataDirectory(options)) yield return problem;
        if (Port(options.Http.Listen, "--http", udp: false) is { } taken) yield return taken;
        foreach (var listener in options.Ingest.Syslog)
        {
            if (listener.Tcp && Port(listener.Listen, "--syslog", udp: false) is { } tcp) yield return tcp;
            if (listener.Udp && Port(listener.Listen, "--syslog", udp: true) is { } udp) yield return udp;
        }
    }

    private static IEnumerable<string> DataDirectory(ServerOptions options)
    {
        var directory = Path.GetFullPath(options.Data.Directory);
        var problem = "";
        try
        {
            // An empty folder of another user holds nobody's data; a full one does, and would hold files of two users after this run.
            if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any() && DataCheck.Foreign(directory) is { } foreign)
                problem = $"the data directory {foreign}. {DataCheck.Mend(directory)}";
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var probe = Path.Combine(directory, ".write-probe");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            problem = $"cannot write to the data directory {directory}: {e.Message} Make it yours (chown) or choose another with --data.";
        }
        if (problem.Length > 0)
        {
            yield return problem;
            yield break;
        }
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < options.Data.MinimumFreeBytes)
            yield return $"only {free >> 20} MB are free below {directory}; {options.Data.MinimumFreeBytes >> 20} MB are needed (Data:MinimumFreeBytes).";
    }

    private static string? Port(string address, string flag, bool udp)
    {
        if (!IPEndPoint.TryParse(address, out var end) || end.Port == 0) return null;
        try
        {
            using var listener = new Socket(end.AddressFamily, udp ? SocketType.Dgram : SocketType.Stream, udp ? ProtocolType.Udp : ProtocolType.Tcp);
            listener.Bind(end);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"{address} is in use. Stop what listens there (ss -{(udp ? "lunp" : "ltnp")} | grep {end.Port}), or choose another with {flag}."
                : $"cannot listen on {address}: {e.Message}. Choose another with {flag}.";
        }
    }
}
