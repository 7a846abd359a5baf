using System.CommandLine;
using Palisade.Cli.Search;

namespace Palisade.Cli.Commands;

/// <summary><c>palisade search</c>: stored events of a server, by API token.</summary>
internal static class SearchCommand
{
    public static Command Create()
    {
        var query = new Argument<string>("QUERY") { Description = "What to find, in the search language; '' finds everything." };
        var since = new Option<string>("--since") { Description = "How far back: 15m, 24h, 90d.", DefaultValueFactory = _ => "24h" };
        var format = new Option<SearchFormat>("--format") { Description = "table, jsonl (one event a line) or csv.", DefaultValueFactory = _ => SearchFormat.Table, HelpName = "FORMAT" };
        var limit = new Option<long>("--limit") { Description = "Most events, newest first. 0: all.", DefaultValueFactory = _ => 1000 };
        var server = new Option<string?>("--server") { Description = "URL of the server. Also PALISADE_SERVER. Default http://127.0.0.1:8080." };
        var token = new Option<string?>("--token") { Description = "API token of scope read. Also PALISADE_TOKEN." };
        var command = new Command("search",
            """
            Finds stored events. Terms are field:value, words or "phrases"; AND, OR, NOT and parentheses join them; * and ? are wildcards.

            Example:
              palisade search 'source.ip:203.0.113.0/24 http.response.status_code:>=500' --since 7d
              palisade search 'user.name:admin* NOT event.outcome:success' --format jsonl | jq .raw
            """)
        { query, since, format, limit, server, token };
        command.SetAction((parsed, cancel) => RunAsync(
            parsed.GetRequiredValue(query), Duration.Parse(parsed.GetValue(since)!, "--since"), parsed.GetValue(format), parsed.GetValue(limit),
            parsed.GetValue(server) ?? Environment.GetEnvironmentVariable("PALISADE_SERVER") ?? "http://127.0.0.1:8080",
            parsed.GetValue(token) ?? Environment.GetEnvironmentVariable("PALISADE_TOKEN"), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string query, TimeSpan since, SearchFormat format, long limit, string server, string? token, CancellationToken cancel)
    {
        if (limit < 0) throw new CliException(ExitCodes.Usage, "--limit must not be negative.");
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CliException(ExitCodes.Usage, $"--server {server}: give a URL such as http://127.0.0.1:8080.");
        if (string.IsNullOrEmpty(token)) throw new CliException(ExitCodes.Usage, "give --token or PALISADE_TOKEN. One is made by: palisade admin token create --tenant T --scope read");
        var now = TimeProvider.System.GetUtcNow();
        using var client = new SearchClient(address, token);
        var writer = new SearchWriter(format, Console.Out);
        var count = 0L;
        await writer.StartAsync();
        await foreach (var item in client.FindAsync(query, now - since, now, limit, cancel))
        {
            await writer.WriteAsync(item);
            count++;
        }
        await Console.Error.WriteLineAsync($"{count:N0} events{(client.MoreExist ? "; there are more: raise --limit" : "")}.");
        return ExitCodes.Done;
    }
}
