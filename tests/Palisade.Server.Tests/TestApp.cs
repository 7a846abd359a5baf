using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Palisade.Engine;
using Palisade.Engine.Incidents;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Storage;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Tests;

/// <summary>The whole server in this process: real sockets, a data directory of its own, people who sign in as a browser does.</summary>
public sealed partial class TestApp : IAsyncDisposable
{
    public const string Password = "a long enough pass phrase 1";
    private const int AlertNode = 99;
    private static ulong sequence;
    private readonly WebApplication app;

    private TestApp(WebApplication app, ServerOptions options) => (this.app, Options) = (app, options);

    public static string Root { get; } = Path.GetFullPath(Path.Combine(Here(), "..", ".."));
    public ServerOptions Options { get; }
    public IServiceProvider Services => app.Services;
    public Uri Url => new(app.Urls.First(u => Options.Health.MetricsListen.Length == 0 || !u.EndsWith(Options.Health.MetricsListen[Options.Health.MetricsListen.LastIndexOf(':')..])));
    public ControlDbFactory Control => Service<ControlDbFactory>();

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    public T Service<T>() where T : notnull => app.Services.GetRequiredService<T>();

    /// <param name="with">A last word on the options.</param>
    /// <param name="store">Runs the embedded event store and the shipped content; else there is no event store.</param>
    public static async Task<TestApp> StartAsync(Func<ServerOptions, ServerOptions>? with = null, bool store = false, Action<IServiceCollection>? adjust = null)
    {
        var options = new ServerOptions
        {
            Data = new DataOptions { Directory = Directory.CreateTempSubdirectory("palisade-app-").FullName },
            Http = new HttpOptions { Listen = "127.0.0.1:0" },
            Identity = new SignInOptions { AttemptsPerMinute = 1000 },
            Storage = store ? new StorageOptions { QueryMemoryMiB = 100 } : new StorageOptions { Url = "http://127.0.0.1:9" },
        };
        options = options with { Ingest = options.Ingest with { Syslog = [.. options.Ingest.Syslog.Select(s => s with { Listen = "127.0.0.1:0" })] } };
        options = with?.Invoke(options) ?? options;
        Assert.Empty(options.Problems());
        var app = ServerHost.Build(options, services =>
        {
            services.AddLogging(l => l.ClearProviders());
            if (store)
            {
                services.AddSingleton(new StoreProgram(Path.Combine(AppContext.BaseDirectory, "Palisade.Store"), []));
                services.AddSingleton(_ => Content());
            }
            adjust?.Invoke(services);
        });
        await app.StartAsync();
        return new TestApp(app, options);
    }

