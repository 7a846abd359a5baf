using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>The same abuse from what an application says of itself, as lines of JSON.</summary>
public sealed class ActionTests
{
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 8, 0, 0, TimeSpan.Zero);
    private static readonly EngineSnapshot Content = Load();

    private readonly List<(double Second, string Line)> lines = [];

    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../content"));
        var files = new[] { "lookups/incidents", "sources/json" }.Select(f => Path.Combine(root, f)).SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories));
        return EngineContent.Load(files.Select(f => (Path.GetRelativePath(root, f).Replace('\\', '/'), File.ReadAllBytes(f))), out _, trusted: true);
    }

    private ActionTests Say(double second, string action, string ip, string subject, string result = "success", string name = "userId")
    {
        lines.Add((second, string.Create(CultureInfo.InvariantCulture, $$"""{"time":"{{Start.AddSeconds(second):yyyy-MM-ddTHH:mm:ssZ}}","action":"{{action}}","clientIp":"{{ip}}","{{name}}":"{{subject}}","result":"{{result}}"}""")));
        return this;
    }

    /// <summary>People who log in (some mistype once or thrice), order a code, register, take a bonus and look at their wallet.</summary>
    private ActionTests People(int people)
    {
        for (var p = 0; p < people; p++)
        {
            var (t, ip, user) = (p * 60.0, $"36.3.{p % 250}.{p / 250 + 1}", $"u{p}");
            for (var i = 0; i < (p % 40 == 0 ? 4 : p % 7 == 0 ? 1 : 0); i++) Say(t + i * 9, "user_login", ip, user, "fail");
            Say(t + 40, "user_login", ip, user);
            Say(t + 70, "wallet_view", ip, user);
            if (p % 5 == 0) Say(t + 100, "sms_send", ip, $"139{p:00000000}", name: "mobile").Say(t + 130, "member_register", ip, user).Say(t + 160, "coupon_take", ip, user);
        }
        return this;
    }

    private List<Incident> Run()
    {
        var (pipeline, seen, sequence) = (new Pipeline(Content, NoGeoLookup.Instance), new Dictionary<string, Incident>(), 0UL);
        foreach (var chunk in lines.OrderBy(l => l.Second).Chunk(EventBatch.MaxEvents))
        {
            foreach (var (_, line) in chunk) pipeline.Add(new RecordInfo(++sequence, Start.AddDays(60).ToUnixTimeMilliseconds(), 1, 0, pipeline.Snapshot.Parsers.IndexOf("json")), Encoding.UTF8.GetBytes(line));
            pipeline.Detect();
            foreach (var incident in pipeline.Incidents.Changed) seen[incident.Id] = incident;
            pipeline.Clear();
        }
        return [.. seen.Values];
    }

    private Incident Only(string attackClass)
    {
        var incidents = Run();
        Assert.True(incidents.Count == 1 && incidents[0].Class == attackClass, string.Join("; ", incidents.Select(i => $"{i.Class} {i.SourceCount} {string.Join(',', i.Targets)}")));
        return incidents[0];
    }

    [Fact]
    public void A_usual_day_has_no_incident() => Assert.Empty(new ActionTests().People(600).Run());

    [Fact]
    public void Many_addresses_with_another_account_each_time_are_stuffing()
    {
        People(600);
        for (var p = 0; p < 40; p++)
            for (var i = 0; i < 6; i++) Say(600 + i * 3_000 + p * 17, "user_login", $"203.0.113.{p}", $"x{p}_{i}", p == 5 && i == 4 ? "success" : "fail");
        var incident = Only("credential_stuffing");
        Assert.InRange(incident.SourceCount, 38, 42);
        Assert.Contains("/user_login", incident.Targets);
    }

    [Fact]
    public void An_account_an_address_is_stuffing_as_well()
    {
        People(600);
        for (var p = 0; p < 200; p++) Say(900 + p * 120, "user_login", $"203.0.113.{p}", $"x{p}", p == 77 ? "success" : "fail");
        Assert.InRange(Only("credential_stuffing").SourceCount, 150, 205);
    }

    [Fact]
    public void Codes_ordered_for_number_after_number_are_bombing()
    {
        People(600);
        for (var p = 0; p < 5; p++)
            for (var i = 0; i < 20; i++) Say(3_000 + i * 60 + p, "sms_send", $"198.51.100.{p}", $"138{p}{i:0000000}", i < 16 ? "success" : "limited", "mobile");
        Assert.Equal(5, Only("sms_abuse").SourceCount);
    }

    [Fact]
    public void A_log_of_codes_alone_shows_no_bombing()
    {
        for (var p = 0; p < 900; p++) Say(p * 40, "sms_send", $"36.3.{p % 250}.{p / 250 + 1}", $"139{p:00000000}", name: "mobile");
        Assert.Empty(Run());
    }

    [Fact]
    public void Bonus_after_bonus_by_one_address_is_farmed()
    {
        People(600);
        for (var i = 0; i < 40; i++) Say(5_000 + i * 60, "member_register", "203.0.113.9", $"f{i}").Say(5_020 + i * 60, "coupon_take", "203.0.113.9", $"f{i}");
        Assert.Equal("203.0.113.9", Only("coupon_abuse").Sources.First().Address);
    }

    [Fact]
    public void Log_ins_of_hosts_and_lines_without_an_address_are_no_requests()
    {
        lines.Add((1, """{"time":"2026-05-04T08:00:01Z","event.category":"authentication","event.action":"ssh_login","source.ip":"203.0.113.5","result":"fail"}"""));
        lines.Add((2, """{"time":"2026-05-04T08:00:02Z","action":"user login","result":"fail"}"""));
        lines.Add((3, """{"time":"2026-05-04T08:00:03Z","action":"user_login","ip":"nowhere","result":"fail"}"""));
        var pipeline = new Pipeline(Content, NoGeoLookup.Instance);
        foreach (var (second, line) in lines) pipeline.Add(new RecordInfo((ulong)second, Start.ToUnixTimeMilliseconds(), 1, 0, pipeline.Snapshot.Parsers.IndexOf("json")), Encoding.UTF8.GetBytes(line));
        pipeline.Detect();
        Assert.Empty(pipeline.Habits.Pages(1));
        Assert.Empty(pipeline.Habits.Seen);
    }
}
