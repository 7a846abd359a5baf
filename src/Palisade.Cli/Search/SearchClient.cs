using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Palisade.Cli.Search;

/// <summary>Asks a server for events, page by page.</summary>
internal sealed class SearchClient : IDisposable
{
    private const int MaxPage = 1000;
    private readonly HttpClient http = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All }) { Timeout = TimeSpan.FromMinutes(2) };
    private readonly Uri address;

    public SearchClient(Uri server, string token)
    {
        address = new Uri(server, "/api/v1/events/search");
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>There were more events than asked for.</summary>
    public bool MoreExist { get; private set; }

    /// <summary>Events that fit, newest first, as the server gives them.</summary>
    /// <param name="limit">Most events; 0: all.</param>
    public async IAsyncEnumerable<JsonElement> FindAsync(string query, DateTimeOffset from, DateTimeOffset to, long limit, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        string? cursor = null;
        for (var left = limit == 0 ? long.MaxValue : limit; left > 0;)
        {
            var page = await PageAsync(new { query, from, to, limit = (int)Math.Min(left, MaxPage), cursor }, query, stop);
            foreach (var item in page.GetProperty("items").EnumerateArray())
            {
                yield return item;
                left--;
            }
            cursor = page.GetProperty("next").GetString();
            MoreExist = cursor is not null;
            if (cursor is null) yield break;
        }
    }

    private async Task<JsonElement> PageAsync(object body, string query, CancellationToken stop)
    {
        try
        {
            using var answer = await http.PostAsJsonAsync(address, body, stop);
            if (answer.IsSuccessStatusCode) return await answer.Content.ReadFromJsonAsync<JsonElement>(stop);
            throw Refused((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(stop), query);
        }
        catch (HttpRequestException e)
        {
            throw new CliException(ExitCodes.Unreachable, $"{address}: {e.Message}");
        }
        catch (JsonException)
        {
            throw new CliException(ExitCodes.Unreachable, $"{address} does not answer as a Palisade server does.");
        }
    }

    private CliException Refused(int status, string text, string query)
    {
        if (status is not (400 or 422)) return new CliException(ExitCodes.Unreachable, $"{address} answered {status}{(status is 401 or 403 ? ": the token is not valid for reading" : "")}.");
        using var problem = JsonDocument.Parse(text);
        var detail = problem.RootElement.TryGetProperty("detail", out var d) ? d.GetString() : text;
        if (!problem.RootElement.TryGetProperty("column", out var column)) return new CliException(ExitCodes.BadInput, $"{detail}.");
        return new CliException(ExitCodes.BadInput, $"the query cannot be read, {detail}\n  {query}\n  {new string(' ', Math.Clamp(column.GetInt32() - 1, 0, query.Length))}^");
    }

    public void Dispose() => http.Dispose();
}
