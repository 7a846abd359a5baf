using System.Diagnostics;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Palisade.Cli.Bench;

namespace Palisade.EndToEnd.Tests;

/// <summary>The built product, started as a user starts it, on free ports in a folder of its own.</summary>
public sealed class Product : IAsyncDisposable
{
    public const string Email = "owner@example.com";
    public const string Password = "a long enough pass phrase 1";

    private readonly string program = Path.Combine(Root, "artifacts", "app", "palisade");
    private Process? process;
    private string slug = "";

    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));
    public string Folder { get; } = Directory.CreateTempSubdirectory("palisade-e2e-").FullName;
    public int HttpPort { get; } = FreePort.Next();
    public int SyslogPort { get; } = FreePort.Next();
    public string Url => $"http://127.0.0.1:{HttpPort}";
    public string IngestToken { get; private set; } = "";
    /// <summary>Token of the API, scope write.</summary>
    public string ApiToken { get; private set; } = "";
    public HttpClient Api { get; private set; } = new();
    public int ProcessId => process!.Id;

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    /// <summary>Makes tenant, owner and tokens by the command line, and starts.</summary>
    /// <param name="before">What is done to the data directory just before the start.</param>
    /// <param name="prepare">What is to be set before the first verb.</param>
    /// <param name="verb">A verb to run on the data directory before the start.</param>
    public static async Task<Product> StartNewAsync(Func<string, Task>? before = null, Action<Product>? prepare = null, params string[] verb)
    {
        var product = await CreateAsync(prepare);
        if (verb.Length > 0) await product.RunAsync([.. verb, "--data", product.Data]);
        if (before is not null) await before(product.Data);
        await product.StartAsync();
        return product;
    }

    /// <summary>The same without the start: settings may still be added.</summary>
    public static async Task<Product> CreateAsync(Action<Product>? prepare = null)
    {
        var product = new Product();
        prepare?.Invoke(product);
        await File.WriteAllTextAsync(Path.Combine(product.Folder, "pw"), Password + "\n");
        var slug = await product.RunAsync("admin", "init", "--email", Email, "--password-file", Path.Combine(product.Folder, "pw"), "--tenant", "Lanqiao Pay", "--data", product.Data);
        product.slug = slug;
        product.IngestToken = await product.RunAsync("admin", "token", "create", "--tenant", slug, "--scope", "ingest", "--data", product.Data);
        var read = await product.RunAsync("admin", "token", "create", "--tenant", slug, "--scope", "write", "--data", product.Data);
        product.Api = new HttpClient { BaseAddress = new Uri(product.Url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", read) } };
        product.ApiToken = read;
        return product;
    }

    /// <summary>An ingest token whose records stand under one source.</summary>
    public Task<string> TokenAsync(string source) => RunAsync("admin", "token", "create", "--tenant", slug, "--scope", "ingest", "--source", source, "--data", Data);

    public string Data => Path.Combine(Folder, "data");
    /// <summary>Settings beside the flags: key path and value.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo(program, ["up", "--data", Data, "--http", $"127.0.0.1:{HttpPort}", "--syslog", $"127.0.0.1:{SyslogPort}", "--no-open"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder,
        };
        start.Environment["PALISADE_HOME"] = Root;
        foreach (var (key, value) in Settings) start.Environment["PALISADE__" + key.Replace(":", "__", StringComparison.Ordinal)] = value;
        process = Process.Start(start)!;
        var log = new System.Text.StringBuilder();
        process.OutputDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
        process.ErrorDataReceived += (_, e) => { lock (log) log.AppendLine(e.Data); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await UntilAsync("the server is ready", async () =>
        {
            if (process.HasExited) lock (log) throw new InvalidOperationException($"ended with {process.ExitCode}: {log}");
            try
            {
                using var answer = await Api.GetAsync(new Uri(Url + "/readyz"));
                return answer.IsSuccessStatusCode;
            }
            catch (HttpRequestException) { return false; }     // not listening yet
        });
    }

    /// <summary>SIGKILL, as a crash does; the embedded store goes with it.</summary>
    public async Task KillAsync()
    {
        await ProgramRun.KillAsync(process!);
    }

    /// <summary>Runs a verb that must end well and gives what it printed.</summary>
    public async Task<string> RunAsync(params string[] words)
    {
        var (code, output, error) = await TryRunAsync(words);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"{string.Join(' ', words)} ended with {code}: {output}{error}");
    }

    /// <summary>Runs a verb, however it ends.</summary>
    public async Task<(int Code, string Out, string Err)> TryRunAsync(params string[] words)
    {
        var start = new ProcessStartInfo(program, words) { WorkingDirectory = Folder };
        start.Environment["PALISADE_HOME"] = Root;
        return await ProgramRun.TryAsync(start);
    }

    public async Task<JsonObject> GetAsync(string path) => (JsonObject)JsonNode.Parse(await Api.GetStringAsync(new Uri(Url + path)))!;

    /// <summary>Records stored of a source, by the ledger.</summary>
    public async Task<long> StoredAsync(string source)
    {
        var sources = (JsonArray)(await GetAsync("/api/v1/sources"))["items"]!;
        return sources.FirstOrDefault(s => (string)s!["name"]! == source)?["stored"]?.GetValue<long>() ?? 0;
    }

    /// <summary>Asks again until it holds, at most three minutes.</summary>
    /// <param name="more">What else to say when it does not come to hold.</param>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds, Func<string>? more = null)
    {
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(3)) throw new TimeoutException($"waited three minutes until {what} {more?.Invoke()}");
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            await pause.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false }) await KillAsync();
        process?.Dispose();
        Api.Dispose();
        Directory.Delete(Folder, true);
    }
}
