namespace Palisade.Cli.Scan;

/// <summary>Rules a user names with <c>--rules</c>.</summary>
internal static class RuleFiles
{
    /// <summary>Rules of a file or folder, as if they lay below rules/ of the content.</summary>
    public static IEnumerable<(string path, byte[] bytes)> Read(string path)
    {
        if (File.Exists(path)) return [("rules/" + path.TrimStart('/'), File.ReadAllBytes(path))];
        if (!Directory.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path}: no such file or folder of rules");
        return Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(f => f.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || f.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal).Select(f => ("rules/" + f.TrimStart('/'), File.ReadAllBytes(f)));
    }
}
