namespace Palisade.Engine.Rules.Lint;

/// <summary>Bounds what is said of one file: a file of nonsense, or a hostile one, would else fill screens and memory.</summary>
public static class DiagnosticCap
{
    /// <summary>Errors and remarks that are said of one file.</summary>
    public const int PerFile = 200;

    /// <summary>
    /// Keeps the first of each file, errors before remarks, in their order; one more (SIG090) says how many were left out. It is an error where one of those is.
    /// </summary>
    public static List<Diagnostic> Apply(List<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(diagnostics);
        var counts = diagnostics.CountBy(d => d.File, StringComparer.Ordinal).Where(c => c.Value > PerFile).Select(c => c.Key).ToHashSet(StringComparer.Ordinal);
        if (counts.Count == 0) return diagnostics;
        var kept = new HashSet<Diagnostic>(ReferenceEqualityComparer.Instance);
        var said = new List<Diagnostic>();
        foreach (var file in diagnostics.Where(d => counts.Contains(d.File)).GroupBy(d => d.File, StringComparer.Ordinal))
        {
            Diagnostic[] all = [.. file.OrderByDescending(d => d.IsError)];
            kept.UnionWith(all.Take(PerFile));
            var left = all[PerFile..];
            var errors = left.Count(d => d.IsError);
            said.Add(new Diagnostic("SIG090", file.Key, 0, $"{left.Length} more problems of this file are not shown, {errors} of them errors", errors > 0));
        }
        return [.. diagnostics.Where(d => !counts.Contains(d.File) || kept.Contains(d)), .. said];
    }
}
