using System.Globalization;
using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>What is wrong with a part of a rule; caught where the rule is compiled and told as a diagnostic.</summary>
internal sealed class RuleException(string code, int line, string message) : Exception(message)
{
    public string Code { get; } = code;
    public int Line { get; } = line;
}

/// <summary>Turns one field with its modifiers and values into a tree of atoms.</summary>
/// <param name="tenant">Whose rules they are; 0: the platform's.</param>
internal sealed class ValueCompiler(AtomTable atoms, IReadOnlyDictionary<string, IReadOnlyList<string>> placeholders, uint tenant = 0)
{
    private const int MaxExpansions = 10_000;
    private const int MaxExpandedLength = 4 << 20;
    private const int MaxPatternLength = 4_096;

    /// <summary>What placeholders may make of all rules of a tenant together, so that a list that many rules name cannot fill the memory; characters.</summary>
    private const long MaxTenantLength = 64 << 20;

    private long expandedLength, expandedBefore;

    /// <summary>Begins another rule: what its placeholders may grow to is counted from nothing.</summary>
    public void Begin()
    {
        expandedBefore += expandedLength;
        expandedLength = 0;
    }

    /// <summary>Compiles <c>Field|modifier…: value(s)</c>. An empty field name stands for every value of the event (keywords).</summary>
    public Node Compile(string key, int line, YamlNode value)
    {
        var words = key.Split('|');
        var m = Modifiers.Read(words.AsSpan(1), line);
        var keyword = words[0].Length == 0;
        var field = keyword ? 0 : atoms.Field(words[0], line);
        var values = value.Kind == YamlKind.Sequence ? value.Items : [value];
        if (values.Exists(v => v.Kind != YamlKind.Scalar)) throw new RuleException("SIG021", line, $"'{key}' takes a value or a list of values");
        if (values.Count == 0) throw new RuleException("SIG021", line, $"'{key}' has no value");
        if (m.Exists && value.Kind == YamlKind.Sequence) throw new RuleException("SIG023", line, "'exists' takes true or false");
        if (values.Count > 1 && values.Exists(v => v.IsNull)) atoms.Warn("SIG074", line, $"'{key}': null stands in a list; the specification wants it alone (read: one of the values, or nothing)");
        if (m.All && values.Count == 1) atoms.Warn("SIG061", line, $"'{key}': 'all' needs more than one value");
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

    /// <summary>One value; a plain literal goes to <paramref name="literals"/> instead, so that a long list is one atom.</summary>
    private Node? One(int field, Modifiers m, YamlNode value, bool keyword, List<Literal>? literals)
    {
        if (m.Exists) return Exists(field, value);
        if (value.IsNull && m.TakesText) throw new RuleException("SIG029", value.Line, "null says that the field is missing: it takes no modifier that looks at a text");
        if (m.Reference) return Node.Of(atoms.Reference(field, atoms.Field(value.Text, value.Line), m.Place, m.Cased));
        if (m.Numeric) return Number(field, m, value);
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
        var nodes = new List<Node>();
        foreach (var text in Texts(value, m))
            if (Text(field, m, text, value, keyword, literals) is { } node) nodes.Add(node);
        return nodes.Count == 0 ? null : Node.Or(nodes);
    }

    private Node? Text(int field, Modifiers m, string text, YamlNode value, bool keyword, List<Literal>? literals)
    {
        if (m.Regex)
        {
            try
            {
                return Node.Of(atoms.Regex(field, RegexText.Translate(text), m.Place, m.RegexOptions, value.Line));
            }
            catch (FormatException e)
            {
                throw new RuleException("SIG028", value.Line, e.Message);
            }
        }
        if (m.Cidr)
        {
            if (!Network.TryParse(text, out var network, out var hostBits)) throw new RuleException("SIG024", value.Line, $"'{text}' is no network");
            if (hostBits) atoms.Warn("SIG062", value.Line, $"'{text}' has bits behind its prefix; they are ignored");
            return Node.Of(atoms.Cidr(field, network));
        }
        var read = Pattern.Parse(text);
        if (read.HasWildcards && text.Length > MaxPatternLength) throw new RuleException("SIG042", value.Line, $"a value with wildcards has at most {MaxPatternLength} signs");
        ValueLint.Text(text, value.Line, atoms.Warn);
        var patterns = Encode(read, m, value.Line);
        var nodes = new List<Node>();
        foreach (var p in patterns)
        {
            var pattern = p.With(keyword || m.Contains || m.Ends, keyword || m.Contains || m.Starts);
            if (atoms.Pattern(field, pattern, m.Dashes, m.Cased, literals) is { } atom) nodes.Add(Node.Of(atom));
        }
        return nodes.Count == 0 ? null : Node.Or(nodes);
    }

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

    /// <summary>Numbers of the YAML 1.2 core schema: decimal, 0x, 0o.</summary>
    private static bool TryNumber(string text, out double number)
    {
        if (TryInteger(text, out var whole))
        {
            number = whole;
            return true;
        }
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number) && !text.AsSpan().ContainsAny(" \t");
    }

    private static bool TryInteger(string text, out long number)
    {
        number = 0;
        if (text.StartsWith("0x", StringComparison.Ordinal)) return long.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
        if (!text.StartsWith("0o", StringComparison.Ordinal))
            return text.Length > 0 && char.IsAsciiDigit(text[^1]) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
        if (text.Length is < 3 or > 22 || text.AsSpan(2).ContainsAnyExceptInRange('0', '7')) return false;
        foreach (var digit in text.AsSpan(2)) number = number << 3 | (uint)(digit - '0');
        return true;
    }

    /// <summary>
    /// The texts a scalar stands for. A plain whole number is its digits, as a log would write it; a number in another notation (0x1f, 1e3, 1.50) is what
    /// is written as well as its digits, since logs write both. Everything else is itself.
    /// </summary>
    private string[] Texts(YamlNode value, Modifiers m)
    {
        if (!value.Plain || m.Regex || m.Cidr) return [value.Text];
        if (ValueLint.Yaml11(value.Text) is { } other)
            atoms.Warn("SIG072", value.Line, $"'{value.Text}' is {other} to YAML 1.1 and is read by YAML 1.2 here; put it in quotes so that every engine reads the same");
        if (!TryNumber(value.Text, out var number) || !char.IsAsciiLetterOrDigit(value.Text[^1])) return [value.Text];
        var other12 = value.Text.Length > 1 && char.IsAsciiLetter(value.Text[1]) || !TryInteger(value.Text, out _);
        var digits = TryInteger(value.Text, out var whole) ? whole.ToString(CultureInfo.InvariantCulture) : number.ToString("R", CultureInfo.InvariantCulture);
        return other12 && digits != value.Text ? [value.Text, digits] : [digits];
    }

    private List<string> Expand(string text, int line, bool regex)
    {
        var results = new List<string> { "" };
        if (text.Length > MaxPatternLength) throw new RuleException("SIG025", line, "a value with placeholders is too long");
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
            expandedLength += results.Sum(r => (long)r.Length) * values.Count + values.Sum(v => (long)v.Length) * results.Count;
            if (expandedLength > MaxExpandedLength) throw new RuleException("SIG025", line, "placeholders make the rule too large");
            if (tenant != 0 && expandedBefore + expandedLength > MaxTenantLength) throw new RuleException("SIG025", line, "placeholders make the rules too large, all of them together");
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
