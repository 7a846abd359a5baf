using Palisade.Engine;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Sources, rules and signatures beside the program, each compiled.</summary>
internal sealed class ContentCheck : IDoctorCheck
{
    public string Name => "content";
    public bool NeedsConfiguration => false;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        if (!Directory.Exists(ContentFiles.Folder))
            return Task.FromResult<IReadOnlyList<CheckResult>>([CheckResult.Missing($"the folder {ContentFiles.Folder} is missing", "Build or install Palisade again: rules and sources belong beside the program.")]);
        var snapshot = EngineContent.Load(ContentFiles.Read(), out var diagnostics);
        var found = diagnostics.Select(d => $"{Path.Combine(ContentFiles.Folder, d.File)}:{d.Line}: {d.Code}: {d.Message}" is var text && d.IsError
            ? CheckResult.Wrong(text, "Mend the file, or get it again from the release. Until then the server runs without what is wrong in it.")
            : CheckResult.Warning(text, "The server runs with it; mend the file to be sure of what it does.")).ToList();
        if (found.Count == 0) found.Add(CheckResult.Ok($"{snapshot.Parsers.Count} sources and all rules and signatures are right (version {snapshot.Version})"));
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }
}
