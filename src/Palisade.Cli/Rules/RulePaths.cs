using Palisade.Engine;

namespace Palisade.Cli.Rules;

/// <summary>Rule files named on the command line, and how their problems are told.</summary>
internal static class RulePaths
{
    /// <summary>Reads files, and YAML files below folders.</summary>
    public static List<(string path, byte[] bytes)> Read(IEnumerable<string> paths)
    {
        var files = new List<(string, byte[])>();
        foreach (var path in paths)
        {
            if (File.Exists(path)) files.Add((path, File.ReadAllBytes(path)));
            else if (Directory.Exists(path))
            {
                foreach (var file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                    if (file.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
                        files.Add((file, File.ReadAllBytes(file)));
            }
            else throw new CliException(ExitCodes.BadInput, $"{path}: no such file or folder");
        }
        return files;
    }

    /// <summary>Writes diagnostics; returns the number of errors.</summary>
    public static int Say(IEnumerable<Diagnostic> diagnostics, TextWriter to, bool warnings)
    {
        var errors = 0;
        foreach (var d in diagnostics.OrderBy(d => d.File, StringComparer.Ordinal).ThenBy(d => d.Line))
        {
            if (d.IsError) errors++;
            else if (!warnings) continue;
            to.WriteLine($"{d.File}:{d.Line}: {(d.IsError ? "error" : "warning")} {d.Code}: {d.Message}");
        }
        return errors;
    }
}
