using System.Text;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Tests.Parse;

public class CandidateIndexTests
{
    private static readonly ParserSet Set = ParserSet.Load(
    [
        ("sources/pump/source.yml", Encoding.UTF8.GetBytes("""
            name: pump
            detect: 10
            patterns:
              - { id: started, match: '%{service.name} ignited' }
              - { id: state, match: '%{service.name} %{service.state:in opened|fell shut}' }
              - { id: port, match: '%{service.name}: %{source.port:int}' }
              - { id: any, match: '%{service.name:word} %{message:rest}' }
            """)),
    ], out _);

    [Theory]
    [InlineData("pump nine ignited", "started any")]
    [InlineData("pump nine fell SHUT", "state any")]
    [InlineData("door: 443", "port any")]
    [InlineData("pump nine stopped", "any")]
    [InlineData("hi there", "any")]
    [InlineData("hi", "")]
    public void Opens_what_a_text_may_fit_by_what_it_must_hold(string text, string expected) => Assert.Equal(expected, Opened(text));

    [Fact]
    public void Finds_what_stands_where_two_pieces_of_a_long_text_meet()
    {
        foreach (var blanks in Enumerable.Range(4080, 20)) Assert.Equal("started any", Opened("pump" + new string(' ', blanks) + "nine ignited"));
    }

    private static string Opened(string text)
    {
        var grams = new TextGrams(Set.Candidates);
        grams.Read(Encoding.UTF8.GetBytes(text), 0);
        var opened = new List<string>();
        var (all, any) = (Set.Candidates.All.Length, Set.Candidates.Where(_ => true));
        for (var number = grams.Next(0, all, any); number < all; number = grams.Next(number + 1, all, any)) opened.Add(Set.Candidates.All[number].Pattern!.Id);
        return string.Join(' ', opened);
    }
}