    /// <summary>The shipped content.</summary>
    public static EngineSnapshot Content()
    {
        var folder = Path.Combine(Root, "content");
        return EngineContent.Load(Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(folder, f), File.ReadAllBytes(f))), out _);
    }

    /// <summary>A tenant with its owner, who is owner@SLUG.example.</summary>
    public async Task<Tenant> TenantAsync(string name)
    {
        var tenant = await Control.ChangeAsync(TenantContext.System, db => Service<TenantService>().CreateAsync(db, name, "test", Actor.System, CancellationToken.None), CancellationToken.None);
        Service<TenantService>().Changed();
        await MemberAsync(tenant, Role.Owner);
        return tenant;
    }

    public static string EmailOf(Tenant tenant, Role role) => $"{role.ToString().ToLowerInvariant()}@{tenant.Slug}.example";

    /// <summary>A person of a tenant, who has no other.</summary>
    public async Task<User> MemberAsync(Tenant tenant, Role role, string displayName = "")
    {
        await using var scope = app.Services.CreateAsyncScope();
        var user = scope.ServiceProvider.GetRequiredService<SignInService>().NewUser(EmailOf(tenant, role), Password, displayName);
        await Control.ChangeAsync(TenantContext.System, async db =>
        {
            db.Add(user);
            await Service<MembershipService>().AddAsync(db, tenant.Id, user, role, Actor.System, CancellationToken.None);
        }, CancellationToken.None);
        return user;
    }

    public async Task<string> TokenAsync(Tenant tenant, TokenScope scope, string name = "test", string? source = null) =>
        (await Control.ChangeAsync(new TenantContext(tenant.Id), db => Service<TokenService>().CreateAsync(db, tenant.Id, name, scope, source, null, Actor.System, CancellationToken.None), CancellationToken.None)).Token;

    /// <summary>A finding of a rule, next in the order of the journal.</summary>
    public static FindingProjection Finding(uint tenant, string title = "Test rule", string ip = "203.0.113.5", long timeMs = 1_790_000_000_000)
    {
        var at = Interlocked.Increment(ref sequence);
        return new()
        {
            Tenant = tenant, Source = 1, Sequence = at, EventId = at << 8 | AlertNode, TimeMs = timeMs,
            Rule = new RuleInfo("rule-" + title, title, title, FindingLevel.High, "sqli", [], "what", "what", "do", "do"),
            Outcome = AttackOutcome.Blocked, Site = "shop.example", SourceIp = ip, Raw = "GET /?q=%27"u8.ToArray(),
        };
    }

    /// <summary>Hands findings to the alerts as the stream does; the newest alert of the tenant.</summary>
    public async Task<Alert> AlertAsync(params FindingProjection[] findings)
    {
        await Service<IAlertSink>().ApplyAsync(AlertNode, findings, findings[0].Sequence, findings[^1].Sequence, CancellationToken.None);
        await using var db = Control.For(findings[0].Tenant);
        return await db.Set<Alert>().AsNoTracking().OrderByDescending(a => a.LastEventId).FirstAsync();
    }

    /// <summary>An incident as the engine gives it, with one address and one example; a version further than the one before.</summary>
    public static IncidentProjection Incident(uint tenant, string id, string title = "Test incident", string ip = "203.0.113.5", long version = 1, long timeMs = 1_790_000_000_000, AttackOutcome outcome = AttackOutcome.Blocked)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(timeMs);
        var outcomes = new long[5];
        outcomes[(int)outcome] = version;
        return new(tenant, id, version, null, new IncidentStory
        {
            Title = title, TitleZh = title, Account = title + " happened.", Advice = "Look at it.", Class = "sqli", Phase = AttackPhase.Exploit, Level = FindingLevel.High, Outcome = outcome, Score = 50,
            First = at, Last = at.AddMinutes(version), Count = version, Outcomes = outcomes, SourceCount = 1, Sources = [ip], Targets = ["/search"], Hosts = ["web-01"], Users = [],
            Steps = [new StoryStep("rule-a", title, title, "sqli", AttackPhase.Exploit, FindingLevel.High, "", ["T1190"], at, at.AddMinutes(version), version, outcome)],
        }, [new IncidentSource(ip, version, timeMs, timeMs + version * 60_000)],
        [new IncidentExample { EventId = Interlocked.Increment(ref sequence) << 8 | AlertNode, TimeMs = timeMs, Rule = "rule-a", Name = title, NameZh = title, Class = "sqli", Source = ip, Outcome = outcome, Raw = Encoding.UTF8.GetBytes(title) }], []);
    }

    public async Task<IncidentRow> IncidentAsync(IncidentProjection incident)
    {
        await Service<IIncidentSink>().ApplyAsync([incident], CancellationToken.None);
        await using var db = Control.For(incident.Tenant);
        return await db.Set<IncidentRow>().AsNoTracking().SingleAsync(i => i.Id == incident.Id);
    }

    public async Task<List<AuditEntry>> AuditAsync(uint tenant)
    {
        await using var db = tenant == 0 ? Control.ForSystem() : Control.For(tenant);
        return await db.Set<AuditEntry>().AsNoTracking().Where(e => e.TenantId == tenant).OrderBy(e => e.Sequence).ToListAsync();
    }

    /// <summary>Somebody without a session; cookies are kept, redirects are not followed.</summary>
    public HttpClient Stranger() => new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Url };

    public HttpClient WithToken(string token)
    {
        var client = Stranger();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>A member who signed in with the password, and works in the tenant.</summary>
    public async Task<HttpClient> SignedInAsync(Tenant tenant, Role role = Role.Owner)
    {
        var client = Stranger();
        using var answer = await PostFormAsync(client, "/sign-in", "/sign-in", ("email", EmailOf(tenant, role)), ("password", Password));
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
        client.DefaultRequestHeaders.Add("Palisade-Tenant", tenant.Slug);
        return client;
    }

    /// <summary>Reads the page for its anti-forgery field, then posts the form.</summary>
    public static async Task<HttpResponseMessage> PostFormAsync(HttpClient client, string page, string action, params (string Name, string Value)[] fields)
    {
        var html = await client.GetStringAsync(new Uri(page, UriKind.Relative));
        var token = ForgeryField().Match(html).Groups[1].Value;
        Assert.NotEmpty(token);
        var all = fields.Select(f => KeyValuePair.Create(f.Name, f.Value)).Append(KeyValuePair.Create("__RequestVerificationToken", token));
        return await client.PostAsync(new Uri(action, UriKind.Relative), new FormUrlEncodedContent(all));
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"", RegexOptions.None, 1000)]
    private static partial Regex ForgeryField();

    /// <summary>Asks again until it holds.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await holds())
        {
            try
            {
                await timer.WaitForNextTickAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"waited 120 s until {what}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(Options.Data.Directory, recursive: true);
    }
}
