using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>One <c>field|modifiers: values</c> as a function over an event: Sigma modifiers appendix 2.1, read word for word.</summary>
internal sealed class OracleField(IReadOnlyDictionary<string, IReadOnlyList<string>> taxonomy, IReadOnlyDictionary<string, IReadOnlyList<string>> placeholders)
{
    private static readonly string[] Parts = ["minute", "hour", "day", "week", "month", "year"];
    private static readonly string[] Encodings = ["base64", "base64offset", "wide", "utf16", "utf16le", "utf16be"];

    public Func<OracleEvent, bool> Read(string key, YamlNode value)
    {
        var words = key.Split('|');
        var modifiers = words[1..];
        Func<OracleEvent, List<string?>> values = words[0].Length == 0 ? e => e.Everything() : e => e.Values(Names(words[0]));
        var items = value.Kind == YamlKind.Sequence ? value.Items : [value];
        if (items.Count == 0 || items.Exists(i => i.Kind != YamlKind.Scalar)) throw new OracleException("a value or a list of values is expected");
        var tests = items.Select(i => One(words[0].Length == 0, values, modifiers, i)).ToList();
        var all = modifiers.Contains("all");
        var negated = modifiers.Contains("neq");
        return e => negated != (all ? tests.All(t => t(e)) : tests.Any(t => t(e)));
    }

    private string[] Names(string field) => taxonomy.TryGetValue(field, out var mapped) ? [field, .. mapped] : [field];

    private Func<OracleEvent, bool> One(bool keyword, Func<OracleEvent, List<string?>> values, string[] modifiers, YamlNode value)
    {
        if (modifiers.Contains("exists"))
        {
            var wanted = value.Text.ToLowerInvariant() is "true" or "yes";
            return e => values(e).Count > 0 == wanted;
        }
        if (modifiers.Contains("fieldref"))
        {
            var other = Names(value.Text);
            var (contains, starts, ends, cased) = (modifiers.Contains("contains"), modifiers.Contains("startswith"), modifiers.Contains("endswith"), modifiers.Contains("cased"));
            return e => values(e).Exists(v => v is not null && e.Values(other).Exists(o => o is not null && Placed(Fold(v, cased), Fold(o, cased), contains, starts, ends)));
        }
        if (modifiers.Any(m => m is "lt" or "lte" or "gt" or "gte" || Parts.Contains(m))) return Number(values, modifiers, value);
        if (value.IsNull) return e => values(e) is var there && (there.Count == 0 || there.Contains(null));
        List<string> texts = modifiers.Contains("expand") ? Expand(value.Text, modifiers.Contains("re")) : [.. Texts(value, modifiers)];
        var tests = texts.SelectMany(t => TextTests(t, keyword, modifiers)).ToList();
        return e => values(e).Exists(v => v is not null && tests.Exists(t => t(v)));
    }

    private static string Fold(string text, bool cased) =>
        cased ? text : string.Concat(text.EnumerateRunes().Select(r => Rune.ToLowerInvariant(Rune.ToUpperInvariant(r)).ToString()));

    private static bool Placed(string value, string other, bool contains, bool starts, bool ends) =>
        contains || starts && ends ? value.Contains(other, StringComparison.Ordinal)
        : starts ? value.StartsWith(other, StringComparison.Ordinal)
        : ends ? value.EndsWith(other, StringComparison.Ordinal)
        : value.Equals(other, StringComparison.Ordinal);

    private static IEnumerable<Predicate<string>> TextTests(string text, bool keyword, string[] modifiers)
    {
        var (before, after) = (keyword || modifiers.Contains("contains") || modifiers.Contains("endswith"), keyword || modifiers.Contains("contains") || modifiers.Contains("startswith"));
        if (modifiers.Contains("re"))
        {
            var regex = Expression(text, modifiers);
            return [v => IsMatch(regex, v)];
        }
        if (modifiers.Contains("cidr"))
        {
            // read once to see that it is a network
            _ = OracleAddress.Within("", text);
            return [v => OracleAddress.Within(v, text)];
        }
        var (cased, dashes) = (modifiers.Contains("cased"), modifiers.Contains("windash"));
        return Encoded(text, modifiers).Select<List<int>, Predicate<string>>(pattern =>
        {
            var whole = OracleText.Fold(pattern, cased, dashes);
            if (before) whole.Insert(0, OracleText.AnyRun);
            if (after) whole.Add(OracleText.AnyRun);
            return v => OracleText.Fits(OracleText.Of(v, cased, dashes), whole);
        });
    }

