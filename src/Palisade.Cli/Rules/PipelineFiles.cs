using Palisade.Engine.Rules.Pipelines;

namespace Palisade.Cli.Rules;

/// <summary>Processing pipelines named by <c>--pipeline</c>.</summary>
internal static class PipelineFiles
{
    /// <summary>Reads them; one that is broken ends the program with what is wrong.</summary>
    public static IReadOnlyList<ProcessingPipeline> Read(string[]? paths)
    {
        var pipelines = new List<ProcessingPipeline>();
        var broken = 0;
        foreach (var path in paths ?? [])
        {
            if (!File.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path}: no such file");
            var pipeline = ProcessingPipeline.Read(path, File.ReadAllBytes(path), out var diagnostics);
            RulePaths.Say(diagnostics, Console.Error, warnings: true);
            if (pipeline is null) broken++;
            else pipelines.Add(pipeline);
        }
        return broken == 0 ? pipelines : throw new CliException(ExitCodes.BadInput, "a processing pipeline cannot be carried out (above)");
    }
}
