using Palisade.Server.Storage;
using Superpower;
using Superpower.Model;

namespace Palisade.Server.Search;

/// <summary>Why a query cannot be run.</summary>
/// <param name="Column">Where, counted from 1.</param>
public sealed record QueryProblem(int Column, string Message);

/// <summary>Text of the search language to a condition. Bounded: length, depth and number of terms.</summary>
public static class EventQuery
{
    /// <summary>Longest query, characters.</summary>
    public const int MaxLength = 4096;
    /// <summary>Parentheses within parentheses.</summary>
    public const int MaxDepth = 32;
    /// <summary>Terms in one query: each is one more test for every event.</summary>
    public const int MaxTerms = 100;
    private const string TimeField = "@timestamp";

    /// <summary>Reads a query. An empty one finds everything.</summary>
    /// <returns>A condition, or a problem; never both.</returns>
    public static (EventCondition? Condition, QueryProblem? Problem) Parse(string text)
    {
        if (text.Length > MaxLength) return (null, new QueryProblem(MaxLength + 1, $"a query has at most {MaxLength} characters"));
        if (string.IsNullOrWhiteSpace(text)) return (new EventCondition.All([]), null);
        if (TooDeep(text) is { } deep) return (null, new QueryProblem(deep, $"parentheses go at most {MaxDepth} deep"));
        var result = EventQueryGrammar.Query.TryParse(text);
        if (!result.HasValue) return (null, new QueryProblem(At(result), result.FormatErrorMessageFragment()));
        if (Names(result.Value, TimeField))
            return (null, new QueryProblem(text.IndexOf(TimeField, StringComparison.Ordinal) + 1, "the time is given beside the query (from and to), not in it"));
        var terms = Terms(result.Value);
        return terms <= MaxTerms ? (result.Value, null) : (null, new QueryProblem(1, $"a query has at most {MaxTerms} terms; this has {terms}"));
    }

    private static int At(Result<EventCondition> result) => result.ErrorPosition.HasValue ? result.ErrorPosition.Absolute + 1 : 1;

    // Before the grammar, which calls itself for each: text of strangers must not choose the depth of our stack.
    private static int? TooDeep(string text)
    {
        int depth = 0, i = 0;
        for (var quoted = false; i < text.Length; i++)
        {
            if (text[i] == '\\') i++;
            else if (text[i] == '"') quoted = !quoted;
            else if (!quoted && text[i] == '(' && ++depth > MaxDepth) return i + 1;
            else if (!quoted && text[i] == ')') depth--;
        }
        return null;
    }

    private static bool Names(EventCondition condition, string field) => condition switch
    {
        EventCondition.All all => all.Of.Any(c => Names(c, field)),
        EventCondition.Any any => any.Of.Any(c => Names(c, field)),
        EventCondition.Not not => Names(not.Of, field),
        _ => ((EventCondition.Field)condition).Filter.Field == field,
    };

    private static int Terms(EventCondition condition) => condition switch
    {
        EventCondition.All all => all.Of.Sum(Terms),
        EventCondition.Any any => any.Of.Sum(Terms),
        EventCondition.Not not => Terms(not.Of),
        _ => 1,
    };
}
