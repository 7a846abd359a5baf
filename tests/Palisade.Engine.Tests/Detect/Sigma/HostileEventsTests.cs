using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>Events written to harm: each is judged or refused, in bounded time and memory, and the next one is judged as ever.</summary>
public sealed class HostileEventsTests
{
    private static readonly RuleSet Set = SigmaWorld.Load(
        SigmaWorld.Rule("text", "s: { f|contains: needle }\ncondition: s"), SigmaWorld.Rule("word", "s: [haystack]\ncondition: s"),
        SigmaWorld.Rule("expression", "s: { f|re: '(x+x+)+y' }\ncondition: s"), SigmaWorld.Rule("glob", "s: { f: '*a*b*c*d*e*f*g*needle*' }\ncondition: s"));

    private readonly JsonDetector detector = new(Set);

    private string Judge(ReadOnlySpan<byte> json)
    {
        var started = TimeProvider.System.GetTimestamp();
        var batch = new EventBatch();
        var (matches, findings) = (new MatchList(), new FindingList());
        var refusal = detector.Add(batch, json, 1, matches);
        detector.Tell(matches, findings);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 20);
        Assert.Equal(refusal == ParseRefusal.None ? 1 : 0, batch.Count);
        var found = new List<string>();
        foreach (ref readonly var finding in findings.Items) found.Add(finding.Rule.Name);
        return refusal != ParseRefusal.None ? refusal.ToString() : string.Join(' ', found.Order(StringComparer.Ordinal));
    }

    private void Expect(string verdict, ReadOnlySpan<byte> json)
    {
        Assert.Equal(verdict, Judge(json));
        Assert.Equal("text", Judge("{\"f\":\"a needle\"}"u8));
    }

    private void Expect(string verdict, string json) => Expect(verdict, Encoding.UTF8.GetBytes(json));

    [Fact]
    public void A_hundred_thousand_levels_are_refused()
    {
        Expect("TooDeep", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000));
        Expect("TooDeep", "{\"f\":" + new string('[', 100_000) + new string(']', 100_000) + "}");
    }

    [Fact]
    public void A_hundred_thousand_fields_are_read_and_the_first_thousand_kept()
    {
        var others = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"\"x{i % 3_000}\":\"v{i}\""));
        Expect("text", "{\"f\":\"needle\"," + others + "}");
        // fields that a rule names have room of their own
        Expect("text", "{" + others + ",\"f\":\"needle\"}");
        Expect("", "{\"g\":[" + string.Join(',', Enumerable.Repeat("\"v\"", 100_000)) + "],\"h\":1}");
    }

    [Fact]
    public void A_string_of_sixteen_megabytes_is_searched_to_its_end()
    {
        var long16 = new string('x', 16 << 20);
        Expect("text", "{\"f\":\"" + long16 + "needle\"}");
        Expect("word", "{\"g\":\"" + long16 + "haystack\"}");
        Expect("", "{\"f\":\"" + string.Concat(Enumerable.Repeat("\\u0078", 1 << 20)) + "\"}");
    }

    [Fact]
    public void Values_made_for_backtracking_and_for_wildcards_cost_little()
    {
        Expect("", "{\"f\":\"" + new string('x', 1 << 20) + "\"}");
        Expect("", "{\"f\":\"" + string.Concat(Enumerable.Repeat("abcdefg", 100_000)) + "needl\"}");
    }

    [Fact]
    public void Bytes_that_are_no_utf8_neither_match_nor_hide()
    {
        Expect("text", [.. "{\"f\":\""u8, 0xFF, 0xC3, 0xED, 0xA0, 0x80, .. "needle"u8, 0xF4, 0x90, 0x80, 0x80, .. "\",\""u8, 0xFE, .. "\":1}"u8]);
        Expect("Malformed", [0xFF, 0xFE, .. "{}"u8]);
        Expect("", [.. "{\"f\":\"need"u8, 0xC0, 0x80, .. "le\"}"u8]);
    }

    [Fact]
    public void Of_a_key_given_twice_any_value_counts()
    {
        Expect("text", "{\"f\":\"harmless\",\"f\":\"needle\"}");
        Expect("text", "{\"f\":\"needle\",\"f\":\"harmless\"}");
        Expect("text", "{" + string.Concat(Enumerable.Repeat("\"f\":\"harmless\",", 900)) + "\"f\":\"needle\"}");
    }
}
