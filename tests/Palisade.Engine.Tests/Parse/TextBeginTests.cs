using System.Text;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Tests.Parse;

public sealed class TextBeginTests
{
    [Theory]
    [InlineData("%{@timestamp:iso} %{message:rest}", "2026-11-24T", "20X", "2026/", "2026-11-24T10.")]
    [InlineData("%{@timestamp:time dd-MMM-yyyy HH:mm:ssf} %{message:rest}", "24-Nov-", "24/", "-", "24-1")]
    [InlineData("%{@timestamp:time d MMM yyyy} x", " 4 Nov", "4-", "x", "2N")]
    [InlineData("[?<%{log.syslog.priority:int}>?]%{log.level:in INFO|WARN} x", "<13>", "x", "4")]
    [InlineData("[?<%{log.syslog.priority:int}>?]%{log.level:in INFO|WARN} x", "inFO x", "{")]
    [InlineData("%{log.level:in INFO|WARN} x", "warn x", "WA N", "WARN  ", "WARNx")]
    [InlineData("ab%{-:chars 2}cd", "abxycd  ", "abxyc ", "abxycd!", "ba")]
    [InlineData("%{source.ip:ip} - %{message:rest}", "203.0.113.9 - x", "x", "/")]
    [InlineData("%{service.name:word}: %{message:rest}", "a: any", " a")]
    public void Tells_what_a_text_may_begin_with(string pattern, string fits, params string[] others)
    {
        var begin = TextBegin.Of(PatternCompiler.Compile(pattern, new Dictionary<string, string>(), out _)!);
        Assert.True(May(begin, fits), fits);
        foreach (var other in others) Assert.False(May(begin, other), other);
    }

    [Fact]
    public void A_sketch_has_what_a_text_has_and_no_more()
    {
        var text = TextSketch.Of("2026-11-24 10:00:00,5 \"a\"\t[b]|c=d"u8);
        Assert.True(text.Has(text));
        Assert.True(text.Has(text with { Counts = 0 }));
        Assert.False((text with { Counts = 0 }).Has(text));
        Assert.False(text.Has(text with { Begin = 0 }));
        Assert.False(TextSketch.Of("24/Nov/2026 10:00:00"u8).Has(text with { Counts = 0 }));
        Assert.True(TextSketch.Of("2"u8).Has(text with { Counts = 0 }));
        Assert.True(TextSketch.Of(Encoding.UTF8.GetBytes(new string(',', 400))).Has(TextSketch.Of(Encoding.UTF8.GetBytes(new string(',', 127))) with { Begin = ~0UL }));
    }

    private static bool May(TextBegin begin, string text) => !text.Where((c, i) => !begin.May(i, c)).Any();
}
