using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

public sealed class SiteHabitsTests
{
    private static SiteLog Day() => new SiteLog().People(400);

    private static Incident Only(IReadOnlyList<Incident> incidents, string attackClass)
    {
        Assert.True(incidents.Count == 1, string.Join("; ", incidents.Select(i => $"{i.Class} {i.SourceCount} {string.Join(',', i.Targets)}")));
        Assert.Equal(attackClass, incidents[0].Class);
        return incidents[0];
    }

    [Fact]
    public void A_quiet_day_has_no_incident() => Assert.Empty(Day().Run());

    [Fact]
    public void An_office_a_sale_a_broken_app_and_a_forgetful_user_are_no_incidents()
    {
        var day = Day();
        for (var p = 0; p < 150; p++)
        {
            var t = 3_000 + p * 8;
            var agent = $"{SiteLog.Chrome} Edg/12{p % 9}";
            day.Get(t, "121.9.8.7", "/", referrer: "-", agent: agent).Get(t + 1, "121.9.8.7", "/s/app.js", referrer: "https://shop.test/", agent: agent);
            if (p % 6 == 0) day.Post(t + 5, "121.9.8.7", "/passport/doLogin", 200, 58, "https://shop.test/", agent);
            day.Post(t + 9, "121.9.8.7", "/passport/doLogin", 200, 404, "https://shop.test/", agent);
        }
        for (var p = 0; p < 200; p++)
            for (var i = 0; i < 8; i++) day.Get(5_000 + p % 30 + i * 4, $"36.0.{p}.{7 + p % 5}", "/goods/list?page=1", referrer: "https://shop.test/");
        for (var i = 0; i < 200; i++) day.Get(5_500 + i * 0.3, "42.1.1.1", "/api/app/unread?token=x", 401, 58, agent: "ShopApp/5.2 (iPhone; iOS 15.4)");
        for (var i = 0; i < 9; i++) day.Post(6_000 + i * 12, "36.0.3.10", "/passport/doLogin", 200, 58, "https://shop.test/passport/page.html");
        for (var i = 0; i < 45; i++) day.Get(6_100 + i * 5, "36.0.9.11", $"/old/page-{i}.html", 404, 548, "https://shop.test/");
        Assert.Empty(day.Run());
    }

    [Fact]
    public void Many_that_only_log_in_a_few_times_each_are_one_campaign()
    {
        var day = Day();
        for (var p = 0; p < 60; p++)
            for (var i = 0; i < 6; i++) day.Post(100 + i * 1_000 + p * 11, $"203.0.113.{p}", "/passport/doLogin", 200, p == 7 && i == 5 ? 404 : 58, agent: $"{SiteLog.Chrome} OPR/{i}");
        var incident = Only(day.Run(), "credential_stuffing");
        Assert.InRange(incident.SourceCount, 58, 62);
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
        Assert.Contains("/passport/doLogin", incident.Targets);
    }

    [Fact]
    public void One_that_guesses_until_the_answer_differs_has_probably_got_in()
    {
        var day = Day();
        for (var i = 0; i < 120; i++) day.Post(1_000 + i * 2, "198.51.100.3", "/manage/login", 200, 1_700, agent: SiteLog.Chrome);
        day.Post(1_300, "198.51.100.3", "/manage/login", 302, 0);
        var incident = Only(day.Run(), "brute_force");
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
        Assert.Equal(FindingLevel.High, incident.Level);
    }

    [Fact]
    public void Clients_that_only_order_messages_are_one_campaign()
    {
        var day = Day();
        for (var p = 0; p < 12; p++)
            for (var i = 0; i < 15; i++) day.Post(2_000 + i * 40 + p, $"198.51.100.{p + 9}", $"/verify/sendSms?mobile=138{p:0000}{i:0000}", i < 12 ? 200 : 429, 31, agent: i % 2 == 0 ? "python-requests/2.31" : SiteLog.Phone);
        var incident = Only(day.Run(), "sms_abuse");
        Assert.Equal(12, incident.SourceCount);
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
    }

