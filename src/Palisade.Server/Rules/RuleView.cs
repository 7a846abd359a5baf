using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Protocol;

namespace Palisade.Server.Rules;

/// <summary>A rule as one tenant has it.</summary>
/// <param name="Text">As its author wrote it; null for web signatures, behaviours and anomalies, which are no Sigma.</param>
/// <param name="IsOwn">The tenant wrote it.</param>
/// <param name="IsRouted">A source that is known here gives its log source.</param>
/// <param name="Choice">What the tenant decided; null: nothing.</param>
/// <param name="OwnVersion">Of a rule of the tenant's own; 0 else.</param>
public sealed record RuleView(RuleInfo Info, RuleText? Text, bool IsOwn, bool IsRouted, RuleChoice? Choice, long OwnVersion)
{
    /// <summary>Why a rule of the tenant's own does not load, such as a pipeline that refuses it; empty: it does.</summary>
    public IReadOnlyList<Diagnostic> Problems { get; init; } = [];
    public bool Enabled => Choice?.Enabled ?? true;
    /// <summary>The level findings have in this tenant.</summary>
    public FindingLevel Level => Choice?.Level ?? Info.Level;
    public string Status => Text?.Status ?? "";
    public string LogSource => Text?.LogSource ?? "";

    /// <summary>What the rule looks at: own, or the product of its log source; what is built in and correlations apart.</summary>
    public string Area => IsOwn ? "own" : Info.Kind switch
    {
        "web" or "behaviour" or "anomaly" or "correlation" => Info.Kind,
        _ => Text is { Product.Length: > 0 } ? Text.Product : Text is { Category.Length: > 0 } ? Text.Category : "other",
    };
}

/// <summary>What a list of rules may be narrowed to. Null: no matter.</summary>
public sealed record RuleFilter
{
    public string? Area { get; init; }
    public FindingLevel? Level { get; init; }
    public string? Class { get; init; }
    public string? Status { get; init; }
    public bool? Enabled { get; init; }
    /// <summary>Words of title, id, description, tags or log source.</summary>
    public string? Text { get; init; }

    public bool Fits(RuleView rule)
    {
        if (Area is not null && rule.Area != Area) return false;
        if (Level is { } level && rule.Level != level) return false;
        if (Class is not null && rule.Info.Class != Class) return false;
        if (Status is not null && rule.Status != Status) return false;
        if (Enabled is { } enabled && rule.Enabled != enabled) return false;
        foreach (var word in (Text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(8))
            if (!Has(rule, word)) return false;
        return true;
    }

    private static bool Has(RuleView rule, string word)
    {
        bool In(string text) => text.Contains(word, StringComparison.OrdinalIgnoreCase);
        return In(rule.Info.Name) || In(rule.Info.NameZh) || In(rule.Info.Id) || In(rule.Info.WhatHappened) || In(rule.LogSource) || rule.Info.Tags.Any(In);
    }
}
