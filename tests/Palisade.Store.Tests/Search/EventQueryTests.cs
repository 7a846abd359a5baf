using CsCheck;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Search;
using Palisade.Server.Storage;
using Palisade.Store.Tests.Storage;

namespace Palisade.Store.Tests.Search;

/// <summary>The search language on the real store: what a query finds against what the engine's batch holds.</summary>
public sealed class EventQueryTests(SharedStore shared) : IClassFixture<SharedStore>, IAsyncLifetime
{
    private const int Count = 400;
    private readonly uint tenant = SharedStore.NewTenant();
    private Pipeline run = null!;

    public async ValueTask InitializeAsync()
    {
        run = Samples.Run(tenant, Count);
        await Samples.StoreAsync(shared.Value, run, $"search-{tenant}");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<long> FindAsync(string query)
    {
        var (condition, problem) = EventQuery.Parse(query);
        Assert.Null(problem);
        return await shared.Value.Queries.CountAsync(tenant, new EventSearch(Samples.Whole) { Condition = condition }, CancellationToken.None);
    }

    private int Having(Func<Func<ushort, string>, bool> holds) => Enumerable.Range(0, Count).Count(i => holds(field => run.Events.GetString(i, field)));

    [Fact]
    public async Task Terms_find_what_the_batch_holds()
    {
        var status = (Func<ushort, string> f) => f(Fields.HttpResponseStatusCode);
        Assert.Equal(Count, await FindAsync(""));
        Assert.Equal(Having(f => f(Fields.SourceIp) == "203.0.113.7"), await FindAsync("source.ip:203.0.113.7"));
        Assert.Equal(Having(f => f(Fields.SourceIp) != ""), await FindAsync("source.ip:203.0.113.0/24"));
        Assert.Equal(Having(f => f(Fields.SourceIp) != ""), await FindAsync("source.ip:*"));
        Assert.Equal(Having(f => f(Fields.SourceIp) == ""), await FindAsync("NOT source.ip:*"));
        Assert.Equal(Having(f => status(f) is "403" or "404"), await FindAsync("http.response.status_code:>=400"));
        Assert.Equal(Having(f => status(f) is "404"), await FindAsync("http.response.status_code:>403"));
        Assert.Equal(Having(f => status(f) is "200" or "403"), await FindAsync("http.response.status_code:[100 TO 403]"));
        Assert.Equal(Having(f => status(f) is "200" or "404"), await FindAsync("http.response.status_code:(200 OR 404)"));
        Assert.Equal(Having(f => status(f) is "200" or "404"), await FindAsync("http.response.status_code:(200 404)"));
        Assert.Equal(Having(f => status(f) is "403" or "404"), await FindAsync("http.response.status_code:[400 TO *]"));
        Assert.Equal(Count / 10, await FindAsync("user.name:ADMIN*"));
        Assert.Equal(Having(f => f(Fields.UserName) == "deploy"), await FindAsync("user.name:dep?oy"));
        Assert.Equal(0, await FindAsync("user.name:Deploy"));
        Assert.Equal(Count / 10, await FindAsync("\"nobody knows this\""));
        Assert.Equal(Count / 10, await FindAsync("message:\"nobody knows\""));
        Assert.Equal(Count / 10, await FindAsync("url.original:/item?id=*UNION*"));
    }

    [Fact]
    public async Task Words_are_joined_by_and_or_not_and_parentheses()
    {
        Assert.Equal(Count / 10, await FindAsync("sshd Failed"));
        Assert.Equal(Count / 10, await FindAsync("sshd AND Failed"));
        Assert.Equal(2 * Count / 10, await FindAsync("Failed OR Accepted"));
        Assert.Equal(Count / 10, await FindAsync("sshd NOT Failed"));
        Assert.Equal(3 * Count / 10, await FindAsync("sshd Failed OR Accepted OR nobody"));
        Assert.Equal(2 * Count / 10, await FindAsync("sshd (Failed OR Accepted OR nobody)"));
        Assert.Equal(Count / 10, await FindAsync("NOT NOT Failed"));
        Assert.Equal(8 * Count / 10, await FindAsync("NOT (Failed OR Accepted)"));
    }

    [Theory]
    [InlineData("source.ip:", 11)]
    [InlineData("a AND", 6)]
    [InlineData("(a OR b", 8)]
    [InlineData("a ) b", 3)]
    [InlineData("user.name:\"never closed", 24)]
    [InlineData("status:[200 300]", 13)]
    [InlineData("@timestamp:2026", 1)]
    [InlineData("OR a", 1)]
    public void A_mistake_has_its_column(string query, int column)
    {
        var (condition, problem) = EventQuery.Parse(query);
        Assert.Null(condition);
        Assert.Equal(column, problem!.Column);
        Assert.NotEmpty(problem.Message);
    }

    [Fact]
    public void A_query_is_bounded_in_length_depth_and_terms()
    {
        Assert.NotNull(EventQuery.Parse(new string('a', EventQuery.MaxLength + 1)).Problem);
        Assert.Equal(EventQuery.MaxDepth + 1, EventQuery.Parse(new string('(', 2000) + "a" + new string(')', 2000)).Problem!.Column);
        Assert.NotNull(EventQuery.Parse(string.Join(' ', Enumerable.Repeat("a", EventQuery.MaxTerms + 1))).Problem);
        Assert.Null(EventQuery.Parse(string.Join(' ', Enumerable.Repeat("a", EventQuery.MaxTerms))).Problem);
    }

    [Theory, MemberData(nameof(HostileTests.Texts), MemberType = typeof(HostileTests))]
    public async Task Text_of_attackers_is_found_as_it_is_and_never_run(string text)
    {
        var other = SharedStore.NewTenant();
        await shared.Value.Store.InsertAsync(Samples.Event(other, "before " + text + " after", (Fields.UserName, text)), $"hostile-{other}", CancellationToken.None);
        await shared.Value.Store.InsertAsync(Samples.Event(other, "calm", (Fields.UserName, "calm")), $"calm-{other}", CancellationToken.None);
        var phrase = "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
        var pattern = string.Concat(text.Select(c => "\\" + c));
        foreach (var query in new[] { phrase, "user.name:" + phrase, $"user.name:{pattern}*", $"NOT user.name:calm" })
        {
            var (condition, problem) = EventQuery.Parse(query);
            Assert.True(problem is null, $"{query}: {problem}");
            var row = Assert.Single(await shared.Value.Queries.SearchAsync(other, new EventSearch(Samples.Whole) { Condition = condition }, CancellationToken.None));
            Assert.Equal(text, row.Fields["user.name"]);
        }
    }

    [Fact]
    public void Any_text_is_read_or_refused() =>
        Gen.OneOf(Gen.String, Gen.OneOf("a", "AND", "OR", "NOT", "(", ")", "\"", "[", "TO", "]", "user.name:", ">=", "*", "\\", " ").Array[0, 40].Select(string.Concat)).Sample(text =>
        {
            var (condition, problem) = EventQuery.Parse(text);
            Assert.True(condition is null != problem is null);
            if (problem is not null) Assert.InRange(problem.Column, 1, text.Length + 1);
        }, iter: 5000);
}
