using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Incidents;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>Writes records of one estate (access logs, sshd, sudo, audit) as the programs write them, and runs the engine with the whole shipped content over them.</summary>
internal sealed class StoryLog
{
    public const string Chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36";
    public static readonly DateTimeOffset Start = new(2026, 9, 7, 9, 0, 0, TimeSpan.Zero);
    private static readonly Lazy<EngineSnapshot> Content = new(() => Load());

    private readonly List<(double Second, uint Source, string Line)> records = [];
    private int serial = 5_000;

    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../content"));
        return EngineContent.Load(Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(root, f).Replace('\\', '/'), File.ReadAllBytes(f))), out _, trusted: true);
    }

    public static IncidentContent Words => Content.Value.Incidents;

    public static Pipeline NewPipeline() => new(Content.Value, NoGeoLookup.Instance);

    public StoryLog Line(double second, string line, uint source = 1)
    {
        records.Add((second, source, line));
        return this;
    }

    /// <summary>A request in nginx's combined format; through syslog where a host is given.</summary>
    public StoryLog Get(double second, string client, string target, int status = 200, int bytes = 5_120, string method = "GET", string agent = Chrome, string? host = null, string referrer = "-", uint source = 1)
    {
        var at = Start.AddSeconds(second);
        var line = $"{client} - - [{at.ToString("dd/MMM/yyyy:HH:mm:ss +0000", CultureInfo.InvariantCulture)}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referrer}\" \"{agent}\"";
        return Line(second, host is null ? line : $"<190>{Syslog(at)} {host} nginx: {line}", source);
    }

    public StoryLog Post(double second, string client, string target, int status, int bytes, string agent = Chrome) => Get(second, client, target, status, bytes, "POST", agent, "web-01");

    private static string Syslog(DateTimeOffset at) => string.Create(CultureInfo.InvariantCulture, $"{at:MMM} {at.Day,2} {at:HH:mm:ss}");

    /// <summary>A message of a program through syslog.</summary>
    public StoryLog Says(double second, string host, string program, string message, uint source = 2) =>
        Line(second, $"{Syslog(Start.AddSeconds(second))} {host} {program}: {message}", source);

    /// <summary>A program started, as the audit daemon writes it (log_format ENRICHED): the call, its arguments, its folder.</summary>
    public StoryLog Ran(double second, string? host, string account, string program, string[] args, uint source = 3, string parent = "812")
    {
        var id = account switch { "root" => 0, "www-data" => 33, "tomcat" => 995, _ => 1001 };
        var at = Start.AddSeconds(second);
        var stamp = $"{(host is null ? "" : $"node={host} ")}type={{0}} msg=audit({at.ToUnixTimeSeconds()}.{at.Millisecond:000}:{serial++}):";
        string Record(string type, string rest) => string.Format(CultureInfo.InvariantCulture, stamp, type) + " " + rest;
        var name = program[(program.LastIndexOf('/') + 1)..];
        Line(second, Record("SYSCALL", $"arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55e0 a2=55f0 a3=8 items=2 ppid={parent} pid={serial + 9000} auid=4294967295 uid={id} gid={id} euid={id} suid={id} fsuid={id} egid={id} sgid={id} fsgid={id} tty=(none) ses=4294967295 comm=\"{name}\" exe=\"{program}\" subj=unconfined key=\"exec\"\u001dARCH=x86_64 SYSCALL=execve AUID=\"unset\" UID=\"{account}\" GID=\"{account}\" EUID=\"{account}\" SUID=\"{account}\" FSUID=\"{account}\" EGID=\"{account}\" SGID=\"{account}\" FSGID=\"{account}\""), source);
        Line(second, Record("EXECVE", $"argc={args.Length} " + string.Join(' ', args.Select((a, i) => $"a{i}={(a.AsSpan().IndexOfAny(" \"'") >= 0 ? Convert.ToHexString(Encoding.UTF8.GetBytes(a)) : $"\"{a}\"")}"))), source);
        return Line(second, Record("CWD", "cwd=\"/var/www/html\""), source);
    }

    /// <summary>Records in order of time; those of one source keep their order within a second.</summary>
    public IReadOnlyList<(uint Source, string Line)> ByTime => [.. records.OrderBy(r => r.Second).Select(r => (r.Source, r.Line))];

    /// <summary>One source after the other, in the order given: what a scan of several files reads, or agents that were late.</summary>
    public IReadOnlyList<(uint Source, string Line)> BySource(params uint[] order) => [.. order.SelectMany(s => records.Where(r => r.Source == s).OrderBy(r => r.Second)).Select(r => (r.Source, r.Line))];

    public IReadOnlyList<Incident> Run() => Run(ByTime, out _);

    /// <summary>Runs records; what there is to be told at the end, and what was found as "rule outcome technique".</summary>
    public static IReadOnlyList<Incident> Run(IReadOnlyList<(uint Source, string Line)> lines, out List<string> found, int batch = 500, Pipeline? pipeline = null)
    {
        pipeline ??= NewPipeline();
        var joins = new StreamJoins();
        var seen = new Dictionary<string, Incident>(StringComparer.Ordinal);
        var said = found = [];
        var sequence = 0UL;
        var received = Start.ToUnixTimeMilliseconds() + 40_000_000;
        foreach (var (source, line) in lines)
        {
            joins.Add(pipeline, new RecordInfo(++sequence, received, 1, source, RecordInfo.AutoParser), 0, Encoding.UTF8.GetBytes(line));
            if (pipeline.Events.Count >= batch) Judge();
        }
        foreach (var waiting in joins.Waiting.ToArray()) joins.End(pipeline, new RecordInfo(++sequence, received, 1, waiting.Stream.Source, RecordInfo.AutoParser), 0);
        Judge();
        return [.. seen.Values.Where(i => i.MergedInto is null).OrderBy(i => i.FirstMs).ThenBy(i => i.Id, StringComparer.Ordinal)];

        void Judge()
        {
            pipeline.Detect();
            foreach (ref readonly var f in pipeline.Findings.Items) said.Add($"{f.Rule.Id} {f.Outcome} {f.Technique}");
            foreach (var incident in pipeline.Incidents.Changed) seen[incident.Id] = incident;
            pipeline.Clear();
        }
    }
}
