using Palisade.Engine.Incidents;
using Palisade.Engine.Incidents.Anomalies;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;
using static Palisade.Engine.Tests.Incidents.Anomalies.HostLog;

namespace Palisade.Engine.Tests.Incidents.Anomalies;

public sealed class AnomalyTests
{
    private static HostLog Weeks() => new HostLog().Weeks();

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public void Quiet_weeks_have_no_anomaly(int seed) => Assert.Empty(new HostLog().Weeks(21, seed).Run());

    private static HostLog Beacon(HostLog log, double from, double gap, double jitter, int beats, int seed = 7)
    {
        var chance = new Random(seed);
        var t = from;
        for (var i = 0; i < beats; i++, t += gap * (1 + jitter * (2 * chance.NextDouble() - 1))) log.Flow(t, "10.0.0.3", "185.10.20.30", 900 + chance.Next(40));
        return log;
    }

    [Theory]
    [InlineData(60, 0, 500)]
    [InlineData(300, 0.1, 100)]
    [InlineData(900, 0.3, 60)]
    [InlineData(3_600, 0.2, 49)]
    public void A_machine_that_calls_a_new_place_in_a_beat_is_told(double gap, double jitter, int beats) =>
        Assert.Contains("behaviour.beacon_new 10.0.0.3 185.10.20.30", Beacon(Weeks(), 10 * Day, gap, jitter, beats).Run());

    [Fact]
    public void A_beat_since_the_first_day_is_context_only() =>
        Assert.All(Beacon(new HostLog().Weeks(), 60, 300, 0.1, 2_000).Run(), f => Assert.StartsWith("behaviour.beacon 10.0.0.3", f, StringComparison.Ordinal));

    [Fact]
    public void People_who_come_back_a_place_that_all_go_to_time_servers_and_inner_hosts_are_no_beacons()
    {
        var chance = new Random(3);
        var log = Weeks();
        for (double t = 9 * Day; t < 11 * Day; t += -Math.Log(1 - chance.NextDouble()) * 300) log.Flow(t, "10.0.0.3", "185.10.20.30", 900);
        for (var i = 0; i < 300; i++)
        {
            for (var h = 0; h < 6; h++) log.Flow(9 * Day + i * 300 + h, $"10.0.0.{h}", "185.77.1.1", 900);
            log.Flow(9 * Day + i * 300, "10.0.0.2", "10.0.0.5", 900).Flow(9 * Day + i * 300, "10.0.0.2", "185.1.1.1", 76, 123).Flow(9 * Day + i * 300, "203.0.113.5", "10.0.0.2", 800);
        }
        Assert.Empty(log.Run());
    }

    [Fact]
    public void Names_asked_for_in_a_beat_are_taken_by_what_somebody_registered()
    {
        var log = Weeks();
        for (var i = 0; i < 100; i++) log.Add(9 * Day + i * 600, $"dns 10.0.0.4 a{i}x.cdn-sync.com.cn.");
        for (var i = 0; i < 100; i++) log.Add(9 * Day + i * 600, "dns 10.0.0.4 db.cluster.internal");
        Assert.Contains("behaviour.beacon_new 10.0.0.4 cdn-sync.com.cn", log.Run());
    }

    [Fact]
    public void Two_countries_within_hours_are_a_journey_too_fast()
    {
        var log = Weeks().LogIn(21.5 * Day, "user3", "36.1.3.9").LogIn(21.5 * Day + 2 * Hour, "user3", "185.5.5.5", "BR", 28573);
        Assert.Equal(["behaviour.travel user3 185.5.5.5"], log.Run());
    }

    [Theory]
    [InlineData("JP", 3 * Hour)]      // reachable
    [InlineData("BR", 40 * Hour)]     // long enough
    [InlineData("??", 1 * Hour)]      // nobody knows where
    public void A_journey_that_can_be_made_is_no_anomaly_of_speed(string country, double after) =>
        Assert.DoesNotContain(Weeks().LogIn(18.5 * Day, "user3", "36.1.3.9").LogIn(18.5 * Day + after, "user3", "185.5.5.5", country, 28573).Run(), f => f.StartsWith("behaviour.travel", StringComparison.Ordinal));

