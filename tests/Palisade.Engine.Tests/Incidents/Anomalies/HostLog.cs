using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;

namespace Palisade.Engine.Tests.Incidents.Anomalies;

/// <summary>Writes events of hosts, accounts and networks that exist nowhere, and runs the engine with the shipped words over them.</summary>
internal sealed class HostLog
{
    public const double Hour = 3_600, Day = 86_400;
    private static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly EngineSnapshot Content = Load();

    private readonly List<(double Second, string Line)> lines = [];

    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../../content/lookups/incidents"));
        const string Source = """
            name: made
            detect: 100
            patterns:
              - { match: 'login %{user.name:word} %{source.ip:ip} %{source.geo.country_iso_code:word} %{source.as.number:int} %{host.name:word} %{event.outcome:word}', set: { event.category: authentication } }
              - { match: 'flow %{source.ip:ip} %{destination.ip:ip} %{destination.port:int} %{network.bytes:int}', set: { event.category: network } }
              - { match: 'dns %{source.ip:ip} %{dns.question.name:word}', set: { event.category: network } }
              - { match: 'exec %{host.name:word} %{process.parent.executable:word} %{process.executable:word}', set: { event.category: process } }
              - { match: 'call %{user.name:word} %{source.ip:ip} "%{user_agent.original:quoted}"', set: { event.category: configuration } }
            """;
        var files = Directory.EnumerateFiles(root).Select(f => ("lookups/incidents/" + Path.GetFileName(f), File.ReadAllBytes(f))).Append(("sources/made/source.yml", Encoding.UTF8.GetBytes(Source)));
        var content = EngineContent.Load(files, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        return content;
    }

    public int Count => lines.Count;

    public HostLog Add(double second, string line)
    {
        lines.Add((second, line));
        return this;
    }

    public HostLog LogIn(double second, string user, string ip, string country = "CN", int network = 4134, string host = "web-1", bool failed = false) =>
        Add(second, string.Create(CultureInfo.InvariantCulture, $"login {user} {ip} {country} {network} {host} {(failed ? "failure" : "success")}"));

    public HostLog Flow(double second, string from, string to, int bytes, int port = 443) => Add(second, string.Create(CultureInfo.InvariantCulture, $"flow {from} {to} {port} {bytes}"));

    /// <summary>Three weeks of a company: people log in from home and office and mistype, machines update, ask for names and time, programs start what they always do.</summary>
    public HostLog Weeks(int days = 21, int seed = 1)
    {
        var chance = new Random(seed);
        for (var d = 0; d < days; d++)
        {
            for (var u = 0; u < 12; u++)
                for (var i = 0; i < 4; i++)
                {
                    var t = d * Day + 9 * Hour + chance.NextDouble() * 9 * Hour;
                    if (chance.Next(8) == 0) LogIn(t - 20, $"user{u}", $"36.1.{u}.9", failed: true, host: $"web-{chance.Next(3)}");
                    LogIn(t, $"user{u}", i == 0 ? $"36.1.{u}.9" : "121.9.8.7", network: i == 0 ? 4134 + u % 3 : 4837, host: $"web-{chance.Next(3)}");
                }
            for (var h = 0; h < 6; h++)
            {
                for (var n = 0; n < 40; n++) Flow(d * Day + chance.NextDouble() * Day, $"10.0.0.{h}", $"93.184.{chance.Next(9)}.{chance.Next(60)}", 400 + chance.Next(60_000));
                for (var n = 0; n < 24; n++) Flow(d * Day + n * Hour + h, $"10.0.0.{h}", "91.189.89.198", 76, 123).Add(d * Day + n * Hour + h * 7, $"dns 10.0.0.{h} updates.vendor.example").Flow(d * Day + n * Hour + 40 + h, $"10.0.0.{h}", "151.101.1.1", 5_000);
            }
            for (var n = 0; n < 30; n++) Add(d * Day + n * 2_800, $"exec web-{n % 3} /usr/sbin/cron /usr/bin/{(n % 3 == 0 ? "php" : "logrotate")}").Add(d * Day + n * 2_800 + 9, "exec web-1 /usr/sbin/nginx /usr/sbin/nginx");
            for (var n = 0; n < 20; n++) Add(d * Day + n * 4_000, $"call deploy 36.9.9.9 \"aws-cli/2.{d}.1 Python/3\"");
        }
        return this;
    }

    public IReadOnlyList<string> Lines => [.. lines.OrderBy(l => l.Second).Select(l => l.Line)];

    public static Pipeline NewPipeline() => new(Content, NoGeoLookup.Instance);

    /// <summary>Rule and what it is about, of each finding.</summary>
    public List<string> Run() => Run(NewPipeline(), 0, int.MaxValue);

    public List<string> Run(Pipeline pipeline, int from, int count, int batch = EventBatch.MaxEvents)
    {
        var found = new List<string>();
        var all = lines.OrderBy(l => l.Second).ToList();
        var end = (int)Math.Min(all.Count, from + (long)count);
        for (var next = from; next < end;)
        {
            for (; next < end && pipeline.Events.Count < batch; next++)
                pipeline.Add(new RecordInfo((ulong)next + 1, Start.AddSeconds(all[next].Second).ToUnixTimeMilliseconds(), 1, 0, 0), Encoding.UTF8.GetBytes(all[next].Line));
            pipeline.Detect();
            foreach (ref readonly var f in pipeline.Findings.Items) found.Add($"{f.Rule.Id} {string.Join(' ', f.Firing!.Group.Select(g => g.Value))}");
            pipeline.Clear();
        }
        return found;
    }
}
