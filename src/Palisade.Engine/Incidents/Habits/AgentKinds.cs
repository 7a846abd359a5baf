using System.Text;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What a user agent says it is.</summary>
internal enum AgentKind : byte { None, Browser, App, Crawler, Tool }

/// <summary>Kinds of user agents, remembered by hash: bounded, and worked out again after a restart.</summary>
internal sealed class AgentKinds
{
    private const int Most = 16_384;
    private static readonly string[] Crawlers = ["bot", "spider", "crawl", "slurp", "monitor", "uptime", "healthcheck", "health-check", "pingdom", "feedfetcher", "lighthouse"];
    private static readonly string[] Tools = ["curl/", "wget/", "python", "java/", "go-http", "libwww", "httpclient", "postman", "httpie", "scrapy", "node-fetch", "axios", "ruby", "perl", "php/", "guzzle", "winhttp", "hydra", "sqlmap", "nikto", "headless"];
    private readonly Dictionary<ulong, AgentKind> known = [];

    public AgentKind Of(ReadOnlySpan<byte> agent, ulong hash)
    {
        if (known.TryGetValue(hash, out var kind)) return kind;
        if (known.Count >= Most) known.Clear();
        return known[hash] = Judge(agent);
    }

    private static AgentKind Judge(ReadOnlySpan<byte> agent)
    {
        if (agent.Length < 2) return AgentKind.None;
        var text = Encoding.Latin1.GetString(agent[..Math.Min(agent.Length, 400)]).ToLowerInvariant();
        if (Array.Exists(Crawlers, text.Contains)) return AgentKind.Crawler;
        if (Array.Exists(Tools, text.Contains)) return AgentKind.Tool;
        return text.StartsWith("mozilla/", StringComparison.Ordinal) || text.StartsWith("opera/", StringComparison.Ordinal) ? AgentKind.Browser : AgentKind.App;
    }
}
