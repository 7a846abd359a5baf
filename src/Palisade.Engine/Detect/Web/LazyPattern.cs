using System.Text.RegularExpressions;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// An expression that is compiled when it is first asked: an automaton costs milliseconds to make, and most signatures never
/// get past their literal. Two threads may both compile it; they get equal automata and one is kept.
/// </summary>
internal sealed class LazyPattern(string text)
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    private volatile Regex? compiled;

    /// <summary>The expression.</summary>
    public string Text => text;

    public bool IsMatch(ReadOnlySpan<char> value) => (compiled ??= new Regex(text, Options)).IsMatch(value);

    /// <summary>What is wrong with the expression; null when it is sound. Compiles it.</summary>
    public string? Fault()
    {
        try
        {
            compiled ??= new Regex(text, Options);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return e.Message;
        }
    }
}
