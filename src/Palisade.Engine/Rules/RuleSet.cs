using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;

namespace Palisade.Engine.Rules;

/// <summary>Sigma rules, correlations and filters, compiled. Immutable: a change of rules is another set.</summary>
public sealed class RuleSet
{
    internal RuleSet() { }

    /// <summary>No rules.</summary>
    public static RuleSet Empty { get; } = Load([], new RuleLoadOptions(), out _);

    /// <summary>Every rule and correlation that loaded, those included whose log source is not known here.</summary>
    public IReadOnlyList<RuleInfo> Rules { get; internal init; } = [];

    /// <summary>Rules that loaded but can never match: no known source gives their log source.</summary>
    public IReadOnlyList<RuleInfo> Unrouted { get; internal init; } = [];

    /// <summary>Rules and correlations that were read and do not load; the diagnostics say why.</summary>
    public IReadOnlyList<RuleInfo> Refused { get; internal init; } = [];

    /// <summary>Rules that are evaluated.</summary>
    public int RuleCount => Compiled.Length;

    /// <summary>Correlations that are evaluated.</summary>
    public int CorrelationCount => Correlations.Length;

    internal CompiledRule[] UnroutedRules { get; init; } = [];
    /// <summary>Name of a rule field, by its number.</summary>
    internal IReadOnlyList<string> FieldNamesByNumber { get; init; } = [];
    internal CompiledRule[] Compiled { get; init; } = [];
    internal CompiledCorrelation[] Correlations { get; init; } = [];
    internal Atom[] Atoms { get; init; } = [];
    /// <summary>Where the conditions of log sources begin, and those of the rules, by their place; and all their steps.</summary>
    internal int[] Routes { get; init; } = [];
    internal RuleHead[] Heads { get; init; } = [];
    internal Step[] Steps { get; init; } = [];
    internal int FieldCount { get; init; } = 1;
    internal FieldIndexes?[] Indexes { get; init; } = [null];
    internal int[][] WokenByAtom { get; init; } = [];
    /// <summary>Rules woken by a field being there, by the number its plan has for them.</summary>
    internal int[][] Present { get; init; } = [[]];
    /// <summary>Log sources of the rules that search all values; empty where one of those rules has none.</summary>
    internal int[] KeywordRoutes { get; init; } = [];
    internal int[] AlwaysWoken { get; init; } = [];
    /// <summary>Rules that match where nothing wakes them: such as only say what must not be.</summary>
    internal int[] UnlessWoken { get; init; } = [];
    internal ushort[][] FieldIds { get; init; } = [[]];
    /// <summary>By event field: what to do with a value of it; none past the end.</summary>
    internal FieldPlan?[] Plans { get; init; } = [];

    /// <summary>Whether some rule or correlation names an event field.</summary>
    internal bool Reads(ushort id) => id < Plans.Length && Plans[id] is not null;

    /// <summary>Whether some test looks at every value of an event.</summary>
    internal bool HasFieldlessAtoms => hasFieldlessAtoms ??= Array.Exists(Atoms, static a => a.Field == 0);
    private bool? hasFieldlessAtoms;

    /// <summary>What to do with the value of a field no rule names.</summary>
    internal FieldPlan Unnamed { get; init; } = FieldPlan.None;

    internal FieldPlan PlanOf(ushort id) => id < Plans.Length && Plans[id] is { } plan ? plan : Unnamed;

    /// <summary>How other documents and the command line name a correlation: its name, else its id.</summary>
    public string CorrelationName(RuleInfo info)
    {
        var found = Array.Find(Correlations, c => ReferenceEquals(c.Info, info));
        return found?.Source.Names.Count > 0 ? found.Source.Names[^1] : info.Id;
    }

    /// <summary>
    /// Reads all files: rules, correlations and filters (YAML, several documents a file) and the look-ups of log sources and field names
    /// (<c>logsources</c>, <c>fields</c> under <c>sigma</c>). Files named <c>*.test.yml</c> are samples and left alone.
    /// What is wrong is said, with code, file and line; one bad rule never stops the others.
    /// </summary>
    public static RuleSet Load(IEnumerable<(string path, byte[] bytes)> files, RuleLoadOptions options, out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(options);
        var builder = new RuleSetBuilder(options);
        builder.Read([.. files.Where(f => !f.path.EndsWith(RuleSamples.Suffix, StringComparison.Ordinal)).OrderBy(f => f.path, StringComparer.Ordinal)]);
        var set = builder.Build();
        diagnostics = Lint.DiagnosticCap.Apply(builder.Diagnostics);
        return set;
    }
}

/// <summary>What is needed of a rule to judge it.</summary>
/// <param name="Begin">First step of its condition.</param>
/// <param name="Route">Index of its log source's condition; -1: every event.</param>
internal readonly record struct RuleHead(int Begin, int Route);
