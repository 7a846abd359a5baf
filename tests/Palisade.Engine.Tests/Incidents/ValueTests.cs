using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>What parameters usually hold, and what of it makes findings more or less sure.</summary>
public sealed class ValueTests
{
    private const double Day = 86_400;
    private const string Attack = "delete%20from%20members%20where%20a%3D1";

    private static List<Finding> Found(SiteLog log)
    {
        var found = new List<Finding>();
        SiteLog.Run(log.Lines, SiteLog.NewPipeline(), 1, EventBatch.MaxEvents, p => found.AddRange(p.Findings.Items.ToArray().Where(f => f.Firing is null && f.Rule.Kind == "web")));
        return found;
    }

    /// <summary>Five days of people whose page numbers are numbers, and whose console takes statements where <paramref name="console"/> says so.</summary>
    private static SiteLog Days(bool console, int people = 40, int days = 5, bool honest = true)
    {
        var log = new SiteLog();
        for (var d = 0; d < days; d++)
            for (var p = 0; p < people; p++)
                for (var i = 0; i < 4; i++)
                {
                    var (t, ip) = (d * Day + p * 300 + i * 40, $"36.2.{p}.9");
                    log.Get(t, ip, "/s/app.js", referrer: "https://shop.test/").Get(t + 1, ip, $"/goods/list?page={i + p % 30}", referrer: "https://shop.test/")
                        .Get(t + 2, ip, $"/lab/run?text={(console && i == 0 ? "delete%20from%20t" + p + "%20where%20a%3D" + d : "note" + p)}", referrer: honest ? "https://shop.test/" : "-");
                }
        return log;
    }

    [Fact]
    public void Kinds_of_characters_are_read_through_percent_encoding()
    {
        Assert.Equal(ValueKinds.Digits, TenantHabits.KindsOf("4711"u8));
        Assert.Equal(ValueKinds.Digits | ValueKinds.Code | ValueKinds.Prose | ValueKinds.Letters, TenantHabits.KindsOf("1%27%20or"u8));
        Assert.Equal(ValueKinds.Foreign, TenantHabits.KindsOf("%E4%BD%A0"u8));
        Assert.Equal(ValueKinds.Control | ValueKinds.Prose, TenantHabits.KindsOf("%00%"u8));
    }

    [Fact]
    public void What_a_parameter_never_holds_makes_a_finding_surer()
    {
        var plain = Found(new SiteLog().Get(1, "203.0.113.9", "/goods/list?page=admin%27--", 200, 9_000));
        var known = Found(Days(console: false).Get(5 * Day, "203.0.113.9", "/goods/list?page=admin%27--", 200, 9_000));
        Assert.Equal(FindingConfidence.Medium, Assert.Single(plain).Confidence);
        Assert.Equal(FindingConfidence.High, Assert.Single(known).Confidence);
    }

    [Fact]
    public void What_people_send_there_every_day_is_context_and_no_incident()
    {
        var log = Days(console: true);
        var found = Found(log);
        Assert.All(found.Take(20), f => Assert.Equal((FindingLevel.Medium, FindingConfidence.Medium), (f.Rule.Level, f.Confidence)));
        Assert.All(found.TakeLast(20), f => Assert.Equal((FindingLevel.Low, FindingConfidence.Low), (f.Rule.Level, f.Confidence)));
        // What is sure stays an alert, and so does what is like nothing that people send.
        Assert.Contains(Found(log.Get(5 * Day, "203.0.113.9", "/lab/run?text=1%27%20or%201%3D1", 200, 9_000)), f => f.Rule is { Class: "sqli", ContextOnly: false } && f.Confidence == FindingConfidence.High);
    }

    [Fact]
    public void A_few_clients_or_clients_that_come_by_no_link_teach_no_habit()
    {
        Assert.DoesNotContain(Found(Days(console: true, people: 40, days: 5, honest: false)), f => f.Rule is { Class: "sqli", ContextOnly: true });
        Assert.DoesNotContain(Found(Days(console: true, people: 40, days: 2)), f => f.Rule is { Class: "sqli", ContextOnly: true });
        var five = Days(console: false);
        for (var d = 0; d < 5; d++)
            for (var i = 0; i < 60; i++) five.Get(d * Day + i * 20, $"203.0.113.{i % 5}", "/s/app.js", referrer: "https://shop.test/").Get(d * Day + i * 20 + 1, $"203.0.113.{i % 5}", "/lab/run?text=" + Attack, referrer: "https://shop.test/");
        Assert.Contains(Found(five), f => f.Rule.Class == "sqli");
        Assert.DoesNotContain(Found(five), f => f.Rule is { Class: "sqli", ContextOnly: true });
    }

    [Fact]
    public void Somebody_who_teaches_kinds_of_characters_for_days_makes_no_finding_less_sure()
    {
        var log = Days(console: false);
        for (var d = 0; d < 5; d++)
            for (var i = 0; i < 200; i++) log.Get(d * Day + 400 + i * 90, "203.0.113.9", "/s/app.js", referrer: "https://shop.test/").Get(d * Day + 401 + i * 90, "203.0.113.9", "/goods/list?page=it%27s-" + (char)('a' + i % 26), referrer: "https://shop.test/");
        var finding = Assert.Single(Found(log.Get(5 * Day, "203.0.113.9", "/goods/list?page=admin%27--", 200, 9_000)));
        Assert.Equal((FindingConfidence.Medium, false), (finding.Confidence, finding.Rule.ContextOnly));
    }

    [Fact]
    public void Lengths_grow_slowly_whatever_is_sent()
    {
        var profile = default(ValueProfile);
        for (var i = 0; i < 1_000; i++) profile.Learn(ValueKinds.Digits, 4, (ulong)i << 56, (ulong)i << 56, i);
        for (var i = 0; i < 640; i++) profile.Learn(ValueKinds.Digits, 8_000, (ulong)i << 56, (ulong)i << 56, i);
        Assert.InRange(profile.MaxLength, 5, 40);
        Assert.True(profile.IsOdd(ValueKinds.Digits, 400));
        Assert.True(profile.IsOdd(ValueKinds.Digits | ValueKinds.Code, 4));
        Assert.False(profile.IsOdd(ValueKinds.Digits, 4));
    }

    [Fact]
    public void Made_up_parameters_stay_within_bounds_and_do_not_push_a_learned_one_out()
    {
        var log = Days(console: false);
        for (var i = 0; i < 60_000; i++) log.Get(4.9 * Day + i * 0.1, $"198.18.{i % 250}.{i / 250 % 250}", $"/x{(char)('a' + i % 26)}/{(char)('a' + i / 26 % 26)}{(char)('a' + i / 676 % 26)}{(char)('a' + i / 17_576)}?{string.Join('&', Enumerable.Range(0, 12).Select(n => $"p{i}x{n}={n}"))}", 200, 300);
        log.Get(5 * Day + 9_000, "203.0.113.9", "/goods/list?page=admin%27--", 200, 9_000);
        var pipeline = SiteLog.NewPipeline();
        var last = new List<Finding>();
        SiteLog.Run(log.Lines, pipeline, 1, EventBatch.MaxEvents, p => last = [.. p.Findings.Items.ToArray().Where(f => f.Rule.Class == "sqli")]);
        Assert.Contains(last, f => f.Confidence == FindingConfidence.High);
        var state = new MemoryStream();
        pipeline.SaveState(state);
        Assert.InRange(state.Length, 1, 40 << 20);
    }
}
