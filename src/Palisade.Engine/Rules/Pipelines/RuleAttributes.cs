using System.Globalization;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules.Pipelines;

/// <summary>
/// The condition <c>rule_attribute</c>: texts are compared whole, dates, levels, statuses and numbers in their order, lists by what they contain. An attribute that a rule lacks never holds.
/// Source: pySigma, sigma/processing/conditions/rule.py.
/// </summary>
internal static class RuleAttributes
{
    private static readonly string[] Texts = ["title", "id", "name", "taxonomy", "description", "license", "author"], Dates = ["date", "modified"], Lists = ["tags", "references", "fields", "falsepositives", "scope"];
    private static readonly string[] Levels = ["informational", "low", "medium", "high", "critical"], Statuses = ["unsupported", "deprecated", "experimental", "test", "stable"];

    /// <summary>Reads the condition; throws <see cref="RuleException"/> (SIG081) where it compares what cannot be compared.</summary>
    public static Func<RuleWork, bool> Read(YamlNode c, string name, YamlNode value)
    {
        var op = c["op"]?.Text ?? "eq";
        if (op is not ("eq" or "ne" or "gte" or "gt" or "lte" or "lt" or "in" or "not_in")) throw new RuleException("SIG081", c.Line, $"'op' is eq, ne, gte, gt, lte, lt, in or not_in, not '{op}'");
        if (Texts.Contains(name) && op is not ("eq" or "ne")) throw new RuleException("SIG081", c.Line, $"'{name}' is a text: it is compared by eq and ne");
        if ((name is "level" or "status" || Dates.Contains(name)) && op is "in" or "not_in") throw new RuleException("SIG081", c.Line, $"'{name}' is no list: it is compared by eq, ne, gte, gt, lte and lt");
        var ranked = name switch
        {
            "level" => Rank(Levels, value.Text),
            "status" => Rank(Statuses, value.Text),
            _ when Dates.Contains(name) => Day(value.Text),
            _ => 0,
        };
        if (ranked is null) throw new RuleException("SIG081", value.Line, $"'{value.Text}' is no {(Dates.Contains(name) ? "date" : name)}");
        return work => work.Attribute(name) is { } held && Holds(name, held, op, value.Text, ranked.Value);
    }

    private static bool Holds(string name, YamlNode held, string op, string wanted, double ranked)
    {
        if (held.Kind == YamlKind.Sequence || Lists.Contains(name))
        {
            var contains = (held.Kind == YamlKind.Sequence ? held.Items : [held]).Exists(i => i.Text.Equals(wanted, StringComparison.OrdinalIgnoreCase));
            // one value is never a whole list
            return op switch { "in" => contains, "not_in" => !contains, _ => op == "ne" };
        }
        if (held.Kind != YamlKind.Scalar) throw new RuleException("SIG083", held.Line, $"'{name}' is neither a value nor a list: 'rule_attribute' cannot compare it");
        if (name == "id") return held.Text.Equals(wanted, StringComparison.OrdinalIgnoreCase) == (op == "eq");
        if (name is "level" or "status") return Rank(name == "level" ? Levels : Statuses, held.Text) is { } rank && Compared(rank.CompareTo(ranked), op);
        if (Dates.Contains(name)) return Day(held.Text) is { } day && Compared(day.CompareTo(ranked), op);
        if (PipelineValue.Of(held).Number is { } number && op is not ("in" or "not_in"))
        {
            return double.TryParse(wanted, NumberStyles.Float, CultureInfo.InvariantCulture, out var other)
                ? Compared(number.CompareTo(other), op)
                : throw new RuleException("SIG083", held.Line, $"'{name}' is a number, and '{wanted}' of the pipeline is none");
        }
        if (op is not ("eq" or "ne")) throw new RuleException("SIG083", held.Line, $"'{name}' is a text here: it is compared by eq and ne, not by {op}");
        return held.Text.Equals(wanted, StringComparison.Ordinal) == (op == "eq");
    }

    /// <summary>What a comparison says by its operator.</summary>
    public static bool Compared(int order, string op) => op switch
    {
        "eq" => order == 0,
        "ne" => order != 0,
        "gte" => order >= 0,
        "gt" => order > 0,
        "lte" => order <= 0,
        _ => order < 0,
    };

    private static double? Rank(string[] words, string word) => Array.FindIndex(words, w => w.Equals(word, StringComparison.OrdinalIgnoreCase)) is var at and >= 0 ? at : null;

    private static double? Day(string text) =>
        DateOnly.TryParseExact(text, ["yyyy-MM-dd", "yyyy/MM/dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day.DayNumber : null;
}
