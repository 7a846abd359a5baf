using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>Writes access log lines of a site that exists nowhere, people and machines, and runs the engine with the shipped content over them.</summary>
internal sealed class SiteLog
{
    public const string Chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    public const string Phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1";
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 8, 0, 0, TimeSpan.Zero);
    private static readonly EngineSnapshot Content = Load();

    private readonly List<(double Second, string Line)> lines = [];

    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../content"));
        var files = new[] { "lookups", "sources/nginx", "sources/sshd", "sources/syslog", "rules", "correlations" }
            .Select(f => Path.Combine(root, f)).Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories));
        return EngineContent.Load(files.Select(f => (Path.GetRelativePath(root, f).Replace('\\', '/'), File.ReadAllBytes(f))), out _, trusted: true);
    }

    public int Count => lines.Count;

    /// <summary>One request, so many seconds after the start.</summary>
    public SiteLog Get(double second, string ip, string target, int status = 200, int bytes = 9_000, string referrer = "-", string agent = Chrome, string method = "GET")
    {
        var time = Start.AddSeconds(second).ToString("dd/MMM/yyyy:HH:mm:ss +0000", CultureInfo.InvariantCulture);
        lines.Add((second, $"{ip} - - [{time}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referrer}\" \"{agent}\""));
        return this;
    }

    public SiteLog Post(double second, string ip, string target, int status = 200, int bytes = 80, string referrer = "-", string agent = Chrome) =>
        Get(second, ip, target, status, bytes, referrer, agent, "POST");

    /// <summary>People who look around, log in (a few mistype), ask for a code, register, pay and read their own orders; a provider that sends notices; a search engine.</summary>
    public SiteLog People(int people, double from = 0, double seconds = 7_200)
    {
        for (var p = 0; p < people; p++)
        {
            var ip = $"36.{p / 250 % 200}.{p % 250}.{7 + p % 5}";
            var agent = p % 3 == 0 ? Phone : Chrome;
            var t = from + seconds * p / people;
            const string Site = "https://shop.test/";
            Get(t, ip, "/", 200, 12_000 + p % 7 * 900, "-", agent);
            foreach (var asset in new[] { "/s/site.css", "/s/app.js", "/s/logo.png" }) Get(t + 0.5, ip, asset, 200, 40_000, Site, agent);
            for (var i = 0; i < 4; i++) Get(t + 5 + 7 * i, ip, $"/goods/{4_000 + (p * 7 + i * 13) % 60}.html", 200, 15_000 + p % 11 * 700, Site, agent);
            Get(t + 40, ip, "/goods/list?page=1", 200, 9_000 + p % 5 * 400, Site, agent);
            Get(t + 42, ip, "/passport/page.html", 200, 7_000, Site, agent);
            if (p % 9 == 0) Post(t + 45, ip, "/passport/doLogin", 200, 58 + p % 3 * 4, Site + "passport/page.html", agent);
            Post(t + 50, ip, "/passport/doLogin", 200, 402 + p % 4, Site + "passport/page.html", agent);
            Get(t + 60, ip, $"/api/orders?orderId={88_000_123 + p * 37}", 200, 640 + p % 90, Site, agent);
            if (p % 4 == 0) Post(t + 65, ip, $"/cashier/alipay/notify?x={p}", 200, 7, "-", agent: "Java/1.8").Post(t + 66, "110.75.1.9", "/cashier/alipay/notify", 200, 7, agent: "Java/11");
            if (p % 8 == 0)
            {
                Get(t + 70, ip, "/member/signup.html", 200, 8_000, Site, agent);
                Post(t + 75, ip, $"/verify/sendSms?mobile=139{p:00000000}", 200, 31, Site, agent);
                Post(t + 90, ip, "/member/doRegister", 200, 96, Site, agent);
                Post(t + 95, ip, "/promo/coupon/take", 200, 77, Site, agent);
            }
            if (p % 2 == 0) Get(t + 20, "66.249.1.7", $"/goods/{4_000 + p % 60}.html", 200, 15_000, "-", "Mozilla/5.0 (compatible; Examplebot/2.1; +http://bot.test)");
        }
        return this;
    }

    /// <summary>The lines in order of time.</summary>
    public IReadOnlyList<string> Lines => [.. lines.OrderBy(l => l.Second).Select(l => l.Line)];

    public static Pipeline NewPipeline() => new(Content, NoGeoLookup.Instance);

    public static IncidentContent Words => Content.Incidents;

    /// <summary>Runs all lines; returns what there is to be told at the end.</summary>
    public IReadOnlyList<Incident> Run() => Run(Lines, NewPipeline(), 1, []);

    public static IReadOnlyList<Incident> Run(IReadOnlyList<string> lines, Pipeline pipeline, ulong sequence, Dictionary<string, Incident> seen)
    {
        Run(lines, pipeline, sequence, EventBatch.MaxEvents, p => { foreach (var incident in p.Incidents.Changed) seen[incident.Id] = incident; });
        return [.. seen.Values.Where(i => i.MergedInto is null).OrderBy(i => i.FirstMs).ThenBy(i => i.Id, StringComparer.Ordinal)];
    }

    /// <summary>Runs the lines in batches of at most so many.</summary>
    public static void Run(IReadOnlyList<string> lines, Pipeline pipeline, ulong sequence, int batch, Action<Pipeline> judged)
    {
        var parser = pipeline.Snapshot.Parsers.IndexOf("nginx");
        for (var next = 0; next < lines.Count;)
        {
            for (; next < lines.Count && pipeline.Events.Count < batch; next++)
                pipeline.Add(new RecordInfo(sequence++, Start.AddDays(60).ToUnixTimeMilliseconds(), 1, 0, parser), Encoding.UTF8.GetBytes(lines[next]));
            pipeline.Detect();
            judged(pipeline);
            pipeline.Clear();
        }
    }
}
