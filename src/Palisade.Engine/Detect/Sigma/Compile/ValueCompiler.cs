using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>What is wrong with a part of a rule; caught where the rule is compiled and told as a diagnostic.</summary>
internal sealed class RuleException(string code, int line, string message) : Exception(message)
{
    public string Code { get; } = code;
    public int Line { get; } = line;
}

/// <summary>Turns one field with its modifiers and values into a tree of atoms.</summary>
/// <remarks>Sigma modifiers appendix 2.1. Encodings are applied left to right; the other modifiers do not depend on their order.</remarks>
internal sealed class ValueCompiler(AtomTable atoms, IReadOnlyDictionary<string, IReadOnlyList<string>> placeholders)
{
    private const int MaxExpansions = 10_000;

    private sealed class Modifiers
    {
        public bool Contains, Starts, Ends, All, Cased, Negate, Dashes, Expand, Exists, Cidr, Reference, Regex;
        public RegexOptions RegexOptions;
        public Comparison? Comparison;
        public TimeUnit Unit;
        public readonly List<string> Encodings = [];
    }

    /// <summary>Compiles <c>Field|modifier…: value(s)</c>. An empty field name stands for every value of the event (keywords).</summary>
    public Node Compile(string key, int line, YamlNode value)
    {
        var words = key.Split('|');
        var m = Read(words.AsSpan(1), line);
        var keyword = words[0].Length == 0;
        var field = keyword ? 0 : atoms.Field(words[0], line);
        var values = value.Kind == YamlKind.Sequence ? value.Items : [value];
        if (values.Exists(v => v.Kind != YamlKind.Scalar)) throw new RuleException("SIG021", line, $"'{key}' takes a value or a list of values");
        if (values.Count == 0) throw new RuleException("SIG021", line, $"'{key}' has no value");
        if (m.All && values.Count == 1 && value.Kind == YamlKind.Sequence) atoms.Warn("SIG061", line, $"'{key}': 'all' needs more than one value");
        var nodes = new List<Node>();
        var literals = new List<Literal>();
        foreach (var v in values)
        {
            var one = One(field, m, v, keyword, m.All ? null : literals);
            if (one is not null) nodes.Add(one);
        }
        if (literals.Count > 0) nodes.Insert(0, Node.Of(atoms.Literals(field, literals, m.Dashes)));
        var node = m.All ? Node.And(nodes) : Node.Or(nodes);
        return m.Negate ? Node.Not(node) : node;
    }

    private static Modifiers Read(ReadOnlySpan<string> words, int line)
    {
        var m = new Modifiers();
        foreach (var word in words)
        {
            switch (word)
            {
                case "contains": m.Contains = true; break;
                case "startswith": m.Starts = true; break;
                case "endswith": m.Ends = true; break;
                case "all": m.All = true; break;
                case "cased": m.Cased = true; break;
                case "neq": m.Negate = true; break;
                case "windash": m.Dashes = true; break;
                case "expand": m.Expand = true; break;
                case "exists": m.Exists = true; break;
                case "cidr": m.Cidr = true; break;
                case "fieldref": m.Reference = true; break;
                case "re": m.Regex = true; break;
                case "i" or "ignorecase": m.RegexOptions |= RegexOptions.IgnoreCase; break;
                case "m" or "multiline": m.RegexOptions |= RegexOptions.Multiline; break;
                case "s" or "dotall": m.RegexOptions |= RegexOptions.Singleline; break;
                case "lt": m.Comparison = Comparison.Less; break;
                case "lte": m.Comparison = Comparison.LessOrEqual; break;
                case "gt": m.Comparison = Comparison.Greater; break;
                case "gte": m.Comparison = Comparison.GreaterOrEqual; break;
                case "minute": m.Unit = TimeUnit.Minute; break;
                case "hour": m.Unit = TimeUnit.Hour; break;
                case "day": m.Unit = TimeUnit.Day; break;
                case "week": m.Unit = TimeUnit.Week; break;
                case "month": m.Unit = TimeUnit.Month; break;
                case "year": m.Unit = TimeUnit.Year; break;
                case "base64" or "base64offset" or "utf16le" or "utf16be" or "utf16" or "wide": m.Encodings.Add(word); break;
                default: throw new RuleException("SIG020", line, $"the modifier '{word}' is unknown");
            }
        }
        if (m.RegexOptions != RegexOptions.None && !m.Regex) throw new RuleException("SIG020", line, "the modifiers i, m and s belong to 're'");
        return m;
    }

    /// <summary>One value; a plain literal goes to <paramref name="literals"/> instead, so that a long list is one atom.</summary>
    private Node? One(int field, Modifiers m, YamlNode value, bool keyword, List<Literal>? literals)
    {
        if (m.Exists) return Exists(field, value);
        if (m.Reference) return Node.Of(atoms.Reference(field, atoms.Field(value.Text, value.Line), PlaceOf(m), m.Cased));
        if (m.Unit != TimeUnit.None || m.Comparison is not null) return Number(field, m, value);
        if (value.IsNull)
        {
            if (keyword) throw new RuleException("SIG021", value.Line, "null is no keyword");
            return Node.Of(atoms.Simple(AtomKind.Null, field));
        }
        if (m.Expand)
        {
            var expanded = Expand(value.Text, value.Line, m.Regex);
            return Node.Or([.. expanded.Select(text => Text(field, m, text, value, keyword, null)!)]);
        }
        return Text(field, m, Canonical(value), value, keyword, literals);
    }

