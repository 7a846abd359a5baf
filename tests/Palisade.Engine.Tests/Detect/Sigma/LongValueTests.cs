using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>Long values are looked at line by line, and nobody can tell.</summary>
public sealed class LongValueTests
{
    private static readonly string Filler = string.Join('\n', Enumerable.Range(0, 40).Select(i => $"line {i} says nothing {i * 7919}"));

    [Theory]
    [InlineData(@"say \n not", 4)]
    [InlineData(@"a\nb", 1)]
    [InlineData(@"a\\nb", 99)]
    [InlineData(@"a\\\nb", 3)]
    [InlineData(@"\n", 0)]
    [InlineData(@"\\\\\\n\"" \u000a n", 99)]
    public void A_line_feed_is_told_from_an_escaped_backslash_before_an_n(string written, int expected)
    {
        for (var before = 0; before < 200; before++)
        {
            var text = Encoding.ASCII.GetBytes(new string('x', before) + written);
            var room = new byte[text.Length + JsonText.Slack];
            text.CopyTo(room, 0);
            // what lies behind the end is not looked at
            Encoding.ASCII.GetBytes(@"\n").CopyTo(room, text.Length);
            Assert.Equal(before + Math.Min(expected, written.Length), JsonText.LineFeed(ref room[0], 0, text.Length));
        }
    }

    [Theory]
    [InlineData("contains: needle", "needle\n{0}", true)]
    [InlineData("contains: needle", "{0}\nneedle", true)]
    [InlineData("contains: needle", "{0}\na needle b\n{0}", true)]
    [InlineData("contains: needle", "{0}\nnee\ndle\n{0}", false)]
    [InlineData("startswith: line 0", "{0}", true)]
    [InlineData("startswith: needle", "{0}\nneedle\n{0}", false)]
    [InlineData("startswith: needle", "needle and\n{0}", true)]
    [InlineData("endswith: needle", "{0}\nneedle\n{0}", false)]
    [InlineData("endswith: needle", "{0}\nmy needle", true)]
    [InlineData("endswith: needle", "{0}\nmy needle\n", false)]
    [InlineData("contains: \"b\\nn\"", "{0}\na b\nn c\n{0}", true)]
    [InlineData("contains: \"b\\nn\"", "{0}\na bn c\n{0}", false)]
    [InlineData("startswith: \"\\nneedle\"", "\nneedle{0}", true)]
    [InlineData("startswith: \"\\nneedle\"", "a\nneedle{0}", false)]
    [InlineData("contains|all: [needle, haystack]", "needle\n{0}\nhaystack\n{0}", true)]
    [InlineData("contains|all: [needle, haystack]", "needle\n{0}\n{0}", false)]
    [InlineData("re: 'needle[^~]*haystack'", "needle\n{0}\nhaystack\n{0}", true)]
    [InlineData("re: 'needle.haystack'", "needle\n{0}\nhaystack\n{0}", false)]
    [InlineData("windash|contains: ' -x '", "{0}\ndo /x it\n{0}", true)]
    [InlineData("contains: ß–", "{0}\nHier ß–und\n{0}", true)]
    public void What_lies_in_a_line_is_found_and_what_lies_in_two_is_not(string test, string value, bool expected)
    {
        foreach (var text in new[] { value.Replace("{0}", Filler, StringComparison.Ordinal), value.Replace("{0}", string.Join('\n', Enumerable.Repeat(Filler, 8)), StringComparison.Ordinal) })
        {
            var set = SigmaWorld.Load(SigmaWorld.Rule("case", $"s:\n  f|{test}\ncondition: s"));
            var json = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["f"] = text });
            var detector = new JsonDetector(set);
            var batch = new EventBatch();
            // as it comes the first time, the second, and from memory
            for (var n = 0; n < 4; n++) Assert.Equal(expected, detector.Verdict(batch, json).Count == 1);
            Assert.Equal(expected, SigmaWorld.Matches($"s:\n  f|{test}\ncondition: s", ("f", text)));
        }
    }

    [Fact]
    public void Lines_that_came_in_another_value_are_known()
    {
        var set = SigmaWorld.Load(SigmaWorld.Rule("case", "s: { f|contains: needle }\ncondition: s"));
        var detector = new JsonDetector(set);
        var batch = new EventBatch();
        var host = "Host = " + new string('h', 5000) + " a needle";
        for (var i = 0; i < 6; i++)
        {
            var before = detector.Memory.Hits;
            var json = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["f"] = $"{host}\nNumber = {i}\n" });
            Assert.Single(detector.Verdict(batch, json));
            if (i > 1) Assert.True(detector.Memory.Hits > before, $"value {i}");
        }
    }
}
