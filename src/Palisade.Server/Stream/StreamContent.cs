using Palisade.Engine;

namespace Palisade.Server.Streaming;

/// <summary>Loads what the engine runs by from the folder content/ beside the program.</summary>
internal static class StreamContent
{
    /// <summary>The folder beside the program.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "content");

    /// <summary>Compiles the folder; what is broken is left out, and logged with its file and line.</summary>
    public static EngineSnapshot Load(string folder, ILogger log)
    {
        var files = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(path => (Path.GetRelativePath(folder, path).Replace('\\', '/'), File.ReadAllBytes(path)))
            : [];
        // It ships with the program, beside it, and is tested with it.
        var snapshot = EngineContent.Load(files, out var problems, trusted: true);
        foreach (var problem in problems)
        {
            if (problem.IsError) log.ContentProblem(problem.Code, problem.File, problem.Line, problem.Message);
        }
        log.ContentLoaded(folder, snapshot.Version, problems.Count);
        return snapshot;
    }
}
