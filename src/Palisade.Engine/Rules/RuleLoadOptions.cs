namespace Palisade.Engine.Rules;

/// <summary>How a Sigma filter joins the rules it names: the texts of 2.1 and 2.2 contradict each other.</summary>
public enum FilterPolarity : byte
{
    /// <summary>rule AND filter (the 2.2 draft): the filter's condition says what to keep.</summary>
    And = 0,
    /// <summary>rule AND NOT filter (the first example of 2.1): the filter's condition says what to leave out.</summary>
    AndNot = 1,
}

/// <summary>How rules are loaded.</summary>
public sealed record RuleLoadOptions
{
    public FilterPolarity Polarity { get; init; } = FilterPolarity.And;

    /// <summary>Values of <c>%name%</c> for the modifier <c>expand</c>. A rule with a name not given here is refused.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Placeholders { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Rules pass through these, by rising priority, before they are compiled; correlations of such rules do too. Filters do not.</summary>
    public IReadOnlyList<Pipelines.ProcessingPipeline> Pipelines { get; init; } = [];

    /// <summary>Files (as handed in) whose rules pass through the pipelines; null: all.</summary>
    public IReadOnlySet<string>? PipedFiles { get; init; }

    /// <summary>Evaluates every rule on every event, whatever its log source.</summary>
    public bool AnyLogSource { get; init; }

    /// <summary>Whose rules they are, which bounds the field names they may bring (<see cref="FieldNames.MaxPerTenant"/>); 0: the platform's.</summary>
    public uint Tenant { get; init; }

    /// <summary>The files are parts of rules behind the pipelines, which only we write: see <see cref="Pipelines.PipedText"/>.</summary>
    internal bool Parts { get; init; }

    /// <summary>Largest file read; bytes.</summary>
    public int MaxFileBytes { get; init; } = 4 << 20;
}
