using System.Net;
using System.Text.Json.Nodes;
using Palisade.Protocol;
using Palisade.Server.Incidents;
using Palisade.Server.Storage;
using Palisade.Server.Tests.Control;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests.Incidents;

/// <summary>What an attacker is told by, what is said of shared addresses and crawlers, and the list over HTTP.</summary>
[Collection(nameof(SqliteControl))]
public sealed class AttackerTests(SqliteControl store)
{
    private const string Google = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

    [Theory]
    [InlineData("203.0.113.9", AttackerKind.Address, "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", AttackerKind.Address, "203.0.113.9")]
    [InlineData("2001:DB8:0:0::7", AttackerKind.Address, "2001:db8::7")]
    [InlineData("203.0.113.77/24", AttackerKind.Range, "203.0.113.0/24")]
    [InlineData("203.0.113.77/32", AttackerKind.Range, "203.0.113.77/32")]
    [InlineData("2001:db8:1:2::7/48", AttackerKind.Range, "2001:db8:1::/48")]
    [InlineData("ua-00ffffffffffffab", AttackerKind.Fingerprint, "ua-00ffffffffffffab")]
    public void An_attacker_is_one_whatever_way_it_is_written(string text, AttackerKind kind, string key)
    {
        var who = AttackerSubject.Parse(text)!;
        Assert.Equal((kind, key), (who.Kind, who.Key));
        Assert.Equal(key, AttackerSubject.Parse(who.Key)!.Key);
    }

    [Theory]
    [InlineData(""), InlineData("shop"), InlineData("203.0.113"), InlineData("203.0.113.0/33"), InlineData("203.0.113.0/7"), InlineData("2001:db8::/16"), InlineData("ua-12"), InlineData("ua-00ffffffffffffag"), InlineData("' OR 1=1 --")]
    public void What_is_no_attacker_is_none(string text) => Assert.Null(AttackerSubject.Parse(text));

    [Fact]
    public void A_range_holds_what_lies_in_it()
    {
        var range = AttackerSubject.Parse("203.0.113.64/26")!;
        Assert.True(range.Holds("203.0.113.64") && range.Holds("203.0.113.127") && range.Holds("::ffff:203.0.113.100"));
        Assert.False(range.Holds("203.0.113.63") || range.Holds("203.0.113.128") || range.Holds("2001:db8::1") || range.Holds("text"));
    }

    private static AttackerProfile Profile(string key, string agent, long agents = 1, long users = 0) => new(
        AttackerSubject.Parse(key)!, "", null, null, null, [], [], [], [], [], [], [], new AttackerTraffic(10, agents, users, 1, [new AgentPrint(agent, 1)], default, default), true);

    [Theory]
    [InlineData("66.249.66.7", Google, 1, AttackerNature.VerifiedCrawler)]
    [InlineData("203.0.113.9", Google, 1, AttackerNature.FalseCrawler)]
    [InlineData("157.55.39.10", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", 1, AttackerNature.VerifiedCrawler)]
    [InlineData("203.0.113.9", "ExampleBot/1.0", 1, AttackerNature.ClaimedCrawler)]
    [InlineData("203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64)", 1, AttackerNature.None)]
    [InlineData("203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64)", AttackerProfile.SharedAgents, AttackerNature.Shared)]
    [InlineData("203.0.113.0/24", Google, 1, AttackerNature.None)]
    public void A_crawler_is_proven_by_published_addresses_only(string key, string agent, long agents, AttackerNature expected) => Assert.Equal(expected, Profile(key, agent, agents).Nature);

    [Fact]
    public async Task Pages_of_the_list_hold_each_attacker_once_and_no_other_tenants()
    {
        var tenant = await store.App.TenantAsync(store.NewName());
        var other = await store.App.TenantAsync(store.NewName());
        for (var i = 0; i < 7; i++)
            await store.App.IncidentAsync(TestApp.Incident(tenant.Id, $"list-{i}", ip: $"198.51.{100 + i / 4}.{i}", version: i + 1));
        await store.App.IncidentAsync(TestApp.Incident(other.Id, "list-other", ip: "192.0.2.99"));
        using var client = store.App.WithToken(await store.App.TokenAsync(tenant, TokenScope.Read));
        foreach (var (by, expected) in new[] { ("address", new[] { 6, 5, 4, 3, 2, 1, 0 }.Select(i => $"198.51.{100 + i / 4}.{i}").ToArray()), ("range", ["198.51.101.0/24", "198.51.100.0/24"]) })
        {
            var seen = new List<string>();
            string? cursor = "";
            while (cursor is not null)
            {
                using var answer = await client.GetAsync(new Uri($"/api/v1/attackers?from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z&by={by}&limit=2&cursor={Uri.EscapeDataString(cursor)}", UriKind.Relative));
                var page = (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
                Assert.True(answer.IsSuccessStatusCode, page.ToJsonString());
                Assert.False((bool)page["complete"]!);       // no event store here
                seen.AddRange(((JsonArray)page["items"]!).Select(i => (string)i!["key"]!));
                cursor = (string?)page["next"];
            }
            Assert.Equal(expected, seen);
        }
    }

    [Fact]
    public async Task An_attacker_is_asked_for_by_address_range_or_fingerprint_and_by_nothing_else()
    {
        var tenant = await store.App.TenantAsync(store.NewName());
        await store.App.IncidentAsync(TestApp.Incident(tenant.Id, "one-attacker", ip: "198.51.100.8", outcome: AttackOutcome.Likely));
        using var client = store.App.WithToken(await store.App.TokenAsync(tenant, TokenScope.Read));
        using var found = await client.GetAsync(new Uri("/api/v1/attackers/198.51.100.8", UriKind.Relative));
        var told = (JsonObject)JsonNode.Parse(await found.Content.ReadAsStringAsync())!;
        Assert.Equal(("address", "198.51.100.8", "likely", "one-attacker", false), ((string)told["kind"]!, (string)told["key"]!, (string)told["best"]!, (string)told["incidents"]![0]!, (bool)told["complete"]!));
        foreach (var (key, status) in new[] { ("not-an-address", HttpStatusCode.BadRequest), ("198.51.100.0/3", HttpStatusCode.BadRequest), ("198.51.100.0/24", HttpStatusCode.ServiceUnavailable), ("198.51.100.0%2F24", HttpStatusCode.ServiceUnavailable), ("192.0.2.1", HttpStatusCode.ServiceUnavailable) })
        {
            using var answer = await client.GetAsync(new Uri("/api/v1/attackers/" + key, UriKind.Relative));
            Assert.Equal((key, status), (key, answer.StatusCode));
        }
    }
}
