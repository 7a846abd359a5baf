using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Palisade.Cli.Rules;

/// <summary><c>rules backtest</c>: asks a server what a rule, or everything in force, finds in its stored records.</summary>
internal static class RulesBacktest
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <param name="rule">A rule file, the id of a rule that the server has, or all.</param>
    /// <param name="findings">Each finding is told.</param>
    public static async Task<int> RunAsync(string rule, TimeSpan since, Uri server, string token, bool findings, bool json, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var hours = (int)Math.Ceiling(since.TotalHours);
        object body = File.Exists(rule) ? new { yaml = await File.ReadAllTextAsync(rule, stop), hours } : new { rule, hours };
        try
        {
            var job = await AskAsync(http, HttpMethod.Post, "/api/v1/backtests", body, stop);
            var path = $"/api/v1/backtests/{job.GetProperty("id").GetString()}";
            try
            {
                while (job.GetProperty("state").GetString() is "queued" or "running")
                {
                    if (!Console.IsErrorRedirected) Console.Error.Write($"\r{job.GetProperty("progress").GetDouble():P0} of {job.GetProperty("total").GetInt64():N0} records, {job.GetProperty("hits").GetInt64():N0} hits ");
                    await Task.Delay(Pause, stop);
                    job = await AskAsync(http, HttpMethod.Get, path, null, stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Nobody waits for it any more: the server need not go on.
                await AskAsync(http, HttpMethod.Delete, path, null, CancellationToken.None);
                throw;
            }
            if (!Console.IsErrorRedirected) Console.Error.WriteLine();
            if (json) Console.WriteLine(job.GetRawText());
            else Write(job);
            for (var next = findings ? "" : null; next is not null;)
            {
                var page = await AskAsync(http, HttpMethod.Get, $"{path}/findings{(next.Length > 0 ? "?cursor=" + next : "")}", null, stop);
                foreach (var item in page.GetProperty("items").EnumerateArray()) Console.WriteLine($"{{\"finding\": {item.GetRawText()}}}");
                next = page.GetProperty("next").GetString();
            }
            return job.GetProperty("state").GetString() == "done" ? ExitCodes.Done : ExitCodes.Unreachable;
        }
        catch (HttpRequestException e)
        {
            throw new CliException(ExitCodes.Unreachable, $"{server}: {e.Message}");
        }
        catch (JsonException)
        {
            throw new CliException(ExitCodes.Unreachable, $"{server} does not answer as a Palisade server does.");
        }
    }

    private static async Task<JsonElement> AskAsync(HttpClient http, HttpMethod method, string path, object? body, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = JsonContent.Create(body);
        using var answer = await http.SendAsync(request, stop);
        if (answer.StatusCode == System.Net.HttpStatusCode.NoContent) return default;
        if (answer.IsSuccessStatusCode) return await answer.Content.ReadFromJsonAsync<JsonElement>(stop);
        var text = await answer.Content.ReadAsStringAsync(stop);
        if ((int)answer.StatusCode is not (400 or 404 or 409 or 422)) throw new CliException(ExitCodes.Unreachable, $"{http.BaseAddress} answered {(int)answer.StatusCode}{((int)answer.StatusCode is 401 or 403 ? ": it needs a token of scope write" : "")}.");
        using var problem = JsonDocument.Parse(text);
        throw new CliException(ExitCodes.BadInput, problem.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() + "." : text);
    }

    private static void Write(JsonElement job)
    {
        long Number(string name) => job.GetProperty(name).GetInt64();
        string Text(string name) => job.GetProperty(name).GetString() ?? "";
        Console.WriteLine($"{Text("title")} ({Text("rule")}), {Text("from")[..10]} to {Text("to")[..10]}: {Text("state")}{(Text("problem").Length > 0 ? $", {Text("problem")}" : "")}");
        Console.WriteLine($"{Number("read"):N0} records, {Number("hits"):N0} hits from {Number("sources"):N0} addresses\n");
        var buckets = job.GetProperty("buckets").EnumerateArray().Select(b => (Start: b.GetProperty("start").GetDateTimeOffset(), Count: b.GetProperty("count").GetInt64())).ToList();
        var most = buckets.Count == 0 ? 1 : buckets.Max(b => b.Count);
        foreach (var (start, count) in buckets) Console.WriteLine($"  {start.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)}  {count,8:N0}  {new string('█', (int)Math.Max(1, count * 40 / most))}");
        Console.WriteLine($"\nAlerts made in the span: {Number("known"):N0}, made again: {Number("kept"):N0}");
        foreach (var lost in job.GetProperty("lost").EnumerateArray()) Console.WriteLine($"  lost: {lost.GetProperty("id").GetString()}  {lost.GetProperty("first").GetString()}  {lost.GetProperty("title").GetString()}");
        var rules = job.GetProperty("rules").EnumerateArray().ToList();
        if (rules.Count > 1) Console.WriteLine("\nRules:");
        foreach (var found in rules.Count > 1 ? rules : []) Console.WriteLine($"  {found.GetProperty("hits").GetInt64(),8:N0}  {found.GetProperty("level").GetString(),-13}  {found.GetProperty("rule").GetString()}  {found.GetProperty("title").GetString()}");
        var samples = job.GetProperty("samples").EnumerateArray().Take(5).ToList();
        if (samples.Count > 0) Console.WriteLine("\nSamples:");
        foreach (var hit in samples)
        {
            var raw = PlainText.Of(hit.GetProperty("raw").GetString() ?? "", 200);
            Console.WriteLine($"  {hit.GetProperty("at").GetString()}  {hit.GetProperty("source").GetString()}  {raw}");
        }
    }
}
