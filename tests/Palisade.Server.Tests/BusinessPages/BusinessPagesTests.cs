using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Palisade.Engine.Incidents.Habits;
using Palisade.Server.Audit;
using Palisade.Server.BusinessPages;
using Palisade.Server.Streaming;
using Palisade.Server.Tests.Control;

namespace Palisade.Server.Tests.BusinessPages;

/// <summary>What is kept of pages and of what people say they are for, on each provider of the control store.</summary>
public abstract class BusinessPagesTests(ControlFixture store)
{
    private TestApp App => store.App;

    private static BusinessPage Seen(string shape, Business guess, long count, long lastMs = 1_790_000_000_000) => new("", shape, guess, 85, count, count, count, 9, 1_780_000_000_000, lastMs);

    private (TenantPages Pages, LiveBusiness Live) New()
    {
        var live = new LiveBusiness(TimeProvider.System);
        return (new TenantPages(App.Control, live, TimeProvider.System), live);
    }

    private static Task<(PageRefusal Refusal, BusinessPageRow? Page)> SayAsync(TenantPages pages, uint tenant, string path, string? purpose, long? seen = null, string site = "") =>
        pages.ChooseAsync(tenant, site, path, purpose, seen, Actor.System, CancellationToken.None);

    [Fact]
    public async Task Guesses_come_from_the_stream_and_do_not_touch_what_people_said()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        var (pages, live) = New();
        live.Again(mine, [Seen("/passport/go", Business.None, 40), Seen("/user/login", Business.Login, 90)]);
        await pages.FlushAsync(CancellationToken.None);
        Assert.Equal(PageRefusal.None, (await SayAsync(pages, mine, "/passport/go", "login")).Refusal);
        live.Again(mine, [Seen("/passport/go", Business.None, 70)]);
        await pages.FlushAsync(CancellationToken.None);

