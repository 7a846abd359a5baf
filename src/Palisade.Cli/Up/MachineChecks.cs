using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
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
        foreach (var (address, flag) in options.Ingest.Syslog.Select(l => (l.Listen, "--syslog")).Prepend((options.Http.Listen, "--http")))
            if (Port(address, flag) is { } problem) yield return problem;
    }

    private static IEnumerable<string> DataDirectory(ServerOptions options)
    {
        var directory = Path.GetFullPath(options.Data.Directory);
        var problem = "";
        try
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var probe = Path.Combine(directory, ".write-probe");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            problem = $"cannot write to the data directory {directory}: {e.Message} Make it yours (chown) or choose another with --data.";
        }
        if (problem.Length > 0) { yield return problem; yield break; }
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < options.Data.MinimumFreeBytes)
            yield return $"only {free >> 20} MB are free below {directory}; {options.Data.MinimumFreeBytes >> 20} MB are needed (Data:MinimumFreeBytes).";
    }

    private static string? Port(string address, string flag)
    {
        if (!IPEndPoint.TryParse(address, out var end) || end.Port == 0) return null;
        try
        {
            using var listener = new Socket(end.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Bind(end);
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"{address} is in use. Stop what listens there (ss -ltnp | grep {end.Port}), or choose another with {flag}."
                : $"cannot listen on {address}: {e.Message}. Choose another with {flag}.";
        }
    }
}
