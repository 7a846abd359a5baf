namespace Palisade.Engine.Rules.Explain;

/// <summary>
/// A condition as a tree with the words it was written in. Reads what the compiler accepted, so what is wrong with it has been said before;
/// what cannot be read gives null.
/// </summary>
internal sealed class ConditionTree
{
    private readonly List<string> words = [];
    private readonly IReadOnlyDictionary<string, bool> names;
    private int at, depth;

    private ConditionTree(string text, IReadOnlyDictionary<string, bool> names)
    {
        this.names = names;
        words.AddRange(text.Replace("(", " ( ", StringComparison.Ordinal).Replace(")", " ) ", StringComparison.Ordinal).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    public static ConditionPart? Read(string text, IReadOnlyDictionary<string, bool> names)
    {
        var tree = new ConditionTree(text, names);
        if (tree.words.Count is 0 or > 10_000) return null;
        var part = tree.Or();
        return tree.at == tree.words.Count ? part : null;
    }

    private bool Word(string word)
    {
        if (at >= words.Count || !words[at].Equals(word, StringComparison.OrdinalIgnoreCase)) return false;
        at++;
        return true;
    }

    private ConditionPart? Or() => Joined("or", And, parts => parts.Exists(p => p.Holds));

    private ConditionPart? And() => Joined("and", Not, parts => parts.TrueForAll(p => p.Holds));

    private ConditionPart? Joined(string word, Func<ConditionPart?> next, Func<List<ConditionPart>, bool> holds)
    {
        var parts = new List<ConditionPart>();
        do
        {
            if (next() is not { } part) return null;
            parts.Add(part);
        }
        while (Word(word));
        return parts.Count == 1 ? parts[0] : new ConditionPart(word, holds(parts), parts);
    }

    private ConditionPart? Not()
    {
        if (depth > 200) return null;
        depth++;
        ConditionPart? part;
        if (!Word("not")) part = Primary();
        else part = Not() is { } inner ? new ConditionPart("not", !inner.Holds, [inner]) : null;
        depth--;
        return part;
    }

    private ConditionPart? Primary()
    {
        if (at >= words.Count) return null;
        if (Word("(")) return Or() is { } inner && Word(")") ? inner : null;
        var word = words[at++];
        if (!Word("of")) return names.TryGetValue(word, out var holds) ? new ConditionPart(word, holds, []) : null;
        if (at >= words.Count) return null;
        var pattern = words[at++];
        var parts = names.Where(n => Fits(n.Key, pattern)).Select(n => new ConditionPart(n.Key, n.Value, [])).ToList();
        var all = word.Equals("all", StringComparison.OrdinalIgnoreCase);
        return new ConditionPart($"{word} of {pattern}", all ? parts.TrueForAll(p => p.Holds) : parts.Exists(p => p.Holds), parts);
    }

    private static bool Fits(string name, string pattern)
    {
        if (pattern.Equals("them", StringComparison.OrdinalIgnoreCase)) return !name.StartsWith('_');
        return (!name.StartsWith('_') || pattern.StartsWith('_')) && System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false);
    }
}
