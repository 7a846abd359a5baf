using System.Globalization;

namespace Palisade.Cli.Bench;

/// <summary>Memory of a process and all its children, from /proc.</summary>
internal static class ProcessTree
{
    /// <summary>Resident bytes of a process and its descendants; 0 when it is gone.</summary>
    public static long ResidentBytes(int root)
    {
        var parents = new Dictionary<int, int>();
        var resident = new Dictionary<int, long>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var pid)) continue;
            var status = ReadStatus(pid);
            if (!status.TryGetValue("PPid", out var parent)) continue;
            parents[pid] = int.Parse(parent, CultureInfo.InvariantCulture);
            if (status.TryGetValue("VmRSS", out var rss)) resident[pid] = Kilobytes(rss);
        }
        var sum = 0L;
        foreach (var (pid, bytes) in resident)
        {
            for (var p = pid; p > 1; p = parents.GetValueOrDefault(p))
            {
                if (p != root) continue;
                sum += bytes;
                break;
            }
        }
        return sum;
    }

    /// <summary>Most bytes a process has had resident so far; 0 when it is gone.</summary>
    public static long PeakBytes(int pid) => ReadStatus(pid).TryGetValue("VmHWM", out var peak) ? Kilobytes(peak) : 0;

    private static long Kilobytes(string value) => long.Parse(value.Split(' ')[0], CultureInfo.InvariantCulture) * 1024;

    private static Dictionary<string, string> ReadStatus(int pid)
    {
        var found = new Dictionary<string, string>();
        try
        {
            foreach (var line in File.ReadLines($"/proc/{pid}/status"))
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon > 0) found[line[..colon]] = line[(colon + 1)..].Trim();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process ended while we looked: it counts as gone.
            found.Clear();
        }
        return found;
    }
}
