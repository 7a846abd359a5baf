using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Palisade.Cli.Bench;

/// <summary>This same program as a user starts it: own processes, free ports, a folder of its own.</summary>
internal sealed class Product : IAsyncDisposable
{
    private const string Tenant = "bench";
    private readonly Process process;
    private readonly StringBuilder log;
    private readonly string data;
    private readonly HttpClient client;

    private Product(Process process, StringBuilder log, string data, Uri address, int syslogPort)
    {
        this.process = process;
        this.log = log;
        this.data = data;
        Address = address;
        SyslogPort = syslogPort;
        client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };
    }

    public Uri Address { get; }
    public int SyslogPort { get; }
    /// <summary>From the start of the process until it was ready.</summary>
    public TimeSpan StartUp { get; private set; }
    public long ResidentBytes => ProcessTree.ResidentBytes(process.Id);

    /// <summary>The program that is running now.</summary>
    public static string Program =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Path.Combine(AppContext.BaseDirectory, "palisade") : Environment.ProcessPath!;

    /// <summary>Starts it and waits until /readyz says yes.</summary>
    public static async Task<Product> StartAsync(string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "data");
        Directory.CreateDirectory(data);
        int http = FreePort.Next(), syslog = FreePort.Next();
        var start = Start("up", "--data", data, "--http", $"127.0.0.1:{http}", "--syslog", $"127.0.0.1:{syslog}", "--no-open");
        var began = time.GetTimestamp();
        var process = Process.Start(start)!;
        var log = new StringBuilder();
        Collect(process, log);
        var product = new Product(process, log, data, new Uri($"http://127.0.0.1:{http}"), syslog);
        try
        {
            while (!await product.IsReadyAsync(cancellationToken))
            {
                if (process.HasExited) throw new CliException(ExitCodes.Unreachable, $"palisade up ended with exit code {process.ExitCode}:\n{product.Log}");
                if (time.GetElapsedTime(began) > TimeSpan.FromMinutes(1)) throw new CliException(ExitCodes.Unreachable, $"palisade up was not ready after a minute:\n{product.Log}");
                await Task.Delay(20, cancellationToken);
            }
        }
        catch
        {
            await product.DisposeAsync();
            throw;
        }
        product.StartUp = time.GetElapsedTime(began);
        return product;
    }

    /// <summary>Makes the first tenant and its owner.</summary>
    public async Task ProvisionAsync(CancellationToken cancellationToken)
    {
        var password = Path.Combine(data, "..", "owner-password");
        await File.WriteAllTextAsync(password, Convert.ToHexString(RandomNumberGenerator.GetBytes(16)) + "aZ9!", cancellationToken);
        await RunAsync(cancellationToken, "admin", "init", "--email", "owner@example.com", "--password-file", password, "--tenant", Tenant, "--data", data);
    }

    /// <summary>A new token of the first tenant.</summary>
    public async Task<string> TokenAsync(string scope, string? source, CancellationToken cancellationToken)
    {
        string[] words = ["admin", "token", "create", "--tenant", Tenant, "--scope", scope, "--data", data];
        var answer = await RunAsync(cancellationToken, source is null ? words : [.. words, "--source", source]);
        return answer.Trim();
    }

    /// <summary>GET of the API.</summary>
    public async Task<JsonDocument> GetAsync(string path, string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode) throw new CliException(ExitCodes.Unreachable, $"{path} answered {(int)answer.StatusCode}");
        return await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
    }

    /// <summary>Sums of all sources.</summary>
    public async Task<(long Received, long Stored, long Refused)> CountsAsync(string token, CancellationToken cancellationToken)
    {
        using var sources = await GetAsync("/api/v1/sources", token, cancellationToken);
        long received = 0, stored = 0, refused = 0;
        foreach (var source in sources.RootElement.GetProperty("items").EnumerateArray())
        {
            received += source.GetProperty("received").GetInt64();
            stored += source.GetProperty("stored").GetInt64();
            if (!source.TryGetProperty("refused", out var reasons) || reasons.ValueKind != JsonValueKind.Object) continue;
            foreach (var reason in reasons.EnumerateObject()) refused += reason.Value.GetInt64();
        }
        return (received, stored, refused);
    }

    /// <summary>Stops it as Ctrl-C does; kills it only when it does not listen.</summary>
    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (!process.HasExited)
        {
            using var term = Process.Start(new ProcessStartInfo("kill", ["-TERM", process.Id.ToString()]));
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                await Console.Error.WriteLineAsync("palisade: the product did not stop within 20 s and was killed.");
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }
        }
        process.Dispose();
    }

    private string Log
    {
        get { lock (log) return log.ToString(); }
    }

    private static ProcessStartInfo Start(params string[] words) =>
        new(Program, words) { RedirectStandardOutput = true, RedirectStandardError = true };

    private static void Collect(Process process, StringBuilder into)
    {
        void Keep(object _, DataReceivedEventArgs e)
        {
            if (e.Data is null) return;
            lock (into) { if (into.Length < 20_000) into.AppendLine(e.Data); }
        }
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private static async Task<string> RunAsync(CancellationToken cancellationToken, params string[] words)
    {
        using var process = Process.Start(Start(words))!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new CliException(ExitCodes.Unreachable, $"palisade {string.Join(' ', words)} ended with exit code {process.ExitCode}: {await error}");
        return output;
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync("/readyz", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }
}