    private static Regex Expression(string text, string[] modifiers)
    {
        foreach (var (name, set) in new[] { ("alpha", "a-zA-Z"), ("digit", "0-9"), ("alnum", "a-zA-Z0-9"), ("upper", "A-Z"), ("lower", "a-z"), ("space", @"\s"), ("xdigit", "0-9a-fA-F"), ("word", @"\w") })
            text = text.Replace($"[:{name}:]", set, StringComparison.Ordinal);
        if (!modifiers.Contains("contains") && modifiers.Contains("startswith") != modifiers.Contains("endswith"))
            text = modifiers.Contains("startswith") ? $@"\A(?:{text})" : $@"(?:{text})\z";
        var options = RegexOptions.CultureInvariant;
        if (modifiers.Any(m => m is "i" or "ignorecase")) options |= RegexOptions.IgnoreCase;
        if (modifiers.Any(m => m is "m" or "multiline")) options |= RegexOptions.Multiline;
        if (modifiers.Any(m => m is "s" or "dotall")) options |= RegexOptions.Singleline;
        try
        {
            return new Regex(text, options, TimeSpan.FromSeconds(2));
        }
        catch (ArgumentException e)
        {
            throw new OracleException(e.Message);
        }
    }

    // Searched by trying everything; where that would take for ever, by the run-time's automaton, whose time grows with the value alone.
    private static bool IsMatch(Regex regex, string value)
    {
        try
        {
            return regex.IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            return new Regex(regex.ToString(), regex.Options | RegexOptions.NonBacktracking).IsMatch(value);
        }
    }

    /// <summary>The patterns a text becomes by its encodings, from left to right.</summary>
    private static List<List<int>> Encoded(string text, string[] modifiers)
    {
        var pattern = OracleText.Pattern(text);
        var encodings = modifiers.Where(Encodings.Contains).ToList();
        if (encodings.Count == 0) return [pattern];
        if (OracleText.HasWildcards(pattern)) throw new OracleException("wildcards cannot be encoded");
        List<byte[]> values = [Encoding.UTF8.GetBytes(OracleText.Plain(pattern))];
        foreach (var encoding in encodings) values = [.. values.SelectMany(v => Encode(encoding, v))];
        var utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);
        var patterns = new List<List<int>>();
        foreach (var value in values)
        {
            try
            {
                patterns.Add([.. utf8.GetString(value).EnumerateRunes().Select(r => r.Value)]);
            }
            catch (DecoderFallbackException)
            {
                // bytes that are no text are in no text
                continue;
            }
        }
        return patterns;
    }

    private static IEnumerable<byte[]> Encode(string encoding, byte[] value)
    {
        var text = Encoding.UTF8.GetString(value);
        switch (encoding)
        {
            case "base64": return [Encoding.ASCII.GetBytes(Convert.ToBase64String(value))];
            case "utf16be": return [Encoding.BigEndianUnicode.GetBytes(text)];
            case "utf16": return [[.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)]];
            case "base64offset":
                return Enumerable.Range(0, 3).Select(before =>
                {
                    // of every six bits, those signs that lie wholly in the value
                    var bits = Convert.ToBase64String([.. new byte[before], .. value, 0, 0, 0]);
                    var (first, end) = ((before * 8 + 5) / 6, (before + value.Length) * 8 / 6);
                    return Encoding.ASCII.GetBytes(end > first ? bits[first..end] : "");
                });
            default: return [Encoding.Unicode.GetBytes(text)];
        }
    }

    private static Func<OracleEvent, bool> Number(Func<OracleEvent, List<string?>> values, string[] modifiers, YamlNode value)
    {
        if (!value.Plain || OracleNumber.InRule(value.Text) is not { } bound) throw new OracleException("a number is expected");
        var part = modifiers.FirstOrDefault(Parts.Contains);
        var comparison = modifiers.FirstOrDefault(m => m is "lt" or "lte" or "gt" or "gte");
        return e => values(e).Exists(v => v is not null && (part is null ? OracleNumber.InLog(v) : OracleNumber.Part(v, part)) is { } n && comparison switch
        {
            "lt" => n < bound,
            "lte" => n <= bound,
            "gt" => n > bound,
            "gte" => n >= bound,
            _ => n == bound,
        });
    }

    /// <summary>The texts of a scalar: whole numbers as digits; numbers in another notation as written and as digits.</summary>
    private static string[] Texts(YamlNode value, string[] modifiers)
    {
        var text = value.Text;
        if (!value.Plain || modifiers.Any(m => m is "re" or "cidr") || text.Length == 0 || !char.IsAsciiLetterOrDigit(text[^1]) || OracleNumber.InRule(text) is not { } number) return [text];
        if (OracleNumber.Whole(text) is not { } whole) return [text, number.ToString("R", CultureInfo.InvariantCulture)];
        var digits = whole.ToString(CultureInfo.InvariantCulture);
        return text.Any(char.IsAsciiLetter) ? [text, digits] : [digits];
    }

    private List<string> Expand(string text, bool regex)
    {
        var open = -1;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == '%') { i++; continue; }
            if (text[i] != '%') continue;
            if (open < 0 || i == open + 1) { open = i; continue; }
            var name = text[(open + 1)..i];
            if (!placeholders.TryGetValue(name, out var values) || values.Count == 0) throw new OracleException($"%{name}% is unknown");
            var (head, tails) = (text[..open].Replace(@"\%", "%", StringComparison.Ordinal), Expand(text[(i + 1)..], regex));
            return [.. values.SelectMany(v => tails.Select(t => head + (regex ? Regex.Escape(v) : v) + t))];
        }
        return [text.Replace(@"\%", "%", StringComparison.Ordinal)];
    }
}
