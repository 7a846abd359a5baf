using System.Net;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;
using Palisade.Server.Tests.Control;
using Palisade.Server.Tokens;
using Palisade.Server.Usage;

namespace Palisade.Server.Tests.Identity;

[Collection(nameof(SqliteControl))]
public sealed class SqliteAccountTests(SqliteControl store) : AccountTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresAccountTests(PostgresControl store) : AccountTests(store);

/// <summary>Accounts as a browser meets them, on each provider.</summary>
public abstract class AccountTests(ControlFixture store)
{
    private const string NewPassword = "quite another pass phrase 2";
    private static readonly CancellationToken Stop = CancellationToken.None;
    private TestApp App => store.App;

    /// <summary>The real time, moved by hand.</summary>
    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }

    private static string Location(HttpResponseMessage answer) => answer.Headers.Location?.OriginalString ?? answer.StatusCode.ToString();

    private static Task<HttpResponseMessage> SignIn(HttpClient client, Tenant tenant, string password) =>
        TestApp.PostFormAsync(client, "/sign-in", "/sign-in", ("email", TestApp.EmailOf(tenant, Role.Owner)), ("password", password));

    [Fact]
    public async Task The_set_up_link_works_once_and_makes_tenant_owner_and_session()
    {
        await using var app = await store.NewAppAsync();
        string old, code;
        await using (var scope = app.Services.CreateAsyncScope())
        {
            var service = scope.ServiceProvider.GetRequiredService<SignInService>();
            old = (await service.NewSetupCodeAsync(Stop))!;
            code = (await service.NewSetupCodeAsync(Stop))!;
        }
        (string, string)[] Form(string c, string email, string password = TestApp.Password) =>
            [("code", c), ("name", new string('n', 300)), ("email", email), ("password", password), ("tenant", "Lanqiao Pay")];
        Task<HttpResponseMessage> Post(HttpClient client, params (string, string)[] form) => TestApp.PostFormAsync(client, "/setup?code=" + code, "/setup", form);
        using var first = app.Stranger();
        Assert.EndsWith("error=code", Location(await Post(first, Form(old, "a@example.com"))));
        Assert.EndsWith("error=email", Location(await Post(first, Form(code, "no mail"))));
        Assert.EndsWith("error=password", Location(await Post(first, Form(code, "a@example.com", "short"))));
        // Two at once: one is the owner, the other finds the link used.
        using var second = app.Stranger();
        var answers = await Task.WhenAll(Post(first, Form(code, "a@example.com")), Post(second, Form(code, "b@example.com")));
        Assert.Equal(["/account/totp?first=1", "error=code"], answers.Select(Location).Select(l => l.Contains("error=") ? l[l.IndexOf("error=", StringComparison.Ordinal)..] : l).Order());
        Assert.EndsWith("error=code", Location(await Post(second, Form(code, "c@example.com"))));

        await using var db = app.Control.ForSystem();
        Assert.Equal(Role.Owner, (await db.Set<Membership>().SingleAsync()).Role);
        Assert.Equal(120, (await db.Set<User>().SingleAsync()).DisplayName.Length);
        Assert.Equal(FunnelStep.SignUp, (await db.Set<FunnelEvent>().SingleAsync()).Step);
        var audit = await db.Set<AuditEntry>().OrderBy(e => e.Sequence).ToListAsync();
        Assert.Equal(["tenant.create", "member.add"], audit.Select(e => e.Action));
        Assert.All(audit, e => Assert.Equal("127.0.0.1", e.Address));
        await using var again = app.Services.CreateAsyncScope();
        Assert.Null(await again.ServiceProvider.GetRequiredService<SignInService>().NewSetupCodeAsync(Stop));
    }

    [Fact]
    public async Task Wrong_passwords_lock_the_account_and_time_opens_it()
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var client = App.Stranger();
        Assert.StartsWith("/sign-in?error=credentials", Location(await TestApp.PostFormAsync(client, "/sign-in", "/sign-in", ("email", "nobody@nowhere.example"), ("password", "x"))));
        for (var i = 1; i < App.Options.Identity.LockoutAttempts; i++) Assert.StartsWith("/sign-in?error=credentials", Location(await SignIn(client, tenant, "wrong " + i)));
        Assert.StartsWith("/sign-in?error=locked", Location(await SignIn(client, tenant, "wrong")));
        Assert.StartsWith("/sign-in?error=locked", Location(await SignIn(client, tenant, TestApp.Password)));
        await using (var db = App.Control.ForSystem())
        {
            var ended = TimeProvider.System.GetUtcNow().AddSeconds(-1);
            var email = TestApp.EmailOf(tenant, Role.Owner);
            var user = await db.Set<User>().SingleAsync(u => u.Email == email);
            Assert.InRange(user.LockoutEnd!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(App.Options.Identity.LockoutMinutes - 5), TimeSpan.FromMinutes(App.Options.Identity.LockoutMinutes));
            await db.Set<User>().Where(u => u.Id == user.Id).ExecuteUpdateAsync(s => s.SetProperty(u => u.LockoutEnd, ended));
        }
        Assert.Equal("/", Location(await SignIn(client, tenant, TestApp.Password)));
    }

    [Fact]
    public async Task A_code_is_asked_for_once_set_up_and_each_code_works_once()
    {
        var clock = new MovedClock();
        await using var app = await store.NewAppAsync(s => s.AddSingleton<TimeProvider>(clock));
        var tenant = await app.TenantAsync(store.NewName());
        using var client = await app.SignedInAsync(tenant);
        var page = await client.GetStringAsync(new Uri("/account/totp", UriKind.Relative));
        byte[] secret;
        await using (var scope = app.Services.CreateAsyncScope())
        {
            var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
            var text = (await users.GetAuthenticatorKeyAsync((await users.FindByEmailAsync(TestApp.EmailOf(tenant, Role.Owner)))!))!;
            Assert.Contains(text, page);
            secret = TokenText.FromBase32(text);
        }
        string Code() => Totp.CodeAt(secret, clock.GetUtcNow());
        Task<HttpResponseMessage> Give(HttpClient to, string code) => TestApp.PostFormAsync(to, "/sign-in/code", "/sign-in/code", ("code", code));
        Assert.Equal("/account/totp?error=code", Location(await TestApp.PostFormAsync(client, "/account/totp", "/account/totp", ("code", "000000"))));
        var first = Code();
        Assert.Equal("/", Location(await TestApp.PostFormAsync(client, "/account/totp", "/account/totp", ("code", first))));

        using var other = app.Stranger();
        Assert.StartsWith("/sign-in/code", Location(await SignIn(other, tenant, TestApp.Password)));
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync(new Uri("/api/v1/tenant", UriKind.Relative))).StatusCode);
        Assert.StartsWith("/sign-in/code?error=code", Location(await Give(other, first)));
        clock.Ahead += TimeSpan.FromMinutes(4);
        Assert.StartsWith("/sign-in/code?error=code", Location(await Give(other, first)));
        var (code, answers) = (Code(), new List<string>());
        using var third = app.Stranger();
        Assert.StartsWith("/sign-in/code", Location(await SignIn(third, tenant, TestApp.Password)));
        foreach (var to in new[] { other, third }) answers.Add(Location(await Give(to, code)));
        Assert.Equal(["/", "/sign-in/code?error=code"], answers);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync(new Uri("/api/v1/tenant", UriKind.Relative))).StatusCode);

        Assert.Equal("/account/totp?error=password", Location(await TestApp.PostFormAsync(other, "/account/totp", "/account/totp/off", ("password", "wrong"))));
        Assert.Equal("/account/totp", Location(await TestApp.PostFormAsync(other, "/account/totp", "/account/totp/off", ("password", TestApp.Password))));
        Assert.Equal("/", Location(await SignIn(third, tenant, TestApp.Password)));
        var entries = (await app.AuditAsync(tenant.Id)).Where(e => e.Action.StartsWith("user.")).ToList();
        Assert.Equal(["user.totp_on", "user.totp_off"], entries.Select(e => e.Action));
        Assert.All(entries, e => Assert.Equal("127.0.0.1", e.Address));
    }

    [Fact]
    public async Task A_new_password_ends_every_other_session()
    {
        var tenant = await App.TenantAsync(store.NewName());
        using var here = await App.SignedInAsync(tenant);
        using var there = await App.SignedInAsync(tenant);
        var who = new Uri("/api/v1/tenant", UriKind.Relative);
        Assert.Equal(HttpStatusCode.OK, (await there.GetAsync(who)).StatusCode);
        Assert.Equal("/account?error=current", Location(await TestApp.PostFormAsync(here, "/account/totp", "/account/password", ("current", "wrong"), ("password", NewPassword))));
        Assert.Equal("/account?error=password", Location(await TestApp.PostFormAsync(here, "/account/totp", "/account/password", ("current", TestApp.Password), ("password", "short"))));
        Assert.Equal("/account?changed=1", Location(await TestApp.PostFormAsync(here, "/account/totp", "/account/password", ("current", TestApp.Password), ("password", NewPassword))));
        Assert.Equal(HttpStatusCode.OK, (await here.GetAsync(who)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await there.GetAsync(who)).StatusCode);
        using var later = App.Stranger();
        Assert.StartsWith("/sign-in?error=credentials", Location(await SignIn(later, tenant, TestApp.Password)));
        Assert.Equal("/", Location(await SignIn(later, tenant, NewPassword)));
        var entry = Assert.Single(await App.AuditAsync(tenant.Id), e => e.Action == "user.password");
        Assert.Equal(("user", TestApp.EmailOf(tenant, Role.Owner), "127.0.0.1"), (entry.ActorKind, entry.ActorName, entry.Address));
    }

    [Fact]
    public async Task Open_pages_end_with_the_session_when_the_person_loses_the_place_and_not_before()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var (gone, lesser, stays) = (await App.MemberAsync(tenant, Role.Admin), await App.MemberAsync(tenant, Role.Analyst), await App.MemberAsync(tenant, Role.Viewer));
        await using var scopes = new Scopes(App, gone, lesser, stays);
        var members = App.Service<MembershipService>();
        Assert.Equal(MemberRefusal.None, await members.ChangeAsync(tenant.Id, gone.Id, null, Actor.System, Stop));
        Assert.Equal(MemberRefusal.None, await members.ChangeAsync(tenant.Id, lesser.Id, Role.Viewer, Actor.System, Stop));
        Assert.Equal(MemberRefusal.None, await members.ChangeAsync(tenant.Id, stays.Id, Role.Responder, Actor.System, Stop));
        await Task.WhenAll(scopes.Ended(gone), scopes.Ended(lesser)).WaitAsync(TimeSpan.FromSeconds(90));
        Assert.False(scopes.Ended(stays).IsCompleted);
    }

    /// <summary>The connections of open pages, one a person.</summary>
    private sealed class Scopes : IAsyncDisposable
    {
        private readonly Dictionary<Guid, (AsyncServiceScope Scope, TaskCompletionSource Ended)> open = [];

        public Scopes(TestApp app, params User[] people)
        {
            foreach (var person in people)
            {
                var scope = app.Services.CreateAsyncScope();
                var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var provider = scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>();
                var state = Task.FromResult(new AuthenticationState(SignInService.Principal(person, Access.People)));
                Assert.IsAssignableFrom<IHostEnvironmentAuthenticationStateProvider>(provider).SetAuthenticationState(state);
                provider.AuthenticationStateChanged += async next =>
                {
                    if ((await next).User.Identity?.IsAuthenticated != true) ended.TrySetResult();
                };
                open.Add(person.Id, (scope, ended));
            }
        }

        public Task Ended(User person) => open[person.Id].Ended.Task;

        public async ValueTask DisposeAsync()
        {
            foreach (var (scope, _) in open.Values) await scope.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_operator_is_a_realm_of_its_own_with_lock_out_and_codes_that_work_once()
    {
        var clock = new MovedClock();
        await using var app = await store.NewAppAsync(s => s.AddSingleton<TimeProvider>(clock));
        var operators = app.Service<OperatorService>();
        await app.Control.ChangeAsync(TenantContext.System, db => operators.SetAsync(db, "Op@Platform.example", TestApp.Password, Actor.CommandLine, Stop), Stop);
        Task<(SignInOutcome Outcome, Operator? Operator)> Try(string password, string code = "") => operators.SignInAsync("op@platform.example", password, code, "192.0.2.7", Stop);
        Assert.Equal(SignInOutcome.Ok, (await Try(TestApp.Password)).Outcome);
        Assert.Equal(SignInOutcome.WrongCredentials, (await operators.SignInAsync("nobody@platform.example", TestApp.Password, "", "192.0.2.7", Stop)).Outcome);
        for (var i = 0; i < app.Options.Identity.LockoutAttempts; i++) Assert.Equal(SignInOutcome.WrongCredentials, (await Try("wrong")).Outcome);
        Assert.Equal(SignInOutcome.Locked, (await Try(TestApp.Password)).Outcome);
        clock.Ahead += TimeSpan.FromMinutes(app.Options.Identity.LockoutMinutes + 1);
        Assert.Equal(SignInOutcome.Ok, (await Try(TestApp.Password)).Outcome);
        var secret = TokenText.FromBase32((await operators.NewTotpAsync("op@platform.example", Actor.CommandLine, Stop))!);
        Assert.Equal(SignInOutcome.WrongCredentials, (await Try(TestApp.Password)).Outcome);
        var code = Totp.CodeAt(secret, clock.GetUtcNow());
        Assert.Equal(SignInOutcome.Ok, (await Try(TestApp.Password, code)).Outcome);
        Assert.Equal(SignInOutcome.WrongCredentials, (await Try(TestApp.Password, code)).Outcome);
        Assert.Equal(["operator.set", "operator.sign_in", "operator.sign_in", "operator.totp", "operator.sign_in"], (await app.AuditAsync(0)).Select(e => e.Action));
    }
}
