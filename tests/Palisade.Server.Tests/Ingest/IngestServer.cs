using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Palisade.Journal;
using Palisade.Server.Configuration;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>Tokens and sources of a test: "good-N" belongs to tenant N, "read-N" may not send.</summary>
internal sealed class TestDirectory : IIngestDirectory, IQuotaBook
{
    /// <summary>What each tenant may send, and each of its sources.</summary>
    public Func<IngestLane, QuotaFacts> Quota { get; set; } = _ => default;

    public Task<QuotaFacts> ReadAsync(IngestLane lane, CancellationToken stop) => Task.FromResult(Quota(lane));

    private readonly ConcurrentDictionary<(uint, string), uint> sources = new();
    public uint OnlyTenant { get; set; } = 7;

    public ValueTask<IngestGrant> AuthenticateAsync(string token, CancellationToken stop) => new(token switch
    {
        "good-1" => new IngestGrant(1, "", IngestRefusal.None),
        "good-2" => new IngestGrant(2, "web", IngestRefusal.None),
        "read-1" => new IngestGrant(1, "", IngestRefusal.Forbidden),
        _ => new IngestGrant(0, "", IngestRefusal.BadToken),
    });

    public ValueTask<IngestSource> SourceAsync(uint tenant, string name, CancellationToken stop) => new(
        name.Contains(' ') ? new IngestSource(0, IngestRefusal.BadSourceName)
        : new IngestSource(sources.GetOrAdd((tenant, name), _ => (uint)sources.Count + 1), IngestRefusal.None));

    public ValueTask<IngestSource> SourceAsync(uint tenant, string name, string kind, CancellationToken stop) => SourceAsync(tenant, name, stop);

    public ValueTask<uint> TenantAsync(string name, CancellationToken stop) => new(name is "" ? OnlyTenant : name == "acme" ? 3u : 0u);

    public string NameOf(uint source) => sources.Single(s => s.Value == source).Key.Item2;
}

/// <summary>Intake on real sockets with a real journal, without the rest of the server.</summary>
internal sealed class IngestServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly bool owned;
    private JournalReader? reader;

    private IngestServer(WebApplication app, TestDirectory lookups, HttpClient http, string directory, bool owned) =>
        (this.app, Lookups, Http, Folder, this.owned) = (app, lookups, http, directory, owned);

    /// <summary>Data directory.</summary>
    public string Folder { get; }

    public TestDirectory Lookups { get; }
    public HttpClient Http { get; }
    public IngestGate Gate => app.Services.GetRequiredService<IngestGate>();
    public Backlog Backlog => app.Services.GetRequiredService<Backlog>();
    public IPEndPoint Udp => app.Services.GetRequiredService<SyslogService>().UdpEndpoints.First();
    public IPEndPoint Tcp => app.Services.GetRequiredService<SyslogService>().TcpEndpoints.First();
    public IPEndPoint Tls => app.Services.GetRequiredService<SyslogService>().TlsEndpoints.First();
    public IPEndPoint Relp => app.Services.GetRequiredService<SyslogService>().RelpEndpoints.First();
    public Palisade.Journal.Journal Journal => app.Services.GetRequiredService<Palisade.Journal.Journal>();

    /// <param name="folder">Data directory of a server before, which stays; null makes one of its own.</param>
    public static async Task<IngestServer> StartAsync(IngestOptions? ingest = null, TimeProvider? clock = null, string? folder = null)
    {
        var lookups = new TestDirectory();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var directory = folder ?? Directory.CreateTempSubdirectory("palisade-ingest-").FullName;
        var options = new ServerOptions
        {
            Data = new DataOptions { Directory = directory },
            Ingest = (ingest ?? new IngestOptions()) with { Syslog = (ingest?.Syslog ?? [new()]).Select(s => s with { Listen = "127.0.0.1:0" }).ToList(),
                SyslogTls = (ingest?.SyslogTls ?? []).Select(s => s with { Listen = "127.0.0.1:0" }).ToList(),
                Relp = (ingest?.Relp ?? []).Select(s => s with { Listen = "127.0.0.1:0" }).ToList() },
        };
        if (clock is not null) builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton<IIngestDirectory>(lookups);
        builder.Services.AddSingleton<IQuotaBook>(lookups);
        builder.Services.AddIngest(options);
        var app = builder.Build();
        app.MapIngest();
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new IngestServer(app, lookups, new HttpClient { BaseAddress = new Uri(address) }, directory, folder is null);
    }

    public ResendMemory Resends => app.Services.GetRequiredService<ResendMemory>();

    /// <summary>Records in the journal from its beginning.</summary>
    public int Records
    {
        get
        {
            using var all = Journal.Look(0);
            var batch = new JournalBatch();
            var records = 0;
            while (all.Read(batch, 4096) > 0)
                for (var i = 0; i < batch.Count; i++) records += batch.Header(i).Kind == FrameKind.Record ? 1 : 0;
            return records;
        }
    }

    /// <summary>Asks again until it holds, at most 20 seconds.</summary>
    public async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!holds()) await pause.WaitForNextTickAsync(patience.Token);
    }

    /// <summary>Next frames of the journal, read until there are as many of this kind; fails by the test's time-out.</summary>
    public async Task<List<(FrameHeader Header, byte[] Payload)>> ReadAsync(int count, byte kind = FrameKind.Record)
    {
        reader ??= app.Services.GetRequiredService<Palisade.Journal.Journal>().OpenReader("test");
        var frames = new List<(FrameHeader, byte[])>();
        var batch = new JournalBatch();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (frames.Count < count)
        {
            if (reader.Read(batch, 4096) == 0) { await reader.WaitAsync(patience.Token); continue; }
            for (var i = 0; i < batch.Count; i++)
                if (batch.Header(i).Kind == kind) frames.Add((batch.Header(i), batch.Payload(i).ToArray()));
        }
        return frames;
    }

    /// <summary>Says that what was read is done with, so that the journal may let go of it.</summary>
    public void CommitRead() => reader?.Commit(reader.Position);

    /// <summary>Reads from the first frame again.</summary>
    public void Rewind() => reader?.Seek(0);

    /// <summary>All refusals in the journal by reason, once there are as many.</summary>
    public async Task<Dictionary<IngestRefusal, long>> RefusalsAsync(long atLeast)
    {
        using var all = Journal.Look(0);
        var result = new Dictionary<IngestRefusal, long>();
        var batch = new JournalBatch();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (result.Values.Sum() < atLeast)
        {
            if (all.Read(batch, 4096) == 0) { await all.WaitAsync(patience.Token); continue; }
            for (var i = 0; i < batch.Count; i++)
            {
                if (batch.Header(i).Kind != FrameKind.Refusals) continue;
                var rest = batch.Payload(i);
                while (RefusalFrame.TryRead(ref rest, out var reason, out var count)) result[reason] = result.GetValueOrDefault(reason) + count;
            }
        }
        return result;
    }

    public Task<HttpResponseMessage> PostAsync(string path, byte[] body, string? authorization = "Bearer good-1", string? encoding = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        if (encoding is not null) request.Content.Headers.ContentEncoding.Add(encoding);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
        return Http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        reader?.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        if (owned) Directory.Delete(Folder, recursive: true);
    }
}
