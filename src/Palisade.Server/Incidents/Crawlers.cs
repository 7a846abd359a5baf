using System.Reflection;
using System.Text.Json;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>What an address that says it is a crawler turns out to be.</summary>
/// <param name="Name">The operator's crawler; empty where the operator publishes no ranges.</param>
public readonly record struct CrawlerClaim(bool IsClaimed, string Name, bool IsProven);

/// <summary>Crawlers whose operators publish the addresses they come from (Crawlers.json). Immutable.</summary>
internal static class Crawlers
{
    private sealed record Crawler(string Name, string[] Agents, AttackerSubject[] Ranges);

    /// <summary>Words by which crawlers and monitors name themselves. Anybody can.</summary>
    private static readonly string[] Words = ["bot", "spider", "crawl", "slurp", "monitor", "uptime", "pingdom"];
    private static readonly Crawler[] All = Load();

    /// <summary>The user agent alone proves nothing: the address must be the operator's.</summary>
    public static CrawlerClaim Judge(string agent, string address)
    {
        if (Array.Find(All, c => Array.Exists(c.Agents, a => agent.Contains(a, StringComparison.OrdinalIgnoreCase))) is { } crawler)
            return new CrawlerClaim(true, crawler.Name, Array.Exists(crawler.Ranges, r => r.Holds(address)));
        return new CrawlerClaim(Array.Exists(Words, w => agent.Contains(w, StringComparison.OrdinalIgnoreCase)), "", false);
    }

    private static Crawler[] Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Palisade.Server.Incidents.Crawlers.json")
            ?? throw new InvalidOperationException("The list of crawlers is not in the assembly.");
        using var document = JsonDocument.Parse(stream);
        return [.. document.RootElement.EnumerateObject().Select(c => new Crawler(
            c.Name, [.. Texts(c.Value, "agents")], [.. Texts(c.Value, "ranges").Select(r => AttackerSubject.Parse(r) ?? throw new InvalidDataException(r + " is no range"))]))];

        static IEnumerable<string> Texts(JsonElement of, string name) => of.GetProperty(name).EnumerateArray().Select(t => t.GetString()!);
    }
}
