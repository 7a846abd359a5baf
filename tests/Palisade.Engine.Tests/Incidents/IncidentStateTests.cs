using System.Globalization;
using Palisade.Engine.Incidents;

namespace Palisade.Engine.Tests.Incidents;

public sealed class IncidentStateTests
{
    private static SiteLog Busy()
    {
        var log = new SiteLog().People(300);
        for (var p = 0; p < 40; p++)
            for (var i = 0; i < 5; i++) log.Post(100 + i * 1_100 + p * 17, $"203.0.113.{p}", "/passport/doLogin", 200, 58);
        for (var i = 0; i < 40; i++) log.Get(2_900 + i * 8, "198.51.100.5", $"/goods/list?page=1%27%20OR%20{i}%3D{i}--", 200, 9_000, agent: "sqlmap/1.7");
        for (var i = 0; i < 9; i++) log.Get(1_000 + i * 600, $"198.51.100.{20 + i % 3}", $"/.env{i}/.git/config", 404, 548, agent: "-");
        for (var i = 0; i < 30; i++) log.Get(900 + i * 150, $"192.88.99.{i * 7 % 30}", "/passport/page.html?back=%3Cscript%3Ealert(1)%3C/script%3E", i % 2 == 0 ? 200 : 403, 9_000).Get(901 + i * 150, $"{60 + i}.1.2.3", "/api/orders?orderId=1%3Bcat%20/etc/passwd", 200, 640);
        for (var i = 0; i < 25; i++) log.Get(700 + i, "192.88.99.3", $"/gone{(char)('a' + i)}/x.html", 404, 548, agent: "curl/8");
        return log;
    }

    private static string Told(IEnumerable<Incident> incidents) => string.Join('\n', incidents.Select(i => string.Create(CultureInfo.InvariantCulture,
        $"{i.Id} {i.Class} {i.Level} {i.Outcome} {i.Count} {i.FirstMs} {i.LastMs} {string.Join(',', i.Sources.Select(s => s.Address))} {string.Join(',', i.Sequences)} {IncidentText.Summary(i, SiteLog.Words, chinese: true)}")));

    [Fact]
    public void The_same_lines_tell_the_same_whatever_the_batches_and_restarts()
    {
        var lines = Busy().Lines;
        var whole = Told(SiteLog.Run(lines, SiteLog.NewPipeline(), 1, []));
        Assert.NotEmpty(whole);
        foreach (var cut in new[] { 1, 777, lines.Count / 2, lines.Count - 5 })
        {
            var seen = new Dictionary<string, Incident>(StringComparer.Ordinal);
            var first = SiteLog.NewPipeline();
            SiteLog.Run([.. lines.Take(cut)], first, 1, seen);
            var state = new MemoryStream();
            first.SaveState(state);
            var second = SiteLog.NewPipeline();
            state.Position = 0;
            second.LoadState(state);
            Assert.Equal(state.Length, state.Position);
            Assert.Equal(whole, Told(SiteLog.Run([.. lines.Skip(cut)], second, (ulong)cut + 1, seen)));
        }
    }

    [Fact]
    public void The_same_findings_come_however_the_lines_are_cut_into_batches()
    {
        // One second in which many visit and four attack one page and look for others: rules, correlations and habits speak of the same addresses.
        var log = new SiteLog();
        for (var n = 0; n < 4_000; n++)
        {
            if (n % 10 == 0) log.Get(60, $"203.0.113.{n / 10 % 4}", $"/item?id={n}%27%20UNION%20SELECT%20password%20FROM%20users--", 403, 300, agent: "curl/8.5.0");
            else if (n % 10 == 5) log.Get(60, $"203.0.113.{n / 10 % 4}", $"/old-{n}/", 404, 548, agent: "curl/8.5.0");
            else log.Get(60, $"192.0.2.{n % 90}", "/", agent: SiteLog.Phone);
        }
        var whole = Found(log.Lines, EventBatch.MaxEvents);
        Assert.Contains(whole, f => f.StartsWith("behaviour.", StringComparison.Ordinal));
        Assert.DoesNotContain(whole, f => f.EndsWith(long.MaxValue.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        foreach (var size in new[] { 1, 13, 250, 1_999 }) Assert.Equal(whole, Found(log.Lines, size));
    }

    private static List<string> Found(IReadOnlyList<string> lines, int batch)
    {
        var found = new List<string>();
        SiteLog.Run(lines, SiteLog.NewPipeline(), 1, batch, p =>
        {
            foreach (ref readonly var f in p.Findings.Items)
                found.Add(string.Create(CultureInfo.InvariantCulture, $"{f.Rule.Id} {p.Events.Header(f.Event).Sequence} {f.Outcome} {f.Firing?.Count} {f.Firing?.WindowStartMs}"));
        });
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    [Fact]
    public void A_state_that_is_written_again_is_the_same_state()
    {
        var pipeline = SiteLog.NewPipeline();
        SiteLog.Run(Busy().Lines, pipeline, 1, []);
        var once = new MemoryStream();
        pipeline.SaveState(once);
        var other = SiteLog.NewPipeline();
        once.Position = 0;
        other.LoadState(once);
        var twice = new MemoryStream();
        other.SaveState(twice);
        Assert.Equal(once.ToArray(), twice.ToArray());
    }

    [Fact]
    public void A_state_cut_short_is_refused()
    {
        var pipeline = SiteLog.NewPipeline();
        SiteLog.Run(Busy().Lines, pipeline, 1, []);
        var state = new MemoryStream();
        pipeline.SaveState(state);
        Assert.Throws<InvalidDataException>(() => SiteLog.NewPipeline().LoadState(new MemoryStream(state.ToArray()[..^9])));
    }

    [Fact]
    public void A_flood_of_names_and_addresses_stays_within_bounds_and_hides_nothing()
    {
        var log = new SiteLog().People(300);
        for (var i = 0; i < 120_000; i++) log.Get(i * 0.06, $"{11 + i % 80}.{i / 251 % 256}.{i % 251}.{i % 199}", $"/x{(char)('a' + i % 26)}/{(char)('a' + i / 26 % 26)}{(char)('a' + i / 676 % 26)}q{(char)('a' + i / 17_576)}", 404, 548, agent: "a" + i);
        for (var p = 0; p < 30; p++)
            for (var i = 0; i < 6; i++) log.Post(100 + i * 1_000 + p * 11, $"203.0.113.{p}", "/passport/doLogin", 200, 58);
        var incidents = log.Run();
        Assert.Contains(incidents, i => i.Class == "credential_stuffing");
        Assert.InRange(incidents.Count, 1, 3);
    }

    [Fact]
    public void Text_says_what_from_where_whether_it_worked_and_what_to_do()
    {
        var incident = Busy().Run().Single(i => i.Class == "sqli");
        var (title, told) = (IncidentText.Title(incident, SiteLog.Words, chinese: false), IncidentText.Summary(incident, SiteLog.Words, chinese: true));
        Assert.Contains("198.51.100.5", title, StringComparison.Ordinal);
        Assert.Contains("/goods/list", title, StringComparison.Ordinal);
        Assert.Contains("SQL 注入", told, StringComparison.Ordinal);
        Assert.Contains("处置建议", told, StringComparison.Ordinal);
    }
}