    private Node? Text(int field, Modifiers m, string text, YamlNode value, bool keyword, List<Literal>? literals)
    {
        if (m.Regex) return Node.Of(atoms.Regex(field, RegexText(text, m), m.RegexOptions, value.Line));
        if (m.Cidr)
        {
            if (!Network.TryParse(text, out var network, out var hostBits)) throw new RuleException("SIG024", value.Line, $"'{text}' is no network");
            if (hostBits) atoms.Warn("SIG062", value.Line, $"'{text}' has bits behind its prefix; they are ignored");
            return Node.Of(atoms.Cidr(field, network));
        }
        var patterns = Encode(Pattern.Parse(text), m, value.Line);
        var nodes = new List<Node>();
        foreach (var p in patterns)
        {
            var pattern = p.With(keyword || m.Contains || m.Ends, keyword || m.Contains || m.Starts);
            if (atoms.Pattern(field, pattern, m.Dashes, m.Cased, literals) is { } atom) nodes.Add(Node.Of(atom));
        }
        return nodes.Count == 0 ? null : Node.Or(nodes);
    }

    private static Place PlaceOf(Modifiers m) =>
        m.Contains ? Place.Anywhere : m.Starts ? Place.Start : m.Ends ? Place.End : Place.Whole;

    private static string RegexText(string text, Modifiers m) =>
        m.Starts && !text.StartsWith('^') ? $"^(?:{text})" : m.Ends && !text.EndsWith('$') ? $"(?:{text})$" : text;

    private Node Exists(int field, YamlNode value)
    {
        var wanted = value.Bool ?? value.Text switch
        {
            "true" or "yes" => true,
            "false" or "no" => false,
            _ => throw new RuleException("SIG023", value.Line, "'exists' takes true or false"),
        };
        var node = Node.Of(atoms.Simple(AtomKind.Exists, field));
        return wanted ? node : Node.Not(node);
    }

    private Node Number(int field, Modifiers m, YamlNode value)
    {
        if (!value.Plain || !TryNumber(value.Text, out var number))
            throw new RuleException("SIG022", value.Line, $"'{value.Text}' is no number");
        return Node.Of(atoms.Number(field, m.Comparison ?? Comparison.Equal, number, m.Unit));
    }

    /// <summary>Numbers of the YAML 1.2 core schema, and without exponent signs that a log would never hold.</summary>
    private static bool TryNumber(string text, out double number)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal) && long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex))
        {
            number = hex;
            return true;
        }
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
    }

    /// <summary>The text a scalar stands for: a whole number without sign or zeros in front of it, as a log would write it.</summary>
    private static string Canonical(YamlNode value)
    {
        if (!value.Plain || value.Text.Length == 0 || !(char.IsAsciiDigit(value.Text[^1]))) return value.Text;
        return value.Text[0] is '0' or '+' && long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n)
            ? n.ToString(CultureInfo.InvariantCulture)
            : value.Text;
    }

    private List<string> Expand(string text, int line, bool regex)
    {
        var results = new List<string> { "" };
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && i + 1 < text.Length && text[i + 1] == '%') { Append("%"); i++; continue; }
            var end = c == '%' ? text.IndexOf('%', i + 1) : -1;
            if (end <= i + 1) { Append(c.ToString()); continue; }
            var name = text[(i + 1)..end];
            if (!placeholders.TryGetValue(name, out var values) || values.Count == 0)
                throw new RuleException("SIG025", line, $"nothing is known to put in for the placeholder '%{name}%'");
            if (results.Count * values.Count > MaxExpansions) throw new RuleException("SIG025", line, $"placeholders give more than {MaxExpansions} values");
            results = [.. results.SelectMany(r => values.Select(v => r + (regex ? System.Text.RegularExpressions.Regex.Escape(v) : v)))];
            i = end;
        }
        return results;

        void Append(string s)
        {
            for (var j = 0; j < results.Count; j++) results[j] += s;
        }
    }

    private static List<Pattern> Encode(Pattern pattern, Modifiers m, int line)
    {
        if (m.Encodings.Count == 0) return [pattern];
        if (pattern.HasWildcards) throw new RuleException("SIG026", line, "a value with wildcards cannot be encoded; escape them");
        var values = new List<byte[]> { pattern.Plain };
        foreach (var encoding in m.Encodings)
            values = [.. values.SelectMany(v => Encode(encoding, v))];
        return [.. values.Select(Pattern.Of)];
    }

    private static IEnumerable<byte[]> Encode(string encoding, byte[] value) => encoding switch
    {
        "base64" => [Encoding.ASCII.GetBytes(Convert.ToBase64String(value))],
        "base64offset" => Enumerable.Range(0, 3).Select(shift => Base64At(value, shift)),
        "utf16be" => [Encoding.BigEndianUnicode.GetBytes(Encoding.UTF8.GetString(value))],
        "utf16" => [[0xFF, 0xFE, .. Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(value))]],
        _ => [Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(value))],
    };

    /// <summary>
    /// The signs of base64 that do not depend on what stands before or behind the value, for a value that begins <paramref name="shift"/> bytes
    /// into a group of three. Counted in bytes, not characters.
    /// </summary>
    private static byte[] Base64At(byte[] value, int shift)
    {
        var padded = new byte[shift + value.Length];
        value.CopyTo(padded, shift);
        var text = Convert.ToBase64String(padded);
        var start = shift switch { 0 => 0, 1 => 2, _ => 3 };
        var end = (padded.Length % 3) switch { 0 => text.Length, 1 => text.Length - 3, _ => text.Length - 2 };
        return Encoding.ASCII.GetBytes(end > start ? text[start..end] : "");
    }
}