    [Fact]
    public void The_companys_exit_abroad_and_a_habit_of_two_places_are_no_journeys()
    {
        var log = Weeks();
        for (var d = 0; d < 20; d++)
            for (var u = 0; u < 8; u++) log.LogIn(d * Day + 13 * Hour + u * 60, $"user{u}", "52.1.1.1", "US", 16509);
        // Until it is known that everybody goes that way, the first day may be odd.
        Assert.InRange(log.Run().Count(f => f.StartsWith("behaviour.travel", StringComparison.Ordinal)), 0, 4);
    }

    [Fact]
    public void The_first_log_in_from_a_country_is_context_after_a_week_of_others()
    {
        Assert.Equal(["behaviour.new_country user4 151.5.5.5"], Weeks().LogIn(25 * Day, "user4", "151.5.5.5", "IT", 3269).Run());
        Assert.Empty(new HostLog().Weeks(3).LogIn(6 * Day, "user4", "151.5.5.5", "IT", 3269).Run());
    }

    [Fact]
    public void A_network_that_nobody_uses_is_context()
    {
        Assert.Equal(["behaviour.new_network user4 47.5.5.5"], Weeks().LogIn(22 * Day, "user4", "47.5.5.5", "CN", 37963).Run());
        Assert.Empty(Weeks().LogIn(22 * Day, "user4", "36.5.5.5", "CN", 4136).Run());
    }

    [Fact]
    public void Names_tried_slowly_from_one_address_are_spraying()
    {
        var log = Weeks();
        for (var i = 0; i < 30; i++) log.LogIn(20 * Day + i * 40 * 60, $"staff{i}", "185.5.5.5", "NL", 60068, failed: true);
        Assert.Equal(["behaviour.slow_spraying 185.5.5.5"], log.Run());
    }

    [Fact]
    public void An_office_where_many_mistype_and_a_user_who_forgot_are_no_spraying()
    {
        var log = Weeks();
        for (var i = 0; i < 40; i++) log.LogIn(20 * Day + i * 900, $"staff{i}", "121.9.8.7", failed: true).LogIn(20 * Day + i * 900 + 30, $"staff{i}", "121.9.8.7", network: 4837);
        for (var i = 0; i < 40; i++) log.LogIn(20 * Day + i * 900, "user5", "36.1.5.9", failed: true);
        Assert.Empty(log.Run());
    }

    [Fact]
    public void One_inner_machine_that_fails_at_host_after_host_goes_on_from_there()
    {
        var log = Weeks();
        for (var i = 0; i < 7; i++) log.LogIn(20 * Day + i * 600, "root", "10.0.0.3", "-", 0, $"db-{i}", failed: true);
        Assert.Equal(["behaviour.inner_sweep 10.0.0.3"], log.Run());
        var outer = Weeks();
        for (var i = 0; i < 10; i++) outer.LogIn(20 * Day + i * 600, "root", "185.5.5.5", "NL", 60068, $"db-{i}", failed: true);
        Assert.Equal(["behaviour.host_sweep 185.5.5.5"], outer.Run());
    }

    [Fact]
    public void A_new_child_of_an_old_program_is_context()
    {
        Assert.Equal(["behaviour.new_child web-1 nginx python3"], Weeks().Add(20 * Day, "exec web-1 /usr/sbin/nginx /usr/bin/python3").Run());
        Assert.Empty(Weeks().Add(20 * Day, "exec web-1 /bin/bash /usr/bin/whatever").Add(20 * Day, "exec web-1 /usr/bin/seldom /usr/bin/python3").Run());
    }

    [Fact]
    public void Another_client_of_a_programs_account_is_context_and_a_new_release_is_not()
    {
        Assert.Equal(["behaviour.new_agent deploy 185.5.5.5 Boto3/1.26"], Weeks().Add(20 * Day, "call deploy 185.5.5.5 \"Boto3/1.26\"").Run());
        Assert.Empty(Weeks().Add(20 * Day, "call deploy 185.5.5.5 \"aws-cli/3.0 Python/4\"").Run());
    }

