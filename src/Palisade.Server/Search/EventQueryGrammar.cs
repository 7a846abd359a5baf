using Palisade.Protocol;
using Palisade.Server.Storage;
using Superpower;
using Superpower.Model;
using Superpower.Parsers;

namespace Palisade.Server.Search;

/// <summary>
/// The search language.
/// <code>
/// query := any end            any := all ("OR" all)*          all := not ("AND"? not)*        not := "NOT"* one
/// one   := "(" any ")" | field ":" test | word | phrase
/// test  := ("&gt;" | "&gt;=" | "&lt;" | "&lt;=") value | "[" value "TO" value "]" | "(" value ("OR"? value)* ")" | value
/// value := word | phrase      word: * and ? stand for characters, \ takes the next as it is      phrase: "…", taken as it is
/// </code>
/// </summary>
internal static class EventQueryGrammar
{
    /// <summary>A word or phrase as read.</summary>
    /// <param name="Text">As it is meant.</param>
    /// <param name="Pattern">As of <see cref="FilterOperator.Like"/>; null: no wildcard in it.</param>
    private readonly record struct Value(string Text, string? Pattern);

    private const string TextEnds = "()[]\"";

    private static readonly TextParser<Unit> Gap = Character.WhiteSpace.IgnoreMany();
    private static readonly TextParser<char> WordCharacter =
        Character.EqualTo('\\').IgnoreThen(Character.AnyChar).Or(Character.Matching(c => !char.IsWhiteSpace(c) && !TextEnds.Contains(c, StringComparison.Ordinal), "a word"));

    private static readonly TextParser<Unit> And = Keyword("AND"), Or = Keyword("OR"), Not = Keyword("NOT"), To = Keyword("TO");
    private static readonly TextParser<Unit> NoKeyword = Parse.Not(And.Try().Or(Or.Try()).Or(Not.Try()).Or(To.Try()));

    private static readonly TextParser<Value> Word =
        from free in NoKeyword
        from span in Span.MatchedBy(WordCharacter.AtLeastOnce())
        from gap in Gap
        select ReadWord(span.ToStringValue());

    private static readonly TextParser<Value> Phrase =
        from open in Character.EqualTo('"')
        from text in Character.EqualTo('\\').IgnoreThen(Character.AnyChar).Or(Character.Except('"')).Many()
        from close in Character.EqualTo('"')
        from gap in Gap
        select new Value(new string(text), null);

    private static readonly TextParser<Value> AnyValue = Phrase.Or(Word).Named("a value");

    private static readonly TextParser<string> FieldName =
        from name in Span.MatchedBy(Character.Matching(c => char.IsAsciiLetter(c) || c is '_' or '@', "a field").IgnoreThen(
            Character.Matching(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '@' or '-', "a field").IgnoreMany()))
        from colon in Character.EqualTo(':')
        select name.ToStringValue();

    private static readonly TextParser<FilterOperator> Comparison =
        Span.EqualTo(">=").Try().Value(FilterOperator.AtLeast).Or(Span.EqualTo("<=").Try().Value(FilterOperator.AtMost))
            .Or(Character.EqualTo('>').Value(FilterOperator.Above)).Or(Character.EqualTo('<').Value(FilterOperator.Below));

    private static readonly TextParser<EventCondition> One =
        Sign('(').IgnoreThen(Parse.Ref(() => Any!)).Then(inner => Sign(')').Value(inner))
            .Or(FieldName.Try().Then(Test))
            .Or(Phrase.Or(Word).Select(Anywhere))
            .Named("a term");

    private static readonly TextParser<EventCondition> Negated =
        from nots in Not.Try().Many()
        from one in One
        select nots.Length % 2 == 0 ? one : new EventCondition.Not(one);

    private static readonly TextParser<EventCondition> Every =
        from first in Negated
        from rest in And.Try().Optional().IgnoreThen(Negated).Many()
        select rest.Length == 0 ? first : new EventCondition.All([first, .. rest]);

    private static readonly TextParser<EventCondition> Any =
        from first in Every
        from rest in Or.Try().IgnoreThen(Every).Many()
        select rest.Length == 0 ? first : new EventCondition.Any([first, .. rest]);

    public static TextParser<EventCondition> Query { get; } = Gap.IgnoreThen(Any).AtEnd();

    private static TextParser<Unit> Keyword(string word) =>
        Span.EqualTo(word).Then(_ => Parse.Not(WordCharacter)).Then(_ => Gap).Named(word);

    private static TextParser<char> Sign(char sign) => Character.EqualTo(sign).Then(c => Gap.Value(c));

    private static TextParser<EventCondition> Test(string field)
    {
        var compared =
            from sign in Comparison
            from gap in Gap
            from value in AnyValue
            select Is(field, sign, value.Text);
        var range =
            from open in Sign('[')
            from low in AnyValue
            from to in To
            from high in AnyValue
            from close in Sign(']')
            select Between(field, low, high);
        var list =
            from open in Sign('(')
            from first in AnyValue
            from rest in Or.Try().Optional().IgnoreThen(AnyValue).Many()
            from close in Sign(')')
            select (EventCondition)new EventCondition.Any([.. rest.Prepend(first).Select(v => Matches(field, v))]);
        return compared.Or(range).Or(list).Or(AnyValue.Select(v => Matches(field, v)));
    }

    private static EventCondition Is(string field, FilterOperator op, string value = "") => new EventCondition.Field(new EventFilter(field, op, value));

    private static EventCondition Between(string field, Value low, Value high)
    {
        var ends = new List<EventCondition>(2);
        if (low.Pattern != "*") ends.Add(Is(field, FilterOperator.AtLeast, low.Text));
        if (high.Pattern != "*") ends.Add(Is(field, FilterOperator.AtMost, high.Text));
        return ends.Count == 0 ? Is(field, FilterOperator.Exists) : new EventCondition.All(ends);
    }

    // Running text is searched for what it holds; other fields are compared whole.
    private static EventCondition Matches(string field, Value value)
    {
        if (value.Pattern == "*") return Is(field, FilterOperator.Exists);
        var text = FieldCatalogue.TryGetId(field, out var id) && FieldCatalogue.Type(id) == FieldType.Text;
        if (value.Pattern is { } pattern) return Is(field, FilterOperator.Like, text ? $"*{pattern}*" : pattern);
        return Is(field, text ? FilterOperator.Contains : FilterOperator.Equal, value.Text);
    }

    private static EventCondition Anywhere(Value value) => Matches("event.original", value);

    private static Value ReadWord(string source)
    {
        var text = new System.Text.StringBuilder(source.Length);
        var wild = false;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '\\') i++;
            else wild |= source[i] is '*' or '?';
            text.Append(source[i]);
        }
        return new Value(text.ToString(), wild ? source : null);
    }
}
