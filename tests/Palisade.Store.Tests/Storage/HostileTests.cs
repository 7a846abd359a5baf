using ClickHouse.Driver;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Store.Tests.Storage;

public sealed class HostileTests(SharedStore shared) : IClassFixture<SharedStore>
{
    private TestStore Store => shared.Value;

    public static TheoryData<string> Texts { get; } =
    [
        "'; DROP TABLE events; --", "' OR 1=1 --", "\\", "\\'", "a\\nb", "a\nb\tc\rd", "%_%", "{tenant:UInt32}", "/*x*/", "`", "\"q\"", "\\N", "NULL", "[1,2]",
        "a\0b", "\u0001\u001f\u007f", "日本語 ‮abc", "😀", "x FORMAT Null", "--\n;", "' SETTINGS additional_table_filters={} --", "@@", "\uFFFD",
    ];

    [Theory, MemberData(nameof(Texts))]
    public async Task Text_of_attackers_is_stored_found_and_never_run(string text)
    {
        var tenant = SharedStore.NewTenant();
        var vendor = FieldNames.GetOrAdd("vendor." + text);
        Assert.NotEqual(0, vendor);
        await Store.Store.InsertAsync(Samples.Event(tenant, "before " + text + " after", (Fields.UserName, text), (Fields.UrlPath, text), (vendor, text)), $"hostile-{tenant}", CancellationToken.None);
        await Store.Store.InsertAsync(Samples.Event(tenant, "calm", (Fields.UserName, "calm")), $"calm-{tenant}", CancellationToken.None);
        EventFilter[] filters =
        [
            new("user.name", FilterOperator.Equal, text), new("url.path", FilterOperator.StartsWith, text), new("url.path", FilterOperator.Contains, text),
            new("vendor." + text, FilterOperator.Equal, text), new("vendor." + text, FilterOperator.Exists),
        ];
        foreach (var filter in filters)
        {
            var found = await Store.Queries.SearchAsync(tenant, new EventSearch(Samples.Whole) { Filters = [filter] }, CancellationToken.None);
            var row = Assert.Single(found);
            Assert.Equal(text, row.Fields["user.name"]);
            Assert.Equal(text, row.Fields["vendor." + text]);
            Assert.Equal("before " + text + " after", row.RawText);
        }
        Assert.Single(await Store.Queries.SearchAsync(tenant, new EventSearch(Samples.Whole) { Words = [text] }, CancellationToken.None));
        Assert.Empty(await Store.Queries.FindingsOfAlertAsync(tenant, Samples.Whole, text, "", text, 10, CancellationToken.None));
        Assert.Equal(2, await Store.Queries.CountAsync(tenant, new EventSearch(Samples.Whole), CancellationToken.None));
    }

    [Theory]
    [InlineData("SELEC 1", 62)]
    [InlineData("SELECT * FROM nowhere", 60)]
    [InlineData("SELECT nothing FROM events", 47)]
    [InlineData("SELECT * FROM file('/etc/hostname', LineAsString)", 497)]
    [InlineData("SELECT * FROM url('http://192.0.2.1/', LineAsString)", 497)]
    [InlineData("CREATE USER other", 497)]
    [InlineData("SELECT 1; SELECT 2", 62)]
    public async Task The_engines_refusals_reach_the_caller_with_their_code(string sql, int code)
    {
        var refused = await Assert.ThrowsAsync<ClickHouseServerException>(() => Store.Client.ExecuteAsync(sql, CancellationToken.None));
        Assert.Equal(code, refused.ErrorCode);
        Assert.Equal(1, await Store.NumberAsync("SELECT 1"));
    }

    [Fact]
    public async Task A_block_cut_off_is_refused_and_stores_nothing()
    {
        var tenant = SharedStore.NewTenant();
        var block = Samples.Blocks(Samples.Run(tenant, 500).Events)[0].Encode(new());
        using var half = new MemoryStream(block.Array!, block.Offset, block.Count / 2);
        await Assert.ThrowsAsync<ClickHouseServerException>(() => Store.Client.InsertAsync("INSERT INTO events FORMAT Native", half, new Dictionary<string, object>(), CancellationToken.None));
        Assert.Equal(0, await Store.Queries.CountAsync(tenant, new EventSearch(Samples.Whole), CancellationToken.None));
    }

    [Fact]
    public async Task A_query_over_its_memory_ends_with_an_error_and_the_store_lives_on()
    {
        var pid = Store.State.ProcessId;
        var refused = await Assert.ThrowsAsync<ClickHouseServerException>(() => Store.Client.ExecuteAsync("SELECT length(groupArray(toString(number))) FROM numbers(20000000)", CancellationToken.None));
        Assert.Equal(241, refused.ErrorCode);
        Assert.Equal(1, await Store.NumberAsync("SELECT 1"));
        Assert.Equal(pid, Store.State.ProcessId);
    }

    [Fact]
    public async Task Addresses_of_both_kinds_are_found_and_what_only_looks_like_one_is_no_error()
    {
        var tenant = SharedStore.NewTenant();
        await Store.Store.InsertAsync(Samples.Event(tenant, "six", (Fields.SourceIp, "2001:db8::7")), $"six-{tenant}", CancellationToken.None);
        await Store.Store.InsertAsync(Samples.Event(tenant, "four", (Fields.SourceIp, "192.0.2.7")), $"four-{tenant}", CancellationToken.None);
        await Store.Store.InsertAsync(Samples.Event(tenant, "none", (Fields.SourceIp, "192.0.2.300")), $"none-{tenant}", CancellationToken.None);
        foreach (var (value, expected) in new (string, string[])[]
        {
            ("2001:db8::7", ["six"]), ("2001:DB8:0:0::7", ["six"]), ("2001:db8::/32", ["six"]), ("192.0.2.7", ["four"]), ("192.0.2.9/24", ["four"]),
            ("192.0", []), ("1", []), ("0x7f.1", []), ("fe80::1%eth0", []), ("192.0.2.0/33", []), ("192.0.2.0/-1", []), ("192.0.2.0/", []), ("/24", []), ("", []),
        })
        {
            var found = await Store.Queries.SearchAsync(tenant, new EventSearch(Samples.Whole) { Filters = [new("source.ip", FilterOperator.Equal, value)] }, CancellationToken.None);
            Assert.Equal(expected, found.Select(e => e.RawText));
            var others = await Store.Queries.CountAsync(tenant, new EventSearch(Samples.Whole) { Filters = [new("source.ip", FilterOperator.NotEqual, value)] }, CancellationToken.None);
            Assert.Equal(3 - expected.Length, others);
            Assert.Empty(await Store.Queries.FindingsOfAlertAsync(tenant, Samples.Whole, "any", value.Length == 0 ? "1" : value, "", 10, CancellationToken.None));
        }
        var kept = await Store.Queries.SearchAsync(tenant, new EventSearch(Samples.Whole) { Words = ["none"] }, CancellationToken.None);
        Assert.Equal("192.0.2.300", Assert.Single(kept).Fields["source.ip"]); // no address, and still not lost
    }

    [Fact]
    public async Task A_query_given_up_by_its_caller_is_stopped()
    {
        const string Slow = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1";
        const string Running = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number) = 1%' AND query NOT LIKE '%system.processes%'";
        using var give = new CancellationTokenSource();
        var query = Store.Client.ScalarAsync(Slow, give.Token);
        await UntilRunningAsync(1);
        await give.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        await UntilRunningAsync(0);

        async Task UntilRunningAsync(long wanted)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (await Store.NumberAsync(Running) != wanted) limit.Token.ThrowIfCancellationRequested();
        }
    }
}
