using System.Text;
using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>What is remembered of earlier requests must never show in a verdict.</summary>
public sealed class QuietValueTests
{
    private static readonly string[] Paths = ["/", "/item.php", "/static/../../etc/passwd", "/.git/HEAD", "/a.b/c", "/search", "/%2e%2e/%2e%2e/x", "/api/v1/orders/18823"];
    private static readonly string[] Values =
    [
        "1", "18823", "men%27s+watch", "a--b", "1%27+or+%271%27=%271", "..%2f..%2fkeys", "https%3A%2F%2Fwww.example.com%2Fa%3Fb%3D1", "%3Cscript%3Ealert(1)%3C/script%3E", "select", "{{7*7}}",
        "%7B%22e%22%3A%22click%22%7D", "union+square", "0x1f", "2f8a6c1e9b7d4f3a", "c2hvcnQgdGV4dCBpbiBiYXNlNjQ=", "onload%3D", "x%3Bid",
    ];
    private static readonly string[] Agents = ["Mozilla/5.0 (X11; Linux x86_64)", "sqlmap/1.8", "curl/8.5.0", "-", "1' or 1=1--"];

    private static string Of(WebDetector detector, string target, string agent, string referrer)
    {
        var verdicts = new WebVerdict[4];
        var request = new WebRequest { Target = Encoding.UTF8.GetBytes(target), UserAgent = Encoding.UTF8.GetBytes(agent), Referrer = Encoding.UTF8.GetBytes(referrer), Method = "GET"u8, Status = "200"u8 };
        var n = detector.Classify(request, verdicts);
        return string.Join(';', verdicts.Take(n).Select(v => $"{v.Rule.Id} {v.Score} {v.Part} {v.Offset} {v.Length} {v.Technique} {v.Confidence}"));
    }

    [Fact]
    public void A_request_is_judged_alike_whatever_came_before()
    {
        var requests = (from p in Paths from a in Values from b in Values select (Target: $"{p}?q={a}&r={b}", Agent: Agents[(a.Length + b.Length) % Agents.Length], Referrer: a.Length % 3 == 0 ? "https://www.example.com/" + b : "-")).ToArray();
        var seasoned = WebSamples.Load(trusted: true);
        var first = requests.Select(r => Of(seasoned, r.Target, r.Agent, r.Referrer)).ToArray();
        var again = requests.Reverse().Select(r => Of(seasoned, r.Target, r.Agent, r.Referrer)).Reverse().ToArray();
        Assert.Equal(first, again);
        // Every hundredth by a detector that has seen nothing else.
        for (var i = 0; i < requests.Length; i += 100) Assert.Equal(first[i], Of(WebSamples.Load(trusted: true), requests[i].Target, requests[i].Agent, requests[i].Referrer));
        Assert.Contains(first, v => v.Length > 0);
        Assert.Contains(first, v => v.Length == 0);
    }

    [Fact]
    public void A_value_is_quiet_only_in_the_part_where_it_was_read()
    {
        var memory = new QuietValues();
        Assert.False(memory.Contains(WebPart.Param, "harmless value"u8, out var hash, out _));
        memory.Offer(WebPart.Param, "harmless value"u8, hash, 7);
        Assert.False(memory.Contains(WebPart.Param, "harmless value"u8, out _, out _));
        memory.Offer(WebPart.Param, "harmless value"u8, hash, 7);
        Assert.True(memory.Contains(WebPart.Param, "harmless value"u8, out _, out var score));
        Assert.Equal(7, score);
        Assert.False(memory.Contains(WebPart.Path, "harmless value"u8, out _, out _));
        Assert.False(memory.Contains(WebPart.Param, "harmless valuf"u8, out _, out _));
    }

    [Fact]
    public void Memory_is_bounded_and_forgets_the_oldest()
    {
        var memory = new QuietValues();
        var value = new byte[400];
        for (var i = 0; i < 10_000; i++)
        {
            BitConverter.TryWriteBytes(value, i);
            memory.Contains(WebPart.Path, value, out var hash, out _);
            memory.Offer(WebPart.Path, value, hash, 0);
            memory.Offer(WebPart.Path, value, hash, 0);
            Assert.True(memory.Contains(WebPart.Path, value, out _, out _));
        }
        BitConverter.TryWriteBytes(value, 0);
        Assert.False(memory.Contains(WebPart.Path, value, out _, out _));
    }
}
