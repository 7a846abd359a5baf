using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>Abuse of a finance business spread thin, and what looks like it and is none; all made up, by a seed.</summary>
public sealed class AbuseTests
{
    private const string App = "MoneyApp/3.1 (Android 12)", Script = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/101.0";

    private static SiteLog Day(double seconds = 36_000) => new SiteLog().People(600, 0, seconds);

    private static string Told(IReadOnlyList<Incident> incidents) => string.Join("; ", incidents.Select(i => $"{i.Class} {i.SourceCount} {string.Join(',', i.Targets)}"));

    private static Incident Only(SiteLog log, string attackClass)
    {
        var incidents = log.Run();
        Assert.True(incidents.Count == 1 && incidents[0].Class == attackClass, Told(incidents));
        return incidents[0];
    }

    private static void None(SiteLog log)
    {
        var incidents = log.Run();
        Assert.True(incidents.Count == 0, Told(incidents));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public void Stolen_passwords_tried_from_an_address_each_are_stuffing(int seed, int tries)
    {
        var (log, chance) = (Day(), new Random(seed));
        for (var p = 0; p < 300; p++)
            for (var i = 0; i < tries; i++) log.Post(1_000 + chance.NextDouble() * 30_000, $"203.0.{p / 250 + 113}.{p % 250}", "/passport/doLogin", 200, p % 60 == 0 ? 404 : 58, agent: Script + p % 40);
        var incident = Only(log, "credential_stuffing");
        Assert.InRange(incident.SourceCount, 240, 310);
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
    }

    [Fact]
    public void Codes_ordered_from_an_address_each_are_bombing()
    {
        var (log, chance) = (Day(), new Random(3));
        for (var p = 0; p < 160; p++) log.Post(2_000 + chance.NextDouble() * 25_000, $"203.0.113.{p}", $"/verify/sendSms?mobile=138{p:00000000}", 200, 31, agent: Script + p % 9);
        Assert.InRange(Only(log, "sms_abuse").SourceCount, 130, 165);
    }

    [Fact]
    public void Accounts_made_from_an_address_each_that_do_nothing_else_are_farmed()
    {
        var (log, chance) = (Day(), new Random(4));
        for (var p = 0; p < 160; p++) log.Post(2_000 + chance.NextDouble() * 25_000, $"203.0.113.{p}", "/member/doRegister", 200, 96, agent: Script + p % 9);
        Assert.InRange(Only(log, "coupon_abuse").SourceCount, 130, 165);
    }

    [Fact]
    public void People_of_an_app_whose_first_call_is_a_code_and_a_monitor_that_logs_in_are_none()
    {
        var (log, chance) = (Day(), new Random(5));
        for (var p = 0; p < 400; p++)
        {
            var (t, ip) = (500 + chance.NextDouble() * 34_000, $"117.{p / 250 + 10}.{p % 250}.9");
            log.Post(t, ip, $"/verify/sendSms?mobile=137{p:00000000}", 200, 31, agent: App);
            if (p % 6 == 0) continue;
            log.Post(t + 40, ip, "/member/doRegister", 200, 96, agent: App).Get(t + 42, ip, "/api/home?x=1", agent: App).Post(t + 60, ip, "/promo/coupon/take", 200, 77, agent: App);
        }
        for (var i = 0; i < 600; i++) log.Post(i * 60, "100.64.1.1", "/passport/doLogin", 200, 402, agent: "Uptime-monitor/2");
        None(log);
    }

    [Fact]
    public void A_rush_at_noon_is_none()
    {
        var (log, chance) = (Day(), new Random(6));
        for (var p = 0; p < 500; p++)
        {
            var (t, ip) = (14_400 + chance.NextDouble() * 300, $"112.{p / 250 + 10}.{p % 250}.9");
            log.Get(t, ip, "/promo/618.html", referrer: "https://shop.test/", agent: SiteLog.Phone).Get(t + 1, ip, "/s/app.js", referrer: "https://shop.test/promo/618.html", agent: SiteLog.Phone);
            for (var i = 0; i < 3 + chance.Next(20); i++) log.Post(t + 2 + i * 2, ip, "/promo/coupon/take", i == 0 ? 200 : 429, 77, "https://shop.test/promo/618.html", SiteLog.Phone);
        }
        None(log);
    }

    [Fact]
    public void One_device_that_takes_bonus_after_bonus_farms_them()
    {
        var log = Day();
        for (var i = 0; i < 60; i++) log.Post(3_000 + i * 90, "203.0.113.77", "/passport/doLogin", 200, 402, agent: Script).Post(3_005 + i * 90, "203.0.113.77", "/promo/coupon/take", 200, 77, agent: Script);
        Assert.Equal("203.0.113.77", Only(log, "coupon_abuse").Sources.First().Address);
    }

    private static SiteLog Exports(SiteLog log)
    {
        for (var p = 0; p < 40; p++)
            for (var i = 0; i < 1 + p % 3; i++) log.Get(900 + p * 700 + i * 50, $"36.7.{p}.9", $"/crm/customer/export?month={i}", 200, 60_000, "https://shop.test/crm", SiteLog.Chrome);
        // A job of every hour, as large as anybody's.
        for (var i = 0; i < 10; i++) log.Get(i * 3_600, "10.2.2.2", "/crm/customer/export?month=9", 200, 60_000, agent: "curl/8.0");
        return log;
    }

    [Theory]
    [InlineData(60, 60_000)]
    [InlineData(8, 6_000_000)]
    public void One_who_exports_far_more_than_others_carries_data_out(int times, int bytes)
    {
        var log = Exports(Day());
        for (var i = 0; i < times; i++) log.Get(20_000 + i * 30, "203.0.113.88", $"/crm/customer/export?month={i}", 200, bytes, "https://shop.test/crm", SiteLog.Chrome);
        var incident = Only(log, "data_export");
        Assert.Equal((FindingLevel.Medium, AttackOutcome.Unknown), (incident.Level, incident.Outcome));
    }

    [Fact]
    public void Exports_of_a_usual_day_are_none() => None(Exports(Day()));

    /// <summary>Two providers that send all notices of one gate, and repeat what was not taken.</summary>
    private static SiteLog Notices(SiteLog log)
    {
        for (var i = 0; i < 500; i++)
        {
            var (t, ip) = (i * 70.0, i % 2 == 0 ? "110.75.1.9" : "110.75.1.10");
            var target = $"/gate/llpay/notify?order=20260504{i:00000}&sign=a{i}";
            if (i % 40 == 0) log.Post(t - 30, ip, target, 500, 11, agent: "Apache-HttpClient/4.5");
            log.Post(t, ip, target, 200, 7, agent: "Apache-HttpClient/4.5");
        }
        return log;
    }

    [Fact]
    public void Providers_who_repeat_and_people_who_come_back_from_paying_are_none()
    {
        var log = Notices(Day());
        for (var p = 0; p < 200; p++) log.Get(p * 170, $"36.0.{p}.{7 + p % 5}", $"/gate/llpay/return?order={p}", 200, 5_000, "https://pay.test/", SiteLog.Phone);
        None(log);
    }

    [Fact]
    public void A_notice_sent_once_more_by_a_stranger_is_forged()
    {
        var log = Notices(Day());
        for (var i = 0; i < 3; i++) log.Post(30_000 + i * 40, "203.0.113.99", $"/gate/llpay/notify?order=20260504{100 + i:00000}&sign=a{100 + i}", 200, 7, agent: "Apache-HttpClient/4.5");
        Assert.Equal(AttackOutcome.Likely, Only(log, "payment_forgery").Outcome);
    }

    [Fact]
    public void A_shopper_who_also_sends_notices_forges_them()
    {
        var log = Notices(Day());
        for (var i = 0; i < 8; i++) log.Get(29_000 + i * 9, "203.0.113.98", $"/goods/{4_000 + i}.html", referrer: "https://shop.test/").Get(29_001 + i * 9, "203.0.113.98", "/s/app.js", referrer: "https://shop.test/");
        log.Get(29_100, "203.0.113.98", "/cart").Get(29_110, "203.0.113.98", "/checkout").Get(29_120, "203.0.113.98", "/help").Post(29_200, "203.0.113.98", "/gate/llpay/notify?order=2026050499999&sign=zz", 200, 7, agent: "python-requests/2.31");
        Assert.Equal(AttackOutcome.Likely, Only(log, "payment_forgery").Outcome);
    }

    [Fact]
    public void Orders_read_in_no_order_are_enumeration_too()
    {
        var (log, chance) = (Day(), new Random(9));
        for (var i = 0; i < 160; i++) log.Get(9_000 + i * 45, "203.0.113.50", $"/api/orders?orderId={88_000_000 + chance.Next(60_000)}", chance.Next(5) == 0 ? 200 : 403, 640, agent: "okhttp/4.9");
        Assert.Equal(AttackOutcome.Likely, Only(log, "idor").Outcome);
    }

    [Fact]
    public void A_partner_who_reads_orders_at_a_path_of_its_own_is_none()
    {
        var log = Day();
        for (var i = 0; i < 600; i++) log.Get(100 + i * 50, "61.5.5.5", $"/openapi/orders?orderId={88_000_000 + i}&appid=p1&sign=x{i}", 200, 640, agent: "Java/11.0");
        None(log);
    }

    private static SiteLog Readers(SiteLog log, int readers, bool loads)
    {
        var chance = new Random(11);
        for (var p = 0; p < readers; p++)
            for (var i = 0; i < 34; i++)
            {
                log.Get(1_000 + p * 400 + i * 40, $"203.0.113.{p}", $"/goods/{4_000 + chance.Next(60)}.html", 200, 16_000, agent: SiteLog.Phone + p % 5);
                if (loads && i % 4 == 0) log.Get(1_001 + p * 400 + i * 40, $"203.0.113.{p}", "/s/app.js", 200, 900, "https://shop.test/", SiteLog.Phone + p % 5);
            }
        return log;
    }

    [Fact]
    public void A_catalogue_read_in_parts_by_many_that_load_nothing_is_scraped()
    {
        Assert.InRange(Only(Readers(Day(), 24, loads: false), "scraper").SourceCount, 16, 24);
        None(Readers(Day(), 24, loads: true));
    }

    [Fact]
    public void Where_style_and_pictures_lie_elsewhere_nobody_loads_them()
    {
        var log = new SiteLog();
        for (var p = 0; p < 300; p++)
            for (var i = 0; i < 26; i++) log.Get(p * 100 + i * 20, $"36.1.{p % 250}.{p / 250 + 1}", $"/goods/{4_000 + (p * 7 + i * 3) % 60}.html", 200, 16_000, i == 0 ? "-" : "-", SiteLog.Phone + p % 5);
        None(log);
    }
}