        var rows = await New().Pages.ListAsync(mine, CancellationToken.None);
        Assert.Equal([("/user/login", "login", "login", null, 90L), ("/passport/go", "login", "none", "login", 70L)], rows.Select(r => (r.Path, r.Purpose, r.Guess, r.Chosen, r.Requests)));
        Assert.Equal(1_790_000_000_000, rows[1].LastSeen!.Value.ToUnixTimeMilliseconds());
        Assert.Empty(await pages.ListAsync(other, CancellationToken.None));
    }

    [Fact]
    public async Task What_people_say_is_in_force_at_once_after_a_restart_and_until_it_is_taken_back()
    {
        var (mine, other) = ((await App.TenantAsync(store.NewName())).Id, (await App.TenantAsync(store.NewName())).Id);
        var (pages, live) = New();
        var (_, row) = await SayAsync(pages, mine, "/gate/v2/go", "sms", site: "shop.example");
        Assert.Equal(("/gate/v#/go", "sms", 1L), (row!.Path, row.Chosen, row.Version));
        Assert.True(live.Choices.ContainsKey(mine) && !live.Choices.ContainsKey(other));

        var (again, second) = New();
        await again.StartingAsync(CancellationToken.None);
        Assert.True(second.Choices.ContainsKey(mine));

        Assert.Equal((PageRefusal.Stale, 1L), ((await SayAsync(pages, mine, "/gate/v7/go", "login", seen: 0, site: "shop.example")) is var stale ? (stale.Refusal, stale.Page!.Version) : default));
        Assert.Equal((PageRefusal.None, null), await SayAsync(pages, mine, "/gate/v7/go", null, seen: 1, site: "shop.example"));
        Assert.Empty(await pages.ListAsync(mine, CancellationToken.None));
        var audit = (await App.AuditAsync(mine)).Where(e => e.Action == "business.choose").ToList();
        Assert.Equal(2, audit.Count);
        Assert.Contains("\"to\":\"sms\"", audit[0].Detail);
    }

    [Theory]
    [InlineData("", "gate", "login", PageRefusal.Path)]
    [InlineData("", "/ga\0te", "login", PageRefusal.Path)]
    [InlineData("a b", "/gate", "login", PageRefusal.Site)]
    [InlineData("", "/gate", "shop", PageRefusal.Purpose)]
    public async Task What_is_no_page_or_purpose_is_refused(string site, string path, string purpose, PageRefusal refusal)
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        Assert.Equal(refusal, (await SayAsync(New().Pages, tenant, path, purpose, site: site)).Refusal);
        Assert.DoesNotContain(await App.AuditAsync(tenant), e => e.Action == "business.choose");
    }

    [Fact]
    public async Task Pages_without_a_choice_are_kept_within_bounds()
    {
        var tenant = (await App.TenantAsync(store.NewName())).Id;
        var (pages, live) = New();
        await SayAsync(pages, tenant, "/old", "login");
        for (var round = 0; round < 3; round++)
        {
            live.Again(tenant, [.. Enumerable.Range(0, 500).Select(i => Seen($"/p{(char)('a' + round)}{(char)('a' + i % 26)}{(char)('a' + i / 26)}", Business.Sms, 1, 1_790_000_000_000 + round))]);
            await pages.FlushAsync(CancellationToken.None);
        }
        var rows = await pages.ListAsync(tenant, CancellationToken.None);
        Assert.Equal(TenantPages.MaxGuesses + 1, rows.Count);
        Assert.DoesNotContain(rows, r => r.Path.StartsWith("/pa", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_api_lists_sets_and_takes_back()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var (pages, live) = New();
        live.Again(tenant.Id, [Seen("/user/login", Business.Login, 90), Seen("/verify/code", Business.Sms, 30)]);
        await pages.FlushAsync(CancellationToken.None);
        using var client = await App.SignedInAsync(tenant);
        var uri = new Uri("/api/v1/business-pages", UriKind.Relative);
        using var put = await client.PutAsJsonAsync(uri, new { path = "/verify/code", purpose = "none" });
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (put.StatusCode, put.Headers.ETag!.Tag));
        async Task<string> ListAsync(string query) => string.Join(' ', JsonNode.Parse(await client.GetStringAsync(new Uri("/api/v1/business-pages?" + query, UriKind.Relative)))!["items"]!.AsArray().Select(i => $"{i!["path"]}={i["purpose"]}/{i["guess"]}"));
        Assert.Equal("/user/login=login/login /verify/code=none/sms", await ListAsync(""));
        Assert.Equal("/verify/code=none/sms", await ListAsync("confirmed=true"));
        Assert.Equal("/user/login=login/login", await ListAsync("limit=1"));
        using var back = await client.PutAsJsonAsync(uri, new { path = "/verify/code", purpose = (string?)null });
        Assert.Equal("sms", (string)JsonNode.Parse(await back.Content.ReadAsStringAsync())!["purpose"]!);
        using var wrong = await client.PutAsJsonAsync(uri, new { path = "/verify/code", purpose = "shop" });
        Assert.Equal((HttpStatusCode.BadRequest, "business.purpose"), (wrong.StatusCode, (string)JsonNode.Parse(await wrong.Content.ReadAsStringAsync())!["code"]!));
    }

    [Fact]
    public async Task The_page_shows_guesses_to_confirm_and_to_a_viewer_no_way_to_change_them()
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var owner = await App.SignedInAsync(tenant);
        async Task<string> PageAsync(HttpClient client, string query = "") => await client.GetStringAsync(new Uri($"/t/{tenant.Slug}/config/business{query}", UriKind.Relative));
        Assert.Contains("No guess waits for you", await PageAsync(owner));
        var (pages, live) = New();
        live.Again(tenant.Id, [Seen("/user/login", Business.Login, 90), Seen("/x<script>y", Business.None, 30)]);
        await pages.FlushAsync(CancellationToken.None);
        var shown = await PageAsync(owner);
        Assert.True(shown.Contains("/user/login", StringComparison.Ordinal) && shown.Contains("Confirm<", StringComparison.Ordinal) && shown.Contains("1 to confirm, 0 confirmed", StringComparison.Ordinal));
        Assert.DoesNotContain("/x<script>", await PageAsync(owner, "?state=unknown"));
        await SayAsync(pages, tenant.Id, "/user/login", "login");
        Assert.Contains("said by", await PageAsync(owner, "?state=confirmed"));
        await App.MemberAsync(tenant, Palisade.Server.Identity.Role.Viewer);
        using var viewer = await App.SignedInAsync(tenant, Palisade.Server.Identity.Role.Viewer);
        var seen = await PageAsync(viewer, "?state=confirmed");
        Assert.True(seen.Contains("/user/login", StringComparison.Ordinal) && !seen.Contains("business-save", StringComparison.Ordinal) && !seen.Contains("<select", StringComparison.Ordinal));
    }
}

[Collection(nameof(SqliteControl))]
public sealed class SqliteBusinessPagesTests(SqliteControl store) : BusinessPagesTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresBusinessPagesTests(PostgresControl store) : BusinessPagesTests(store);
