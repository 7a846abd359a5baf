using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>What a tenant and a source may send in a second and a day.</summary>
public sealed class QuotaTests
{
    private static readonly IngestLane Web = new(1, 1), Mail = new(1, 2), Other = new(2, 3);

    private sealed class Book : IQuotaBook
    {
        public QuotaFacts Facts { get; set; }
        public bool IsBroken { get; set; }

        public Task<QuotaFacts> ReadAsync(IngestLane lane, CancellationToken stop) =>
            IsBroken ? Task.FromException<QuotaFacts>(new IOException("no store")) : Task.FromResult(lane.Tenant == 1 ? Facts : default);
    }

    private static Quotas New(Book book, TimeProvider clock) => new(book, clock, NullLogger<Quotas>.Instance);

    private static ValueTask<bool> EnterAsync(Quotas quotas, IngestLane lane) => quotas.EnterAsync(lane, TimeSpan.Zero, CancellationToken.None);

    private static void Count(Quotas quotas, IngestLane lane, int records, int length = 10)
    {
        for (var i = 0; i < records; i++) quotas.Count(lane, length);
    }

    [Fact]
    public async Task A_source_may_burst_for_ten_seconds_and_then_goes_at_its_rate()
    {
        var clock = new HandClock();
        var quotas = New(new Book { Facts = new QuotaFacts(default, new QuotaLimits(100, 0), 0, 0) }, clock);
        Assert.True(await EnterAsync(quotas, Web));
        Count(quotas, Web, 1000);
        Assert.False(await EnterAsync(quotas, Web));
        Assert.True(await EnterAsync(quotas, Mail));
        Count(quotas, Web, 400); // what was under way still went in, and is owed
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.False(await EnterAsync(quotas, Web));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await EnterAsync(quotas, Web));
        Assert.InRange(quotas.RetryAfterSeconds(Web), 1, 1);
    }

    [Fact]
    public async Task A_day_of_bytes_is_shared_by_the_sources_of_a_tenant_and_begins_anew_at_midnight()
    {
        var clock = new HandClock();
        clock.Advance(clock.GetUtcNow().Date.AddDays(1).AddHours(20) - clock.GetUtcNow().UtcDateTime);
        var book = new Book { Facts = new QuotaFacts(new QuotaLimits(0, 1000), default, 600, 0) };
        var quotas = New(book, clock);
        Assert.True(await EnterAsync(quotas, Web));
        Count(quotas, Web, 1, 300);
        Assert.True(await EnterAsync(quotas, Mail));
        Count(quotas, Mail, 1, 200);
        Assert.False(await EnterAsync(quotas, Web));
        Assert.False(quotas.HasRoom(Mail));
        Assert.True(await EnterAsync(quotas, Other));
        Assert.InRange(quotas.RetryAfterSeconds(Web), 3 * 3600, 4 * 3600);
        book.Facts = new QuotaFacts(new QuotaLimits(0, 1000), default, 0, 0);
        clock.Advance(TimeSpan.FromHours(4.1));
        Assert.True(await EnterAsync(quotas, Web));
        Assert.Equal(0, (await quotas.FactsAsync(Web, CancellationToken.None)).TenantBytes);
    }

    [Fact]
    public async Task A_bound_that_is_lifted_or_set_holds_within_ten_seconds_and_one_that_cannot_be_read_stays()
    {
        var clock = new HandClock();
        var book = new Book { Facts = new QuotaFacts(default, new QuotaLimits(0, 100), 0, 0) };
        var quotas = New(book, clock);
        Count(quotas, Web, 10, 20);
        Assert.False(await EnterAsync(quotas, Web));
        (book.IsBroken, book.Facts) = (true, default);
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.False(await EnterAsync(quotas, Web));
        book.IsBroken = false;
        clock.Advance(TimeSpan.FromSeconds(11));
        Assert.True(await EnterAsync(quotas, Web));
    }

    [Theory]
    [InlineData("/ingest/raw?source=web", 429, "quota"), InlineData("/ingest/elastic/web/_bulk", 429, "quota"), InlineData("/ingest/otlp/v1/logs", 429, "as much as it may")]
    [InlineData("/ingest/splunk/services/collector/event", 503, "busy")]
    public async Task A_request_beyond_the_quota_is_told_to_come_back_and_counted(string path, int status, string said)
    {
        await using var server = await IngestServer.StartAsync();
        server.Lookups.Quota = lane => lane.Tenant == 1 ? new QuotaFacts(new QuotaLimits(0, 10), default, 0, 0) : default;
        using (var first = await server.PostAsync("/ingest/raw?source=web", "more than ten bytes\n"u8.ToArray())) Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent("{}"u8.ToArray()) };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer good-1");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        using var answer = await server.Http.SendAsync(request);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.True(answer.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.Contains(said, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(new() { [IngestRefusal.Quota] = 1 }, await server.RefusalsAsync(1));
        using var other = await server.PostAsync("/ingest/raw?source=web", "another tenant's\n"u8.ToArray(), "Bearer good-2");
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task A_datagram_is_refused_and_counted_and_a_connection_waits()
    {
        var clock = new HandClock();
        await using var server = await IngestServer.StartAsync(clock: clock);
        server.Lookups.Quota = _ => new QuotaFacts(default, new QuotaLimits(1, 0), 0, 0);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(server.Tcp, TestContext.Current.CancellationToken);
        tcp.GetStream().Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 30).Select(i => $"<13>line {i}\n"))));
        Assert.Equal(30, (await server.ReadAsync(30)).Count);
        using var udp = new UdpClient();
        await udp.SendAsync("<13>too much"u8.ToArray(), server.Udp, TestContext.Current.CancellationToken);
        Assert.Equal(new() { [IngestRefusal.Quota] = 1 }, await server.RefusalsAsync(1));
        tcp.GetStream().Write("<13>waits\n"u8);
        clock.Advance(TimeSpan.FromSeconds(25));
        Assert.Equal("<13>waits", Encoding.UTF8.GetString((await server.ReadAsync(1))[0].Payload));
    }
}