    [Fact]
    public void The_same_is_found_whatever_the_batches_and_restarts()
    {
        var log = Beacon(Weeks(), 10 * Day, 300, 0.2, 100).LogIn(21.5 * Day, "user3", "36.1.3.9").LogIn(21.5 * Day + 2 * Hour, "user3", "185.5.5.5", "BR", 28573).Add(20 * Day, "exec web-1 /usr/sbin/nginx /usr/bin/python3");
        for (var i = 0; i < 30; i++) log.LogIn(19 * Day + i * 40 * 60, $"staff{i}", "185.6.6.6", "NL", 60068, failed: true);
        var whole = log.Run();
        Assert.True(whole.Count >= 4, string.Join('\n', whole));
        foreach (var cut in new[] { 1, log.Count / 2, log.Count - 40 })
        {
            var first = NewPipeline();
            var found = log.Run(first, 0, cut, 511);
            var state = new MemoryStream();
            first.SaveState(state);
            var second = NewPipeline();
            state.Position = 0;
            second.LoadState(state);
            var again = new MemoryStream();
            second.SaveState(again);
            Assert.Equal(state.ToArray(), again.ToArray());
            Assert.Equal(whole, found.Concat(log.Run(second, cut, int.MaxValue, 97)));
        }
    }

    [Fact]
    public void A_flood_of_names_and_addresses_stays_within_bounds_and_a_day_has_its_fill()
    {
        var log = Beacon(Weeks(), 10 * Day, 300, 0.1, 200);
        for (var i = 0; i < 150_000; i++) log.LogIn(9 * Day + i, $"u{i}", $"{11 + i % 80}.{i / 251 % 256}.{i % 251}.{i % 199}", "NL", i, $"h{i}", failed: i % 2 == 0).Flow(9 * Day + i, "10.0.0.9", $"{11 + i % 80}.{i / 251 % 256}.{i % 251}.7", i);
        var pipeline = NewPipeline();
        var found = log.Run(pipeline, 0, int.MaxValue);
        Assert.Contains("behaviour.beacon_new 10.0.0.3 185.10.20.30", found);
        Assert.InRange(found.Count, 1, 60);
        var state = new MemoryStream();
        pipeline.SaveState(state);
        Assert.InRange(state.Length, 1, 24 << 20);
    }

    [Fact]
    public void A_way_between_countries_is_counted_from_their_nearest_ends()
    {
        var (beijing, brasilia, tokyo) = (new CountryPlace(35, 104, 2_300), new CountryPlace(-12, -51, 2_200), new CountryPlace(36, 138, 1_100));
        Assert.InRange(CountryPlace.Kilometres(beijing, brasilia), 11_000, 13_000);
        Assert.Equal(0, CountryPlace.Kilometres(beijing, tokyo));
        Assert.Equal(0, CountryPlace.Kilometres(beijing, beijing));
    }

    [Fact]
    public void An_anomaly_is_switched_off_given_a_level_and_muted_by_each_tenant()
    {
        const string Travel = "behaviour.travel", Told = "behaviour.travel user3 185.5.5.5";
        HostLog Journey() => Weeks().LogIn(21.5 * Day, "user3", "36.1.3.9").LogIn(21.5 * Day + 2 * Hour, "user3", "185.5.5.5", "BR", 28573);
        Assert.DoesNotContain(Told, Run(Journey(), new Dictionary<string, RuleSetting> { [Travel] = new(false, null) }, [], out _));

        Assert.Contains(Told, Run(Journey(), new Dictionary<string, RuleSetting> { [Travel] = new(true, FindingLevel.Critical) }, [], out var serious));
        Assert.Contains(serious.SelectMany(i => i.Steps), s => s.Rule.Id == Travel && s.Rule.Level == FindingLevel.Critical);

        Assert.Equal(MuteProblem.None, Mute.TryCompile(1, [new MuteCondition(Mute.RuleField, MuteTest.Is, Travel), new MuteCondition("user.name", MuteTest.Is, "user3")], long.MaxValue, 1, out var mute));
        Assert.Contains(Told, Run(Journey(), new Dictionary<string, RuleSetting> { [Travel] = new(true, FindingLevel.Critical) }, [mute!], out var muted));
        Assert.DoesNotContain(muted.SelectMany(i => i.Steps), s => s.Rule.Id == Travel);
    }

    private static List<string> Run(HostLog log, Dictionary<string, RuleSetting> settings, IReadOnlyList<Mute> mutes, out IReadOnlyList<Incident> incidents)
    {
        var pipeline = NewPipeline();
        pipeline.Policy.Policies = TenantPolicies.Empty.With(1, new TenantPolicy(settings, mutes, null));
        // All but the last line in one go, then that alone: what it changed stays to be looked at.
        var found = log.Run(pipeline, 0, log.Count - 1);
        found.AddRange(log.Run(pipeline, log.Count - 1, 1));
        incidents = [.. pipeline.Incidents.Changed];
        return found;
    }
}
