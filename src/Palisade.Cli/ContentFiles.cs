using Palisade.Engine;

namespace Palisade.Cli;

/// <summary>The files of content/ beside the program, and the engine made from them.</summary>
internal static class ContentFiles
{
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "content");

    /// <summary>Files that the engine reads, paths relative to content/, '/' as separator.</summary>
    public static IEnumerable<(string path, byte[] bytes)> Read(string? folder = null)
    {
        folder ??= Folder;
        if (!Directory.Exists(folder)) throw new CliException(ExitCodes.Internal, $"the folder {folder} is missing: rules and sources belong beside the program. Build it again.");
        return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(f => (Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes(f)));
    }

    /// <summary>Compiles the shipped content; mistakes in it are ours and end the program.</summary>
    /// <param name="which">Only what lies below this folder of content/; null: everything.</param>
    /// <param name="more">A folder of further sources, NAME/source.yml each; null: none.</param>
    public static EngineSnapshot Load(string? which = null, string? more = null)
    {
        var files = Read().Where(f => which is null || f.path.StartsWith(which, StringComparison.Ordinal));
        var snapshot = EngineContent.Load(more is null ? files : files.Concat(Sources(more)), out var problems, trusted: true);
        foreach (var problem in problems) Console.Error.WriteLine($"{problem.File}:{problem.Line}: {problem.Code}: {problem.Message}");
        if (problems.Any(p => p.IsError)) throw new CliException(ExitCodes.BadInput, more is null ? "the shipped content has mistakes (above)." : "a source has mistakes (above).");
        return snapshot;
    }

    private static IEnumerable<(string path, byte[] bytes)> Sources(string folder)
    {
        if (!Directory.Exists(folder)) throw new CliException(ExitCodes.BadInput, $"{folder}: no such folder");
        return Directory.EnumerateDirectories(folder).Select(d => Path.Combine(d, "source.yml")).Where(File.Exists).Order(StringComparer.Ordinal)
            .Select(f => ($"sources/{Path.GetFileName(Path.GetDirectoryName(f))}/source.yml", File.ReadAllBytes(f)));
    }
}
