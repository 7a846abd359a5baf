using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class LiteralScanTests
{
    private readonly struct Sink(List<(int Literal, int End)> found) : ILiteralSink
    {
        public void Found(int literal, int end) => found.Add((literal, end));
    }

    [Fact]
    public void Every_literal_is_found_wherever_it_stands_and_nothing_else()
    {
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            // Few letters, so that literals overlap, contain each other and share their beginnings.
            var literals = Enumerable.Range(0, 40).Select(_ => Word(random, random.Next(1, 14))).DistinctBy(w => string.Join(',', w)).ToArray();
            var text = Word(random, random.Next(0, 120));
            var found = new List<(int Literal, int End)>();
            var sink = new Sink(found);
            new LiteralScan(literals).Scan(text, ref sink);
            var expected = from i in Enumerable.Range(0, text.Length) from l in Enumerable.Range(0, literals.Length) where text.AsSpan(i).StartsWith(literals[l]) select (l, i + literals[l].Length);
            Assert.Equal(expected.Order(), found.Order());
            var starts = found.Select(f => f.End - literals[f.Literal].Length).ToArray();
            Assert.Equal(starts.Order(), starts);
        }
    }

    [Fact]
    public void A_literal_of_zero_bytes_is_not_found_behind_the_end()
    {
        var found = new List<(int Literal, int End)>();
        var sink = new Sink(found);
        new LiteralScan([[0, 0, 0], [(byte)'a', 0], [0]]).Scan("xa"u8, ref sink);
        Assert.Empty(found);
    }

    private static byte[] Word(Random random, int length) => [.. Enumerable.Range(0, length).Select(_ => (byte)('a' + random.Next(3)))];
}
