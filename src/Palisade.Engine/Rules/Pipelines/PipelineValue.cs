using System.Globalization;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>
/// A value of a detection item as pySigma sees it once its modifiers were applied: <c>contains: a</c> is the text <c>*a*</c>; expressions, networks, comparisons and the like are no texts.
/// Source: pySigma, sigma/types.py and sigma/modifiers.py.
/// </summary>
internal readonly record struct PipelineValue
{
    // what makes anything but a text of a value
    private static readonly string[] NoTexts =
    [
        "re", "cidr", "exists", "lt", "lte", "gt", "gte", "fieldref", "windash", "base64offset", "minute", "hour", "day", "week", "month", "year",
    ];

    public bool IsNull { get; private init; }
    /// <summary>Null: it is no text.</summary>
    public string? Text { get; private init; }
    public double? Number { get; private init; }
    public bool? Bool { get; private init; }

    /// <summary>A value of an item.</summary>
    public static PipelineValue Of(DetectionItem item, YamlNode value)
    {
        if (value.Kind != YamlKind.Scalar || Array.Exists(item.Modifiers, NoTexts.Contains)) return default;
        bool before = item.Modifiers.Contains("contains") || item.Modifiers.Contains("endswith"), behind = item.Modifiers.Contains("contains") || item.Modifiers.Contains("startswith");
        if (!before && !behind) return Of(value);
        // a star that is there already is not doubled
        return new PipelineValue { Text = (before && !value.Text.StartsWith('*') ? "*" : "") + value.Text + (behind && !EndsInRun(value.Text) ? "*" : "") };
    }

    /// <summary>What a pipeline says.</summary>
    public static PipelineValue Of(YamlNode value)
    {
        if (value.Kind != YamlKind.Scalar) return default;
        if (value.IsNull) return new PipelineValue { IsNull = true };
        if (value.Bool is { } truth) return new PipelineValue { Bool = truth };
        if (value.Plain && double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)) return new PipelineValue { Number = number };
        return new PipelineValue { Text = value.Text };
    }

    /// <summary>Whether a text has a <c>*</c> or <c>?</c> that stands for others.</summary>
    public bool HasWildcards => Text is not null && Pattern.Parse(Text).HasWildcards;

    private static bool EndsInRun(string text) => text.EndsWith('*') && Pattern.Parse(text).Parts is [.., { Kind: PartKind.Run }];
}
