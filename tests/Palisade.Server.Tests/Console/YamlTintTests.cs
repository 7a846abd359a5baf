using Palisade.Server.Console;

namespace Palisade.Server.Tests.Console;

public sealed class YamlTintTests
{
    private static string[] Pieces(string line, YamlPiece piece) => [.. YamlTint.Lines(line).SelectMany(l => l).Where(p => p.Piece == piece).Select(p => p.Text)];

    [Fact]
    public void Keys_values_and_comments_are_told_apart()
    {
        const string Line = "  'a key': [one two, \"x: # y\", {process.name|re: a:b}] # why";
        Assert.Equal(["'a key'", "process.name|re"], Pieces(Line, YamlPiece.Key));
        Assert.Equal(["one two", "\"x: # y\"", "a:b"], Pieces(Line, YamlPiece.Value));
        Assert.Equal(["# why"], Pieces(Line, YamlPiece.Comment));
    }

    [Fact]
    public void A_block_of_text_is_a_value_whatever_stands_in_it()
    {
        var lines = YamlTint.Lines("description: |\n  key: no key\n  # no comment\n\nlevel: high\n").ToList();
        Assert.Equal([("  key: no key", YamlPiece.Value)], lines[1]);
        Assert.Equal([("  # no comment", YamlPiece.Value)], lines[2]);
        Assert.Equal(("level", YamlPiece.Key), lines[4][0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- '")]
    [InlineData("a: \"open")]
    [InlineData("::: - -- [{,]} '' \"\" #")]
    [InlineData("url: http://x/#frag  ")]
    [InlineData("-\t: \\ \"a\\\"b\": c")]
    public void The_pieces_of_a_line_are_the_line(string line) => Assert.Equal(line, string.Concat(YamlTint.Lines(line).Single().Select(p => p.Text)));
}
