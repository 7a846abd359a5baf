using System.Globalization;
using System.Runtime.InteropServices;

namespace Palisade.Cli.Bench;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine(string Cpu, int Cores, double MemoryGb, string Kernel, string DotNet)
{
    public static Machine Read() => new(
        FirstValue("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        Math.Round(double.Parse((FirstValue("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0], CultureInfo.InvariantCulture) / (1 << 20), 1),
        Environment.OSVersion.Version.ToString(),
        Environment.Version.ToString());

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Cpu}, {Cores} cores, {MemoryGb:F1} GB, Linux {Kernel}, .NET {DotNet}");

    private static string? FirstValue(string path, string key)
    {
        foreach (var line in File.ReadLines(path))
        {
            if (!line.StartsWith(key, StringComparison.Ordinal)) continue;
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0) return line[(colon + 1)..].Trim();
        }
        return null;
    }
}
