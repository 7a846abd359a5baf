using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;

namespace Palisade.Engine.Tests.Detect.Sigma;

public sealed class RegexLiteralTests
{
    [Theory]
    [InlineData("xmrig", "xmrig")]
    [InlineData(@"\bnc\s.*-e", "nc")]
    [InlineData("(?:curl|wget)\\s+http", "http")]
    [InlineData("(?:^|/)(?:xmrig|minerd)$", "minerd xmrig")]
    [InlineData("(?i)(?:ABC|defg?h)+", "abc def")]
    [InlineData("a(?:bcd)?ef", "ef")]
    [InlineData("(?<name>abc)x{2,3}", "abc")]
    [InlineData("abc|(?:de(?:fgh|ij))", "abc de")]
    [InlineData("[abc]{3}|xyz", "")]
    [InlineData("abc|d", "")]
    [InlineData("(?:abc)*", "")]
    [InlineData(@"\x41bcd", "")]
    [InlineData("(?=abc)d", "")]
    public void One_of_the_texts_stands_in_every_match(string regex, string texts) =>
        Assert.Equal(texts, string.Join(' ', RegexLiteral.Find(regex).Select(Encoding.UTF8.GetString).Order(StringComparer.Ordinal)));

    [Fact]
    public void Brackets_without_end_are_given_up() => Assert.Empty(RegexLiteral.Find(new string('(', 8000) + "abc" + new string(')', 8000)));
}
