namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>
/// Reads a condition: <c>or &lt; and &lt; not &lt; x of &lt; ( )</c>, identifiers, <c>1/any/all of them</c>, <c>1/any/all of pattern*</c>.
/// Words are split first, so an identifier may begin with an operator (notepad, android) or hold a hyphen.
/// </summary>
/// <remarks>Sigma rules specification 2.1, "Condition". The same grammar reads the conditions of temporal correlations.</remarks>
internal sealed class ConditionParser
{
    /// <summary>Identifiers one condition may come to, patterns laid out.</summary>
    private const int MaxParts = 20_000;

    private static readonly string[] Operators = ["and", "or", "not", "(", ")"];

    private readonly List<string> words = [];
    private readonly IReadOnlyList<string> names;
    private readonly Func<string, Node> node;
    private readonly HashSet<string> used;
    private int parts;
    private int at;
    private int depth;

    private ConditionParser(string text, IReadOnlyList<string> names, Func<string, Node> node, HashSet<string> used)
    {
        this.names = names;
        this.node = node;
        this.used = used;
        for (var i = 0; i < text.Length;)
        {
            if (char.IsWhiteSpace(text[i])) { i++; continue; }
            if (text[i] is '(' or ')') { words.Add(text[i++].ToString()); continue; }
            var start = i;
            while (i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not ('(' or ')')) i++;
            words.Add(text[start..i]);
        }
    }

    /// <summary>Parses; throws <see cref="FormatException"/> with what is wrong.</summary>
    public static Node Parse(string text, IReadOnlyList<string> names, Func<string, Node> node, HashSet<string> used)
    {
        var parser = new ConditionParser(text, names, node, used);
        if (parser.words.Count == 0) throw new FormatException("the condition is empty");
        if (parser.words.Count > 10_000) throw new FormatException("the condition is too long");
        if (parser.words.Contains("|")) throw new FormatException("aggregation after '|' is no part of Sigma 2: write a correlation");
        var result = parser.Or();
        if (parser.at < parser.words.Count) throw new FormatException($"'{parser.words[parser.at]}' is not expected here");
        return result;
    }

    /// <summary>What a condition names, in its order, patterns and operators left out.</summary>
    public static List<string> Identifiers(string text) =>
        [.. new ConditionParser(text, [], static _ => throw new NotSupportedException(), []).words
            .Where(w => !Operators.Contains(w, StringComparer.OrdinalIgnoreCase)).Distinct(StringComparer.Ordinal)];

    private bool Word(string word)
    {
        if (at >= words.Count || !words[at].Equals(word, StringComparison.OrdinalIgnoreCase)) return false;
        at++;
        return true;
    }

    private Node Or()
    {
        var parts = new List<Node> { And() };
        while (Word("or")) parts.Add(And());
        return Node.Or(parts);
    }

    private Node And()
    {
        var parts = new List<Node> { Not() };
        while (Word("and")) parts.Add(Not());
        return Node.And(parts);
    }

    private Node Not()
    {
        if (++depth > 200) throw new FormatException("the condition is nested too deep");
        var result = Word("not") ? Node.Not(Not()) : Primary();
        depth--;
        return result;
    }

    private Node Primary()
    {
        if (at >= words.Count) throw new FormatException("the condition ends where an identifier is expected");
        if (Word("("))
        {
            var inner = Or();
            if (!Word(")")) throw new FormatException("a bracket is not closed");
            return inner;
        }
        var word = words[at++];
        var quantified = at < words.Count && words[at].Equals("of", StringComparison.OrdinalIgnoreCase);
        if (quantified) return Quantified(word);
        if (!names.Contains(word)) throw new FormatException(word is ")" or "and" or "or" or "of" ? $"'{word}' is not expected here" : $"no identifier is named '{word}'");
        used.Add(word);
        return node(word);
    }

    private Node Quantified(string quantifier)
    {
        at++;
        var all = quantifier.Equals("all", StringComparison.OrdinalIgnoreCase);
        if (!all && quantifier != "1" && !quantifier.Equals("any", StringComparison.OrdinalIgnoreCase)) throw new FormatException($"'{quantifier} of' is not Sigma: 1, any or all");
        if (at >= words.Count) throw new FormatException("'of' what?");
        var pattern = words[at++];
        var them = pattern.Equals("them", StringComparison.OrdinalIgnoreCase);
        var chosen = names.Where(n => them ? !n.StartsWith('_') : Fits(n, pattern)).ToList();
        if (chosen.Count == 0) throw new FormatException($"no identifier fits '{pattern}'");
        parts += chosen.Count;
        if (parts > MaxParts) throw new FormatException("the condition names too many identifiers");
        var chosenNodes = new List<Node>(chosen.Count);
        foreach (var name in chosen)
        {
            used.Add(name);
            chosenNodes.Add(node(name));
        }
        return all ? Node.And(chosenNodes) : Node.Or(chosenNodes);
    }

    private static bool Fits(string name, string pattern)
    {
        // A leading underscore hides an identifier from patterns that do not name it.
        if (name.StartsWith('_') && !pattern.StartsWith('_')) return false;
        return Pattern.Parse(pattern).Matches(System.Text.Encoding.UTF8.GetBytes(name));
    }
}