    [Fact]
    public void A_device_that_registers_again_and_again_farms_bonuses()
    {
        var day = Day();
        for (var n = 0; n < 24; n++)
        {
            var (ip, t, agent) = ($"198.51.100.{n % 3}", 500 + n * 200, "Mozilla/5.0 (Linux; Android 9; Farm 1) AppleWebKit/537.36 Mobile");
            day.Get(t, ip, "/", agent: agent).Post(t + 2, ip, $"/verify/sendSms?mobile=1700{n:0000000}", agent: agent).Post(t + 9, ip, "/member/doRegister", agent: agent)
                .Post(t + 12, ip, "/promo/coupon/take", agent: agent).Post(t + 20, ip, "/wallet/withdraw", agent: agent);
        }
        var incident = Only(day.Run(), "coupon_abuse");
        Assert.Equal(3, incident.SourceCount);
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
    }

    [Theory]
    [InlineData(true, AttackOutcome.Likely)]
    [InlineData(false, AttackOutcome.Failed)]
    public void A_stranger_whose_notices_are_refused_forges_them(bool oneAccepted, AttackOutcome outcome)
    {
        var day = Day();
        for (var i = 0; i < 12; i++) day.Post(6_000 + i * 30, "203.0.113.77", $"/cashier/alipay/notify?out_trade_no=99{i}&amount=1.00", 200, oneAccepted && i > 9 ? 7 : 4, agent: "PostmanRuntime/7.3");
        Assert.Equal(outcome, Only(day.Run(), "payment_forgery").Outcome);
    }

    [Fact]
    public void Walking_through_the_orders_of_others_is_enumeration()
    {
        var day = Day();
        for (var i = 0; i < 150; i++) day.Get(3_000 + i * 2, "203.0.113.50", $"/api/orders?orderId={88_000_200 + i}", 200, 600 + i % 50, agent: "okhttp/4.9");
        var incident = Only(day.Run(), "idor");
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
        Assert.InRange(incident.Count, 120, 150);
    }

    [Fact]
    public void A_browser_that_reads_the_catalogue_and_loads_nothing_else_scrapes_it()
    {
        var day = Day();
        for (var i = 0; i < 180; i++) day.Get(200 + i * 35, "203.0.113.60", $"/goods/{4_000 + i / 2}.html", 200, 16_000, agent: SiteLog.Phone);
        Assert.Equal("203.0.113.60", Only(day.Run(), "scraper").Sources.Single().Address);
    }

    [Fact]
    public void Many_that_hammer_one_page_are_a_flood_of_those_alone()
    {
        var day = Day();
        for (var p = 0; p < 40; p++)
            for (var i = 0; i < 60; i++) day.Get(4_000 + i * 3 + p * 0.05, $"198.18.{p}.9", $"/goods/list?page=1&r={p * 91 + i}", i > 40 ? 503 : 200, 9_000, agent: p % 2 == 0 ? SiteLog.Chrome : SiteLog.Phone);
        var incident = Only(day.Run(), "http_flood");
        Assert.InRange(incident.SourceCount, 39, 40);
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
    }

    [Fact]
    public void A_script_uploaded_and_called_is_a_web_shell()
    {
        var day = Day();
        day.Post(5_000, "203.0.113.90", "/member/avatar/save", 200, 60, "https://shop.test/").Post(5_020, "203.0.113.90", "/member/avatar/save", 200, 88, "https://shop.test/");
        for (var i = 0; i < 8; i++) day.Post(5_060 + i * 50, i % 2 == 0 ? "203.0.113.90" : "203.0.113.91", "/uploads/head/2026/x81.php", 200, 2_000 + i * 40);
        day.Get(5_600, "203.0.113.91", "/uploads/head/2026/x81.php?cmd=whoami", 200, 40);
        var incident = Only(day.Run(), "webshell");
        Assert.Equal(2, incident.SourceCount);
        Assert.Equal(FindingLevel.Critical, incident.Level);
        Assert.Contains(incident.Steps, s => s.Rule.Id == "behaviour.upload");
    }

