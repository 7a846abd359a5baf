using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class RequiredBytesTests
{
    [Theory]
    [InlineData(@"<[a-z]+[^>]*=", "<", "=")]
    [InlineData(@"^(?:id|ls)\s*[;|&]+$", ";|&")]
    [InlineData(@"(?:a\(|b\[)c", "([")]
    [InlineData(@"(?:\(|\{)(?:\$|%)?", "({")]
    [InlineData(@"\x3c|\x3e", "<>")]
    [InlineData(@";{2,}", ";")]
    [InlineData(@"[!-#]+?", "!\"#")]
    [InlineData(@"x{;", ";", "{")]
    public void The_rarest_sets_of_which_every_match_has_a_byte(string expression, params string[] sets)
    {
        var found = RequiredBytes.Of(expression).Select(set => string.Concat(Enumerable.Range(0, 256).Where(b => set.Contains((byte)b)).Select(b => (char)b)));
        Assert.Equal(sets.Select(s => string.Concat(s.Order())).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(";*|a"), InlineData("[^a]"), InlineData("[;\x80-\xff]"), InlineData(@"\s"), InlineData("(?=<)."), InlineData("(?i)<"), InlineData("(?!<)"), InlineData("<{0,3}")]
    [InlineData("(?:<)?"), InlineData("<|"), InlineData("."), InlineData("[a-z0-9]"), InlineData(@"(<)\1"), InlineData("[a-[<]]"), InlineData(@"\p{Sm}")]
    public void Nothing_is_required_where_nothing_is_sure(string expression) => Assert.Empty(RequiredBytes.Of(expression));

    [Fact]
    public void What_an_expression_matches_always_has_what_it_requires()
    {
        var random = new Random(7);
        int asked = 0, matched = 0;
        for (var i = 0; i < 1500; i++)
        {
            var expression = Alternatives(random, 3);
            var required = RequiredBytes.Of(expression);
            if (required.Length == 0) continue;
            var regex = new Regex(expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
            for (var n = 0; n < 20; n++)
            {
                var text = string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
                asked++;
                if (!regex.IsMatch(text)) continue;
                matched++;
                Assert.All(required, set => Assert.True(Encoding.Latin1.GetBytes(text).AsSpan().ContainsAny(set), $"{expression} matches {text}"));
            }
        }
        Assert.True(matched > asked / 20, $"{matched} of {asked}");
    }

    private const string Alphabet = "<;=&|a";

    private static string Alternatives(Random random, int depth) => string.Join('|', Enumerable.Range(0, random.Next(1, 3)).Select(_ => Sequence(random, depth)));

    private static string Sequence(Random random, int depth) =>
        string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => Atom(random, depth) + random.Next(9) switch { 0 => "*", 1 => "+", 2 => "?", 3 => "{0,2}", 4 => "{1,2}", 5 => "+?", _ => "" }));

    private static string Atom(Random random, int depth) => random.Next(depth > 0 ? 7 : 5) switch
    {
        0 => ".",
        1 => $"[{Alphabet[random.Next(Alphabet.Length)]}{Alphabet[random.Next(Alphabet.Length)]}]",
        2 => $"[^{Alphabet[random.Next(Alphabet.Length)]}]",
        3 or 4 => Alphabet[random.Next(Alphabet.Length)] is var c && c == '|' ? "\\|" : c.ToString(),
        5 => $"(?:{Alternatives(random, depth - 1)})",
        _ => $"({Alternatives(random, depth - 1)})",
    };
}
