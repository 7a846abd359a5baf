using System.Globalization;

namespace Palisade.Cli.Doctor;

/// <summary>Finds processes by what they hold open, from /proc.</summary>
internal static class RunningServer
{
    private const string TcpListening = "0A", UdpBound = "07";

    /// <summary>The process that has this journal folder locked; null: none, or none that we may look at.</summary>
    public static int? Find(string journal)
    {
        var holder = Path.Combine(journal, "journal.pid");
        if (!File.Exists(holder) || !int.TryParse(File.ReadAllText(holder).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return null;
        var locked = Path.Combine(journal, "journal.lock");
        return Open(pid).Any(target => target == locked) ? pid : null;
    }

    /// <summary>The process that listens on a port; null where that cannot be seen.</summary>
    public static (int Process, string Name)? Listener(int port, bool udp)
    {
        var sockets = new[] { udp ? "/proc/net/udp" : "/proc/net/tcp", udp ? "/proc/net/udp6" : "/proc/net/tcp6" }
            .Where(File.Exists).SelectMany(table => File.ReadLines(table).Skip(1)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(cells => cells.Length > 9 && cells[3] == (udp ? UdpBound : TcpListening) && cells[1].EndsWith($":{port:X4}", StringComparison.Ordinal))
            .Select(cells => $"socket:[{cells[9]}]").ToHashSet(StringComparer.Ordinal);
        if (sockets.Count == 0) return null;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || !Open(pid).Any(sockets.Contains)) continue;
            return (pid, NameOf(pid));
        }
        return null;
    }

    private static string NameOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm").Trim();
        }
        catch (IOException)
        {
            return "a process that has just ended";
        }
    }

    // What a process has open. Empty for one of another user, and for one that ends meanwhile.
    private static List<string> Open(int pid)
    {
        var targets = new List<string>();
        try
        {
            foreach (var descriptor in new DirectoryInfo($"/proc/{pid}/fd").EnumerateFileSystemInfos())
                if (descriptor.LinkTarget is { } target) targets.Add(target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return targets;
        }
        return targets;
    }
}
