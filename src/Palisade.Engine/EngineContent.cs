using Palisade.Engine.Detect.Web;
using Palisade.Engine.Incidents;
using Palisade.Engine.Parse;
using Palisade.Engine.Rules;

namespace Palisade.Engine;

/// <summary>Everything the engine runs by: sources, rules, web signatures. Immutable; a change makes a new one, swapped whole.</summary>
/// <param name="Version">Changes whenever the content does; part of the token of what is stored.</param>
public sealed record EngineSnapshot(ParserSet Parsers, RuleSet Rules, WebDetector Web, string Version)
{
    /// <summary>What incidents are told by.</summary>
    public IncidentContent Incidents { get; init; } = IncidentContent.Empty;
    /// <summary>The rules as their authors wrote them.</summary>
    public RuleLibrary Library { get; init; } = RuleLibrary.Empty;
}

/// <summary>Compiles the files of <c>content/</c>.</summary>
public static class EngineContent
{
    /// <summary>Loads what lies below content/; paths are relative to it, '/' as separator. What is broken is left out and said.</summary>
    /// <param name="trusted">The web signatures are the tested ones that ship with the program: their expressions are compiled when first needed.</param>
    /// <param name="options">How rules are loaded; null: as they are.</param>
    public static EngineSnapshot Load(IEnumerable<(string path, byte[] bytes)> contentFiles, out IReadOnlyList<Diagnostic> diagnostics, bool trusted = false, RuleLoadOptions? options = null)
    {
        var files = contentFiles.OrderBy(f => f.path, StringComparer.Ordinal).ToArray();
        var parsers = ParserSet.Load(files.Where(f => Below(f.path, "sources")), out var sourceProblems);
        var rules = RuleSet.Load(files.Where(f => Below(f.path, "rules") || Below(f.path, "correlations") || Below(f.path, "lookups/sigma")), options ?? new RuleLoadOptions(), out var ruleProblems);
        var web = WebDetector.Load(files.Where(f => Below(f.path, "lookups/web")), out var webProblems, trusted);
        var incidents = IncidentContent.Load(files.Where(f => Below(f.path, "lookups/incidents")), out var incidentProblems);
        diagnostics = [.. sourceProblems, .. ruleProblems, .. webProblems, .. incidentProblems];
        var library = RuleLibrary.Of(files.Where(f => Below(f.path, "lookups/sigma")), files.Where(f => Below(f.path, "rules") || Below(f.path, "correlations")));
        return new EngineSnapshot(parsers, rules, web, Fingerprint(files)) { Incidents = incidents, Library = library };
    }

    private static bool Below(string path, string folder) => path.StartsWith(folder + "/", StringComparison.Ordinal) || path.Contains("/" + folder + "/", StringComparison.Ordinal);

    // FNV-1a over names and bytes: tells one content from another, keeps no secret.
    private static string Fingerprint((string path, byte[] bytes)[] files)
    {
        var hash = 14695981039346656037UL;
        foreach (var (path, bytes) in files)
        {
            foreach (var c in path) hash = (hash ^ c) * 1099511628211UL;
            foreach (var b in bytes) hash = (hash ^ b) * 1099511628211UL;
        }
        return hash.ToString("x16");
    }
}
