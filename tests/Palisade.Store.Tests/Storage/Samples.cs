using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Protocol;
using Palisade.Server.Storage;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Store.Tests.Storage;

/// <summary>Records of nginx and sshd through the shipped content, and blocks of them.</summary>
internal static class Samples
{
    public const int Node = 5;
    public const uint WebSource = 11, SshSource = 12;
    private static ulong sequence;

    public static EngineSnapshot Content { get; } = Load();

    /// <summary>An hour that began some hours ago; the records lie in the two hours from here.</summary>
    public static DateTimeOffset Start { get; } = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 3600 * 3600).AddHours(-5);

    public static TimeRange Whole { get; } = new(Start.AddHours(-1), Start.AddHours(4));

    private static EngineSnapshot Load([CallerFilePath] string here = "")
    {
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../content"));
        return EngineContent.Load(Directory.GetFiles(root, "*", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(root, f).Replace('\\', '/'), File.ReadAllBytes(f))), out _);
    }

    /// <summary>A mix: requests, attacks on web sites, log-ins that fail and work, and lines that nobody understands.</summary>
    public static string Line(int i)
    {
        var time = Start.AddSeconds(i * 7 % 7200);
        var ip = $"203.0.113.{i % 50 + 1}";
        var stamp = time.ToString("dd/MMM/yyyy:HH:mm:ss +0000");
        string Web(string target, int status) => $"{ip} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} {100 + i} \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Sample/{i % 7}\"";
        string Ssh(string text) => $"{time:yyyy-MM-dd'T'HH:mm:ss}+00:00 gate{i % 3} sshd[{1000 + i}]: {text}";
        return (i % 10) switch
        {
            0 => Web($"/item?id={i}%20UNION%20SELECT%20user,password%20FROM%20users--", 200),
            1 => Web("/../../../../etc/passwd", 403),
            2 => Ssh($"Failed password for invalid user admin{i} from {ip} port {40000 + i % 1000} ssh2"),
            3 => Ssh($"Accepted password for deploy from {ip} port {40000 + i % 1000} ssh2"),
            4 => $"~~~ nobody knows this {i} ~~~",
            5 => Web($"/search?q=%3Cscript%3Ealert({i})%3C/script%3E", 404),
            _ => Web($"/page/{i}?lang=en", 200),
        };
    }

    public static Pipeline Run(uint tenant, int count, int first = 0)
    {
        var pipeline = new Pipeline(Content, NoGeoLookup.Instance);
        var received = Start.AddHours(3).ToUnixTimeMilliseconds();
        for (var i = first; i < first + count; i++)
        {
            var source = i % 10 is 2 or 3 or 4 ? SshSource : WebSource;
            pipeline.Add(new RecordInfo(Interlocked.Increment(ref sequence), received, tenant, source, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(Line(i)));
        }
        pipeline.Detect();
        return pipeline;
    }

    public static List<EventBlock> Blocks(EventBatch events)
    {
        var blocks = new Dictionary<int, EventBlock>();
        for (var i = 0; i < events.Count; i++)
        {
            ref readonly var header = ref events.Header(i);
            var day = EventId.Day(header.TimeMs, header.ReceivedMs);
            if (!blocks.TryGetValue(day, out var block)) blocks.Add(day, block = new EventBlock(Node, day, Content.Version));
            Assert.True(block.Add(events, i, header.Parser < 0 ? "" : Content.Parsers.NameOf(header.Parser)));
        }
        return [.. blocks.Values];
    }

    public static FindingBlock Findings(Pipeline pipeline)
    {
        var block = new FindingBlock(Node);
        foreach (ref readonly var finding in pipeline.Findings.Items) block.Add(pipeline.Events, finding);
        return block;
    }

    /// <summary>Stores events and findings of a run.</summary>
    public static async Task StoreAsync(TestStore store, Pipeline pipeline, string token)
    {
        foreach (var block in Blocks(pipeline.Events)) await store.Store.InsertAsync(block, $"{token}-{block.Day}", CancellationToken.None);
        await store.Store.InsertAsync(Findings(pipeline), token + "-findings", CancellationToken.None);
    }

    /// <summary>An event made by hand: its record and its fields.</summary>
    public static EventBlock Event(uint tenant, string raw, params (ushort Field, string Value)[] fields)
    {
        var batch = new EventBatch();
        var received = Start.AddHours(1).ToUnixTimeMilliseconds();
        batch.Begin(new RecordInfo(Interlocked.Increment(ref sequence), received, tenant, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(raw));
        foreach (var (field, value) in fields) batch.Add(field, Encoding.UTF8.GetBytes(value));
        return Blocks(batch)[0];
    }

    /// <summary>The findings that count as attacks.</summary>
    public static List<Finding> Attacks(Pipeline pipeline) => [.. pipeline.Findings.Items.ToArray().Where(f => f.Rule.Level >= FindingLevel.Medium)];
}
