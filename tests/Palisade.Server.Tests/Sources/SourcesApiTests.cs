using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;
using Palisade.Server.Tests.Control;

namespace Palisade.Server.Tests.Sources;

[Collection(nameof(SqliteControl))]
public sealed class SqliteSourcesApiTests(SqliteControl store) : SourcesApiTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresSourcesApiTests(PostgresControl store) : SourcesApiTests(store);

/// <summary>The zone of a source and its ledger, over the API.</summary>
public abstract class SourcesApiTests(ControlFixture store)
{
    private static readonly CancellationToken Stop = CancellationToken.None;
    private TestApp App => store.App;

    [Fact]
    public async Task A_zone_is_set_held_to_what_exists_and_reaches_the_stream()
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var client = await App.SignedInAsync(tenant);
        using var made = await client.PostAsJsonAsync("/api/v1/sources", new { name = "web", zone = "Asia/Shanghai" });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var id = (uint)(await made.Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
        var choice = App.Service<IParserChoice>();
        Assert.Equal("Asia/Shanghai", (await choice.LoadAsync(id, Stop)).Zone?.Name);

        using var bad = await client.PatchAsJsonAsync($"/api/v1/sources/{id}", new { zone = "Mars/Base" });
        Assert.Equal((HttpStatusCode.BadRequest, "source.zone"), (bad.StatusCode, (string)(await bad.Content.ReadFromJsonAsync<JsonObject>())!["code"]!));
        using var worse = await client.PostAsJsonAsync("/api/v1/sources", new { name = "other", zone = "Mars/Base" });
        Assert.Equal(HttpStatusCode.BadRequest, worse.StatusCode);

        using var good = await client.PatchAsJsonAsync($"/api/v1/sources/{id}", new { zone = "-05:00" });
        Assert.Equal("-05:00", (string)(await good.Content.ReadFromJsonAsync<JsonObject>())!["zone"]!);
        Assert.Equal(-18_000_000, (await choice.LoadAsync(id, Stop)).Zone?.OffsetAt(0));
        using var none = await client.PatchAsJsonAsync($"/api/v1/sources/{id}", new { zone = "" });
        Assert.Equal(HttpStatusCode.OK, none.StatusCode);
        Assert.Null((await choice.LoadAsync(id, Stop)).Zone);
        Assert.Equal(["source.create", "source.update", "source.update"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("source.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"quota":{"events_per_second":5}}""", "$.quota, line 1")]
    [InlineData("{\"name\":\"web\",\n\"max_events_per_second\":\"5\"}", "$.max_events_per_second, line 2")]
    [InlineData("{\"name\":", "$.name, line 1")]
    public async Task A_body_that_does_not_fit_is_answered_with_the_place_and_nothing_of_the_program(string body, string place)
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var client = await App.SignedInAsync(tenant);
        using var answer = await client.PostAsync(new Uri("/api/v1/sources", UriKind.Relative), new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        var problem = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal((HttpStatusCode.BadRequest, "bad_request"), (answer.StatusCode, (string)problem["code"]!));
        Assert.Contains(place, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("Palisade.", problem.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ledger_is_told_by_minute_with_reasons_gaps_duplicates_and_delay()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var source = (await App.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "web", Stop)).Source!.Id;
        const long first = 1_790_000_040_000 / 60_000 * 60_000;
        var tally = new LedgerTally();
        foreach (var minute in new[] { first, first + 60_000, first + 1440 * 60_000L })
        {
            var delta = tally.At(new IngestLane(tenant.Id, source), minute);
            (delta.Journaled, delta.Stored, delta.Parsed, delta.Timed, delta.DelayMs) = (90, 90, 80, 40, 60_000);
        }
        foreach (var (reason, count) in new[] { (IngestRefusal.Duplicate, 10L), (IngestRefusal.Gap, 30L), (IngestRefusal.LineTooLong, 2L) })
        {
            var frame = new byte[RefusalFrame.EntryBytes];
            RefusalFrame.Write(frame, reason, count);
            tally.Refusals(new IngestLane(tenant.Id, source), first + 60_000, frame);
        }
        var ledger = (ILedgerStore)App.Service<ILossLedger>();
        var node = 700 + (int)tenant.Id;
        await ledger.ApplyAsync(node, 10, tally.Deltas, Stop);

        using var client = await App.SignedInAsync(tenant);
        var from = DateTimeOffset.FromUnixTimeMilliseconds(first);
        string Path(DateTimeOffset a, DateTimeOffset b) => $"/api/v1/sources/{source}/ledger?from={Uri.EscapeDataString(a.ToString("O"))}&to={Uri.EscapeDataString(b.ToString("O"))}";
        var page = (await client.GetFromJsonAsync<JsonObject>(Path(from, from.AddDays(2))))!;
        Assert.Equal(from.AddDays(1), page["next"]!.GetValue<DateTimeOffset>());
        var items = page["items"]!.AsArray();
        Assert.Equal(2, items.Count);
        Assert.Equal("""{"received":90,"stored":90,"parsed":80,"in_flight":0,"refused":{},"duplicates":0,"gap":0,"completeness":100,"delay_ms":1500}""", Figures(items[0]!));
        Assert.Equal("""{"received":102,"stored":90,"parsed":80,"in_flight":0,"refused":{"duplicate":10,"line_too_long":2},"duplicates":10,"gap":30,"completeness":73.77,"delay_ms":1500}""", Figures(items[1]!));
        var rest = (await client.GetFromJsonAsync<JsonObject>(Path(from.AddDays(1), from.AddDays(2))))!;
        Assert.Null(rest["next"]);
        Assert.Single(rest["items"]!.AsArray());

        using var backwards = await client.GetAsync(new Uri(Path(from, from), UriKind.Relative));
        Assert.Equal((HttpStatusCode.BadRequest, "ledger.range"), (backwards.StatusCode, (string)(await backwards.Content.ReadFromJsonAsync<JsonObject>())!["code"]!));
    }

    private static string Figures(JsonNode minute)
    {
        var row = minute.AsObject();
        row.Remove("minute");
        var refused = row["refused"]!.AsObject();
        row["refused"] = new JsonObject(refused.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => KeyValuePair.Create(r.Key, r.Value?.DeepClone())));
        return row.ToJsonString();
    }
}