    [Fact]
    public void A_scan_is_a_scan_whatever_it_tries()
    {
        var day = Day();
        for (var i = 0; i < 90; i++) day.Get(1_000 + i * 0.4, "198.51.100.80", i % 9 == 0 ? $"/p{i}.php?page=../../../../etc/passwd" : $"/{(char)('a' + i % 26)}{i}-backup.zip", 404, 548, agent: "Mozilla/5.00 (Nikto/2.1.6)");
        Assert.Equal(AttackOutcome.Failed, Only(day.Run(), "scanner").Outcome);
    }

    [Theory]
    [InlineData(700_000, AttackOutcome.Likely)]
    [InlineData(9_400, AttackOutcome.Unknown)]
    public void An_injected_query_worked_where_its_answer_is_many_times_the_usual(int bytes, AttackOutcome outcome)
    {
        var day = Day();
        for (var i = 0; i < 30; i++) day.Get(3_000 + i * 2, "203.0.113.21", $"/goods/list?page=1%20UNION%20ALL%20SELECT%20NULL%2C{i}%2CNULL--%20-", 200, 9_100, agent: "curl/8.0");
        day.Get(3_100, "203.0.113.21", "/goods/list?page=-1%20UNION%20ALL%20SELECT%20user_name%2Cpassword%2C3%20FROM%20members--%20-", 200, bytes, agent: "curl/8.0");
        Assert.Equal(outcome, Only(day.Run(), "sqli").Outcome);
    }

    [Theory]
    [InlineData(200, AttackOutcome.Likely)]
    [InlineData(404, AttackOutcome.Failed)]
    public void A_file_came_where_others_were_refused(int status, AttackOutcome outcome)
    {
        var day = Day();
        for (var i = 0; i < 12; i++) day.Get(3_000 + i * 9, i % 2 == 0 ? "203.0.113.31" : "203.0.113.32", $"/doc/fetch?name={string.Concat(Enumerable.Repeat("../", i + 1))}etc/passwd", 404, 548, agent: "curl/8.0");
        day.Get(3_200, "203.0.113.31", "/doc/fetch?name=..%2f..%2f..%2fetc%2fpasswd", status, 1_800, agent: "curl/8.0");
        var incident = Only(day.Run(), "path_traversal");
        Assert.Equal((outcome, 2), (incident.Outcome, incident.SourceCount));
    }

    [Fact]
    public void One_script_that_serves_everything_is_taken_apart_by_what_it_is_asked_for()
    {
        var day = new SiteLog();
        for (var p = 0; p < 300; p++)
        {
            var ip = $"36.1.{p % 250}.{p / 250 + 1}";
            day.Get(p * 20, ip, "/index.php?ctl=index&act=show").Get(p * 20 + 1, ip, "/s/a.css", referrer: "https://x.test/").Get(p * 20 + 9, ip, $"/index.php?ctl=deal&id={p % 40}", referrer: "https://x.test/")
                .Post(p * 20 + 15, ip, "/index.php?ctl=user&act=dologin", 200, 380, "https://x.test/");
            if (p % 10 == 0) day.Post(p * 20 + 12, ip, "/index.php?ctl=user&act=dologin", 200, 60, "https://x.test/");
        }
        for (var p = 0; p < 20; p++)
            for (var i = 0; i < 5; i++) day.Post(300 + i * 900 + p * 13, $"203.0.113.{p}", "/index.php?ctl=user&act=dologin", 200, 60);
        Assert.Equal(20, Only(day.Run(), "credential_stuffing").SourceCount);
    }
}
