namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>Each payload in each disguise: none hides it.</summary>
public sealed class EvasionTests
{
    [Fact]
    public void No_encoding_hides_a_payload() => NoneMissed(Payloads.Encoded());

    [Fact]
    public void No_surrounding_hides_a_payload() => NoneMissed(Payloads.All.SelectMany(p => Payloads.Surroundings.Select(e => (p.Class, p.Text, e.Name, "/item?v=" + e.Apply(p.Text)))));

    [Fact]
    public void No_place_hides_a_payload() => NoneMissed(Payloads.All.SelectMany(p => Payloads.Places.Select(e => (p.Class, p.Text, e.Name, e.Apply(p.Text)))));

    [Fact]
    public void No_rewriting_hides_a_payload() => NoneMissed(Payloads.Rewritten.SelectMany(p => p.Texts.SelectMany(t => new[] { (p.Class, t, "as a value", "/item?v=" + Payloads.Sent(t)), (p.Class, t, "escaped", "/item?v=" + Payloads.Percent(t)) })));

    [Fact]
    public void No_trick_with_the_target_hides_a_payload() => NoneMissed(Payloads.Targets.SelectMany(p => p.Texts.Select(t => (p.Class, t, "", t))));

    [Fact]
    public void A_payload_in_a_parameters_name_is_found() => Assert.Equal("nosqli", WebSamples.ClassOf("/login?user%5B%24ne%5D=x"));

    [Fact]
    public void No_header_hides_a_payload()
    {
        foreach (var (expected, text) in Payloads.Headers)
            Assert.Contains(WebSamples.ClassOf("/", agent: text) ?? "nothing in the agent of " + text, expected.Split(' '));
        foreach (var (expected, text) in Payloads.Headers.Where(h => !h.Text.StartsWith("()", StringComparison.Ordinal)))
            Assert.Contains(WebSamples.ClassOf("/", referrer: "https://shop.example/?q=" + text) ?? "nothing in the referrer of " + text, expected.Split(' '));
    }

    private static void NoneMissed(IEnumerable<(string Class, string Payload, string How, string Target)> tries)
    {
        var (missed, count) = (new List<string>(), 0);
        foreach (var (expected, payload, how, target) in tries)
        {
            count++;
            var said = WebSamples.ClassOf(target);
            if (said is null || !expected.Split(' ').Contains(said)) missed.Add($"{said ?? "nothing"} for {expected}: {payload}   {how}");
        }
        Assert.True(missed.Count == 0, $"{missed.Count} of {count} are missed:\n{string.Join("\n", missed.Take(150))}");
    }
}
