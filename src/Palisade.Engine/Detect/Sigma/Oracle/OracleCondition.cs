namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>The rule cannot be read by the oracle.</summary>
internal sealed class OracleException(string message) : Exception(message);

/// <summary>Conditions read by recursive descent to functions over an event: specification 2.1, "Condition".</summary>
internal sealed class OracleCondition(Dictionary<string, Func<OracleEvent, bool>> searches)
{
    private string[] words = [];
    private int at;

    public Func<OracleEvent, bool> Read(string text)
    {
        words = text.Replace("(", " ( ", StringComparison.Ordinal).Replace(")", " ) ", StringComparison.Ordinal).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        at = 0;
        var result = Either();
        return at == words.Length ? result : throw new OracleException($"'{words[at]}' is left over");
    }

    private bool Next(string word)
    {
        var there = at < words.Length && string.Equals(words[at], word, StringComparison.OrdinalIgnoreCase);
        if (there) at++;
        return there;
    }

    private Func<OracleEvent, bool> Either()
    {
        var left = Both();
        while (Next("or"))
        {
            var (a, b) = (left, Both());
            left = e => a(e) || b(e);
        }
        return left;
    }

    private Func<OracleEvent, bool> Both()
    {
        var left = Term();
        while (Next("and"))
        {
            var (a, b) = (left, Term());
            left = e => a(e) && b(e);
        }
        return left;
    }

    private Func<OracleEvent, bool> Term()
    {
        if (Next("not"))
        {
            var inner = Term();
            return e => !inner(e);
        }
        if (Next("("))
        {
            var inner = Either();
            return Next(")") ? inner : throw new OracleException("a bracket is open");
        }
        if (at >= words.Length) throw new OracleException("the condition ends early");
        var word = words[at++];
        if (Next("of")) return Many(word.ToLowerInvariant());
        return searches.TryGetValue(word, out var search) ? search : throw new OracleException($"'{word}' is unknown");
    }

    private Func<OracleEvent, bool> Many(string quantity)
    {
        if (at >= words.Length || quantity is not ("1" or "any" or "all")) throw new OracleException("this quantity is unknown");
        var pattern = words[at++];
        var them = string.Equals(pattern, "them", StringComparison.OrdinalIgnoreCase);
        var chosen = searches.Where(s => them ? s.Key[0] != '_' : Named(s.Key, pattern)).Select(s => s.Value).ToList();
        if (chosen.Count == 0) throw new OracleException("nothing is named so");
        return quantity == "all" ? e => chosen.All(s => s(e)) : e => chosen.Any(s => s(e));
    }

    private static bool Named(string name, string pattern) =>
        (name[0] != '_' || pattern[0] == '_') && OracleText.Fits(OracleText.Of(name, true, false), OracleText.Pattern(pattern));
}
