using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Palisade.Engine.Detect;

/// <summary>
/// An expression that is made when it is first asked: most signatures never get past their literal. Two threads may both make it;
/// they get equal ones and one is kept.
/// </summary>
/// <remarks>
/// An automaton takes 0.4 to 1.5 MB and ten milliseconds to make, hundreds of them a quarter of a gigabyte; a backtracking
/// matcher of the same expression takes a hundredth of that and says the same. So it goes first. What it takes beyond an
/// allowance that follows the value's length is a debt; once the debt shows that somebody feeds it values made for
/// backtracking, the automaton, whose time is linear, takes over for good.
/// </remarks>
/// <param name="text">The expression.</param>
/// <param name="linear">Begin with the automaton: for many alternatives at once it is the faster one.</param>
/// <param name="options">Beside those every expression gets.</param>
/// <param name="clock">Ticks of <see cref="Stopwatch.Frequency"/>; null: the machine's. Time chooses the matcher, never the answer.</param>
internal sealed class LazyPattern(string text, bool linear = false, RegexOptions options = RegexOptions.None, Func<long>? clock = null) : IThreadPoolWorkItem
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);
    /// <summary>
    /// Turned into machine code once it has read this many characters: the few expressions that ordinary traffic asks pay for it, the
    /// rest never do, nor does a scan that is over soon. That takes some milliseconds and a hundred kilobytes, so it is done beside
    /// the thread that judges.
    /// </summary>
    internal const int CharsToCompile = 512 << 10;
    /// <summary>What asking costs beside reading, in characters.</summary>
    private const int Asking = 32;
    private const int Short = 256;
    private static readonly long MostDebt = Stopwatch.Frequency / 10, Doubtful = Stopwatch.Frequency / 2000;
    private static readonly long PerMatch = Stopwatch.Frequency / 50_000, PerChar = Math.Max(1, Stopwatch.Frequency / 5_000_000);

    private volatile Regex? quick, automaton;
    private long debt;
    private int read;

    /// <summary>The expression.</summary>
    public string Text => text;

    /// <summary>Whether values have made the automaton necessary.</summary>
    public bool IsLinear => automaton is not null;

    public bool IsMatch(ReadOnlySpan<char> value)
    {
        if (linear || automaton is not null) return (automaton ??= Automaton()).IsMatch(value);
        try
        {
            if (read < CharsToCompile && (read += value.Length + Asking) >= CharsToCompile) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            // So short a value owes nothing worth the clock; the time-out still stands.
            if (value.Length <= Short && clock is null) return (quick ??= Quick()).IsMatch(value);
            var matches = Timed(quick ??= Quick(), value, out var took);
            var allowed = PerMatch + PerChar * value.Length;
            // The thread may have been kept waiting: what is slow by itself is slow again.
            if (took > allowed + Doubtful)
            {
                Timed(quick, value, out var again);
                took = Math.Min(took, again);
            }
            var owed = Volatile.Read(ref debt) + took - allowed;
            Volatile.Write(ref debt, Math.Max(0, owed));
            if (owed > MostDebt) automaton = Automaton();
            return matches;
        }
        catch (RegexMatchTimeoutException)
        {
            return MatchesAgain(value);
        }
    }

    /// <summary>Behind a match that ran out of time, its own or that of a thread kept waiting: the second time decides.</summary>
    private bool MatchesAgain(ReadOnlySpan<char> value)
    {
        try
        {
            return quick!.IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            return (automaton ??= Automaton()).IsMatch(value);
        }
    }

    /// <summary>Compiles the expression; whoever matches meanwhile goes on with the one at hand, which says the same.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        var compiled = new Regex(text, options | RegexOptions.CultureInvariant | RegexOptions.Compiled, Longest);
        // What it needs to run is made with the first match: here, not on the thread that judges.
        compiled.IsMatch("");
        quick = compiled;
    }

    /// <summary>Where the expression first matches.</summary>
    public bool TryFind(ReadOnlySpan<char> value, out int start, out int length)
    {
        try
        {
            return First(automaton ?? (quick ??= new Regex(text, RegexOptions.CultureInvariant, Longest)), value, out start, out length);
        }
        catch (RegexMatchTimeoutException)
        {
            return First(automaton ??= Automaton(), value, out start, out length);
        }
    }

    private static bool First(Regex regex, ReadOnlySpan<char> value, out int start, out int length)
    {
        foreach (var match in regex.EnumerateMatches(value))
        {
            (start, length) = (match.Index, match.Length);
            return true;
        }
        (start, length) = (0, 0);
        return false;
    }

    private bool Timed(Regex regex, ReadOnlySpan<char> value, out long took)
    {
        var began = Now();
        var matches = regex.IsMatch(value);
        took = Now() - began;
        return matches;
    }

    private long Now() => clock is null ? Stopwatch.GetTimestamp() : clock();

    /// <summary>What is wrong with the expression; null when it is sound, for either matcher. Makes the automaton only where the text may need backtracking.</summary>
    public string? Fault() => Fault(out _);

    /// <summary>The same, and whether it is sound but no automaton can do it.</summary>
    public string? Fault(out bool backtracks)
    {
        backtracks = false;
        try
        {
            if (MayBacktrack(text)) _ = Automaton();
            else quick ??= Quick();
            return null;
        }
        catch (ArgumentException e)
        {
            return e.Message;
        }
        catch (NotSupportedException e)
        {
            backtracks = true;
            return e.Message;
        }
    }

    private Regex Automaton() => new(text, options | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private Regex Quick() => new(text, options | RegexOptions.CultureInvariant, Longest);

    // Look-around, atomic groups, conditions, back references and \G are all an automaton cannot do; what merely looks like one is tried.
    private static bool MayBacktrack(string text)
    {
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
                if (char.IsAsciiDigit(text[i]) || text[i] is 'k' or 'G') return true;
            }
            else if (text[i] == '(' && text[i + 1] == '?' && i + 2 < text.Length && text[i + 2] is '=' or '!' or '>' or '(' or '<' or '\'') return true;
        }
        return false;
    }
}
