using System.Text.RegularExpressions;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>What the modifiers behind a field's name ask for, read and checked against one another.</summary>
/// <remarks>
/// Sigma modifiers appendix 2.1. Encodings are applied left to right; the others do not depend on their order, so
/// <c>contains|windash</c> and <c>windash|contains</c> are the same.
/// </remarks>
internal sealed class Modifiers
{
    public bool Contains, Starts, Ends, All, Cased, Negate, Dashes, Expand, Exists, Cidr, Reference, Regex;
    public RegexOptions RegexOptions;
    public Comparison? Comparison;
    public TimeUnit Unit;
    public readonly List<string> Encodings = [];

    /// <summary>One of them looks at a text, so that a field without a value can hold nothing of it.</summary>
    public bool TakesText => Contains || Starts || Ends || Cased || Dashes || Expand || Cidr || Reference || Regex || Encodings.Count > 0;

    /// <summary>It compares numbers: the value itself, or a part of a time.</summary>
    public bool Numeric => Comparison is not null || Unit != TimeUnit.None;

    public Place Place => Contains || Starts && Ends ? Place.Anywhere : Starts ? Place.Start : Ends ? Place.End : Place.Whole;

    /// <summary>Reads them; a modifier that is unknown, or that says nothing beside another, refuses the rule.</summary>
    public static Modifiers Read(ReadOnlySpan<string> words, int line)
    {
        var m = new Modifiers();
        foreach (var word in words) m.Take(word, line);
        m.Check(line);
        return m;
    }

    private void Take(string word, int line)
    {
        switch (word)
        {
            case "contains": Contains = true; break;
            case "startswith": Starts = true; break;
            case "endswith": Ends = true; break;
            case "all": All = true; break;
            case "cased": Cased = true; break;
            case "neq": Negate = true; break;
            case "windash": Dashes = true; break;
            case "expand": Expand = true; break;
            case "exists": Exists = true; break;
            case "cidr": Cidr = true; break;
            case "fieldref": Reference = true; break;
            case "re": Regex = true; break;
            case "i" or "ignorecase": RegexOptions |= RegexOptions.IgnoreCase; break;
            case "m" or "multiline": RegexOptions |= RegexOptions.Multiline; break;
            case "s" or "dotall": RegexOptions |= RegexOptions.Singleline; break;
            case "lt": Compare(Compile.Comparison.Less, line); break;
            case "lte": Compare(Compile.Comparison.LessOrEqual, line); break;
            case "gt": Compare(Compile.Comparison.Greater, line); break;
            case "gte": Compare(Compile.Comparison.GreaterOrEqual, line); break;
            case "minute": Part(TimeUnit.Minute, line); break;
            case "hour": Part(TimeUnit.Hour, line); break;
            case "day": Part(TimeUnit.Day, line); break;
            case "week": Part(TimeUnit.Week, line); break;
            case "month": Part(TimeUnit.Month, line); break;
            case "year": Part(TimeUnit.Year, line); break;
            case "base64" or "base64offset" or "utf16le" or "utf16be" or "utf16" or "wide": Encodings.Add(word); break;
            default: throw new RuleException("SIG020", line, $"the modifier '{word}' is unknown");
        }
    }

    private void Compare(Comparison comparison, int line)
    {
        if (Comparison is not null) throw new RuleException("SIG029", line, "one field takes one comparison; write the field twice for a range");
        Comparison = comparison;
    }

    private void Part(TimeUnit unit, int line)
    {
        if (Unit != TimeUnit.None) throw new RuleException("SIG029", line, "one field takes one part of a time");
        Unit = unit;
    }

    private void Check(int line)
    {
        if (RegexOptions != RegexOptions.None && !Regex) throw new RuleException("SIG020", line, "the modifiers i, m and s belong to 're'");
        var text = Contains || Starts || Ends || Cased;
        var bytes = Dashes || Encodings.Count > 0;
        if (Exists && (text || bytes || Numeric || Regex || Cidr || Reference || Expand)) throw Beside("exists");
        if (Numeric && (text || bytes || Regex || Cidr || Reference || Expand)) throw Beside("a comparison of numbers or times");
        if (Cidr && (text || bytes || Regex || Reference)) throw Beside("cidr");
        if (Regex && (bytes || Reference)) throw Beside("re");
        if (Reference && (bytes || Expand)) throw Beside("fieldref");

        RuleException Beside(string what) => new("SIG029", line, $"'{what}' does not go with the other modifiers of this field");
    }
}
