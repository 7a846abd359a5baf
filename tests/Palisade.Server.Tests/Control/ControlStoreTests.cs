using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Palisade.Server.Alerts;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Incidents;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;
using Palisade.Server.Unparsed;
using Palisade.Server.Usage;

namespace Palisade.Server.Tests.Control;

[Collection(nameof(SqliteControl))]
public sealed class SqliteControlStoreTests(SqliteControl store) : ControlStoreTests(store);

[Collection(nameof(PostgresControl))]
public sealed class PostgresControlStoreTests(PostgresControl store) : ControlStoreTests(store);

/// <summary>What the control store promises, on each provider.</summary>
public abstract class ControlStoreTests(ControlFixture store)
{
    private static readonly CancellationToken Stop = CancellationToken.None;
    private TestApp App => store.App;

    [Fact]
    public async Task Migrations_make_every_table_from_nothing_and_a_second_start_changes_nothing()
    {
        await using var app = await store.NewAppAsync();
        await ControlMigrator.MigrateAsync(app.Control, app.Options, Stop);
        await using var db = app.Control.ForSystem();
        Assert.Equal(db.Database.GetMigrations(), await db.Database.GetAppliedMigrationsAsync());
        Assert.False(db.Database.HasPendingModelChanges(), "the model changed without a migration for this provider");
        foreach (var type in db.Model.GetEntityTypes()) Assert.True(Rows(db, type.ClrType).Count() >= 0);
    }

    [Fact]
    public async Task A_store_that_a_newer_version_wrote_is_refused()
    {
        var options = new ServerOptions { Control = await store.NewStoreAsync(), Data = new DataOptions { Directory = Directory.CreateTempSubdirectory("palisade-newer-").FullName } };
        await using var services = ServerHost.ControlOnly(options);
        await ServerHost.MigrateControlAsync(services, options, Stop);
        await using (var db = services.GetRequiredService<ControlDbFactory>().ForSystem())
            await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsHistory" ("MigrationId", "ProductVersion") VALUES ({"99991231000000_Future"}, {"99.0.0"})""");
        var refusal = await Assert.ThrowsAsync<DataDirectoryException>(() => ServerHost.MigrateControlAsync(services, options, Stop));
        Assert.Contains("newer version", refusal.Message);
        Assert.Contains("99991231000000_Future", refusal.Message);
        Directory.Delete(options.Data.Directory, recursive: true);
    }

    [Fact]
    public async Task A_context_of_one_tenant_sees_its_rows_of_every_table_and_no_others()
    {
        var tenants = new[] { await App.TenantAsync(store.NewName()), await App.TenantAsync(store.NewName()) };
        foreach (var tenant in tenants) await FillAsync(tenant);
        await using var all = App.Control.ForSystem();
        var owned = all.Model.GetEntityTypes().Select(t => t.ClrType).Where(t => typeof(ITenantOwned).IsAssignableFrom(t)).ToArray();
        Assert.NotEmpty(owned);
        foreach (var tenant in tenants)
        {
            await using var db = App.Control.For(tenant.Id);
            foreach (var type in owned)
            {
                var rows = Rows(db, type).Cast<ITenantOwned>().ToArray();
                Assert.True(rows.Length > 0, $"{type.Name}: this test stores none");
                Assert.All(rows, row => Assert.Equal(tenant.Id, row.TenantId));
            }
        }
        await using var nobody = App.Control.For(0);
        // What the platform's own people did stands under no tenant; nothing else does.
        Assert.All(owned, type => Assert.All(Rows(nobody, type).Cast<ITenantOwned>(), row => Assert.True(row is AuditEntry { TenantId: 0 })));
    }

    private async Task FillAsync(Tenant tenant)
    {
        await App.TokenAsync(tenant, TokenScope.Read);
        var finding = TestApp.Finding(tenant.Id);
        var alert = await App.AlertAsync(finding);
        var incident = await App.IncidentAsync(TestApp.Incident(tenant.Id, $"filled-{tenant.Id}") with { EventIds = [finding.EventId] });
        await App.Service<IncidentEdits>().CommentAsync(tenant.Id, incident.Id, "a remark", null, Actor.System, Stop);
        await App.Service<AlertEdits>().CommentAsync(tenant.Id, alert.Id, "seen", null, Actor.System, Stop);
        await App.Service<ISourceRegistry>().GetOrCreateAsync(tenant.Id, "web", Stop);
        App.Service<ISourceRegistry>().HostSeen(tenant.Id, "web-01", TimeProvider.System.GetUtcNow());
        var owner = (await App.Service<MembershipService>().MembersAsync(tenant.Id, Stop)).Single();
        App.Service<IUsageMeter>().UserActive(tenant.Id, owner.Id);
        foreach (var noted in App.Services.GetServices<INoted>()) await noted.FlushAsync(Stop);
        var now = TimeProvider.System.GetUtcNow();
        await using var db = App.Control.For(tenant.Id);
        db.Add(new UnparsedRow { TenantId = tenant.Id, Id = Guid.CreateVersion7(now), SourceId = 1, Count = 1, FirstSeen = now, LastSeen = now });
        db.Add(new OwnParser { TenantId = tenant.Id, Name = "paygate", Version = 1, Yaml = "name: paygate", Saved = now });
        db.Add(new ReparseJob { Id = 1_000_000 + tenant.Id, TenantId = tenant.Id, SourceId = 1, From = now, To = now, Asked = now });
        db.Add(new Palisade.Server.Rules.RuleChoice { TenantId = tenant.Id, RuleId = "a", Version = 1, Changed = now });
        db.Add(new Palisade.Server.Rules.OwnRule { TenantId = tenant.Id, RuleId = "a", Version = 1, Yaml = "title: a", Saved = now });
        db.Add(new Palisade.Server.Rules.RulePipeline { TenantId = tenant.Id, Name = "a", Version = 1, Yaml = "transformations: []", Saved = now });
        db.Add(new Palisade.Server.Rules.RulePlaceholders { TenantId = tenant.Id, Version = 1, Json = "{}", Saved = now });
        db.Add(new Palisade.Server.Mutes.MuteRow { TenantId = tenant.Id, Id = Guid.CreateVersion7(now), Number = 1, Reason = "known", Owner = "me", Conditions = "[]", Created = now, Expires = now });
        db.Add(new Palisade.Server.BusinessPages.BusinessPageRow { TenantId = tenant.Id, Site = "", Path = "/user/login", Chosen = "login" });
        await db.SaveChangesAsync(Stop);
    }

    private static IEnumerable<object> Rows(ControlDb db, Type type)
    {
        var set = typeof(DbContext).GetMethod(nameof(DbContext.Set), 1, [])!.MakeGenericMethod(type).Invoke(db, null)!;
        return ((IEnumerable<object>)set).ToArray();
    }

    [Fact]
    public async Task Changes_that_collide_are_tried_again_until_each_is_in()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var before = (await App.AuditAsync(tenant.Id)).Count;
        await Parallel.ForEachAsync(Enumerable.Range(0, 24), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (i, _) => await App.TokenAsync(tenant, TokenScope.Read, $"token {i}"));
        Assert.Equal(before + 24, (await App.AuditAsync(tenant.Id)).Count);
        await using var db = App.Control.For(tenant.Id);
        Assert.Equal(24, await db.Set<ApiToken>().CountAsync());
        Assert.True((await AuditLog.VerifyAsync(db, tenant.Id, Stop)).Intact);
    }

    [Theory, InlineData("detail"), InlineData("actor"), InlineData("time"), InlineData("hash"), InlineData("removed"), InlineData("put in")]
    public async Task A_change_of_the_audit_log_shows(string tampering)
    {
        var tenant = await App.TenantAsync(store.NewName());
        for (var i = 0; i < 6; i++) await App.TokenAsync(tenant, TokenScope.Read, $"token {i}");
        await using var db = App.Control.For(tenant.Id);
        var whole = await AuditLog.VerifyAsync(db, tenant.Id, Stop);
        Assert.True(whole is { Intact: true, Entries: >= 6, FirstBroken: null });
        var third = db.Set<AuditEntry>().Where(e => e.Sequence == 3);
        var later = TimeProvider.System.GetUtcNow().AddDays(1);
        if (tampering == "put in")
        {
            var last = await db.Set<AuditEntry>().AsNoTracking().OrderByDescending(e => e.Sequence).FirstAsync();
            last.Sequence++;
            db.Add(last);
            await db.SaveChangesAsync();
        }
        else
        {
            Assert.Equal(1, tampering switch
            {
                "detail" => await third.ExecuteUpdateAsync(s => s.SetProperty(e => e.Detail, "{}")),
                "actor" => await third.ExecuteUpdateAsync(s => s.SetProperty(e => e.ActorName, "somebody else")),
                "time" => await third.ExecuteUpdateAsync(s => s.SetProperty(e => e.At, later)),
                "hash" => await third.ExecuteUpdateAsync(s => s.SetProperty(e => e.Hash, new string('a', 64))),
                _ => await third.ExecuteDeleteAsync(),
            });
        }
        var broken = await AuditLog.VerifyAsync(db, tenant.Id, Stop);
        Assert.False(broken.Intact);
        Assert.Equal(tampering switch { "removed" => 4, "put in" => whole.Entries + 1, _ => 3 }, broken.FirstBroken);
    }

    [Fact]
    public async Task What_one_process_protects_another_on_the_same_store_reads()
    {
        await using var here = ServerHost.ControlOnly(App.Options);
        await using var there = ServerHost.ControlOnly(App.Options);
        var secret = here.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Protect("42");
        Assert.Equal("42", there.GetRequiredService<IDataProtectionProvider>().CreateProtector("test").Unprotect(secret));
        await using var db = App.Control.ForSystem();
        Assert.NotEmpty(await db.DataProtectionKeys.ToListAsync());
    }

    [Fact]
    public async Task A_token_is_known_until_it_is_revoked_or_expires_and_is_kept_as_a_hash_only()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var token = await App.TokenAsync(tenant, TokenScope.Write);
        var tokens = App.Service<TokenService>();
        var identity = await tokens.AuthenticateAsync(System.Text.Encoding.UTF8.GetBytes(token), Stop);
        Assert.Equal((tenant.Id, TokenScope.Write), (identity!.Tenant, identity.Scope));
        await tokens.FlushAsync(Stop);
        await using (var db = App.Control.For(tenant.Id))
        {
            var row = await db.Set<ApiToken>().AsNoTracking().SingleAsync();
            Assert.NotNull(row.LastUsed);
            Assert.DoesNotContain(token[12..], $"{row.Name}{row.Prefix}{row.Hash}");
            await db.Set<ApiToken>().ExecuteUpdateAsync(s => s.SetProperty(t => t.Expires, row.Created.AddSeconds(-1)));
        }
        Assert.Null(await new TokenService(App.Control, TimeProvider.System).AuthenticateAsync(System.Text.Encoding.UTF8.GetBytes(token), Stop));
        Assert.True(await tokens.RevokeAsync(tenant.Id, identity.TokenId, Actor.System, Stop));
        Assert.Null(await tokens.AuthenticateAsync(System.Text.Encoding.UTF8.GetBytes(token), Stop));
        Assert.Equal(["token.create", "token.revoke"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("token.")));
    }

    [Fact]
    public async Task A_source_is_made_once_by_its_first_records_and_refused_past_the_limit()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var registry = App.Service<ISourceRegistry>();
        var found = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => registry.GetOrCreateAsync(tenant.Id, "nginx", Stop).AsTask()));
        Assert.Single(found.Select(f => f.Source!.Id).Distinct());
        Assert.Equal(SourceRefusal.BadName, (await registry.GetOrCreateAsync(tenant.Id, "no spaces", Stop)).Refusal);
        var small = new SourceRegistry(App.Control, App.Options with { Sources = new SourcesOptions { MaxPerTenant = 1 } }, App.Service<Funnel>(), TimeProvider.System);
        Assert.Equal(SourceRefusal.TooMany, (await small.GetOrCreateAsync(tenant.Id, "another", Stop)).Refusal);
        var at = TimeProvider.System.GetUtcNow();
        registry.Seen(found[0].Source!.Id, at);
        registry.HostSeen(tenant.Id, "web\001", at);
        registry.HostSeen(tenant.Id, "web\001", at.AddMinutes(2));
        await registry.FlushAsync(Stop);
        registry.HostSeen(tenant.Id, "web\001", at.AddMinutes(4));
        await registry.FlushAsync(Stop);
        await using var db = App.Control.For(tenant.Id);
        Assert.Equal(at.ToUnixTimeMilliseconds(), (await db.Set<Source>().SingleAsync()).LastSeen!.Value.ToUnixTimeMilliseconds());
        var host = await db.Set<Host>().SingleAsync();
        Assert.Equal(("web\uFFFD01", at.AddMinutes(4).ToUnixTimeMilliseconds()), (host.Name, host.LastSeen.ToUnixTimeMilliseconds()));
    }

    [Fact]
    public async Task Usage_adds_up_by_day_and_the_first_event_is_noted_once()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var owner = (await App.Service<MembershipService>().MembersAsync(tenant.Id, Stop)).Single();
        var usage = App.Service<IUsageMeter>();
        DateTimeOffset? first = null;
        for (var round = 1; round <= 3; round++)
        {
            usage.Add(tenant.Id, 10, 1000);
            usage.UserActive(tenant.Id, owner.Id);
            await usage.FlushAsync(Stop);
            await using var db = App.Control.For(tenant.Id);
            var days = await db.Set<UsageDay>().ToListAsync();
            Assert.Equal((10L * round, 1000L * round), (days.Sum(d => d.Events), days.Sum(d => d.Bytes)));
            Assert.All(days, d => Assert.Equal(1, d.ActiveUsers));
            var noted = await db.Set<FunnelEvent>().SingleAsync(f => f.Step == FunnelStep.FirstEvent);
            Assert.Equal(first ??= noted.At, noted.At);
        }
    }

    [Fact]
    public async Task The_last_owner_stays_and_every_change_of_members_is_in_the_audit_log()
    {
        var tenant = await App.TenantAsync(store.NewName());
        var members = App.Service<MembershipService>();
        var owner = (await members.MembersAsync(tenant.Id, Stop)).Single();
        var viewer = await App.MemberAsync(tenant, Role.Viewer);
        Assert.Equal(MemberRefusal.LastOwner, await members.ChangeAsync(tenant.Id, owner.Id, Role.Admin, Actor.System, Stop));
        Assert.Equal(MemberRefusal.LastOwner, await members.ChangeAsync(tenant.Id, owner.Id, null, Actor.System, Stop));
        Assert.Equal(MemberRefusal.None, await members.ChangeAsync(tenant.Id, viewer.Id, Role.Owner, Actor.System, Stop));
        Assert.Equal(MemberRefusal.None, await members.ChangeAsync(tenant.Id, owner.Id, null, Actor.System, Stop));
        Assert.Equal(MemberRefusal.NotFound, await members.ChangeAsync(tenant.Id, owner.Id, Role.Viewer, Actor.System, Stop));
        Assert.Equal(MemberRefusal.Exists, await members.AddAsync(tenant.Id, viewer.Email!, Role.Viewer, Actor.System, Stop));
        Assert.Equal(MemberRefusal.NotFound, await members.AddAsync(tenant.Id, "nobody@nowhere.example", Role.Viewer, Actor.System, Stop));
        Assert.Equal(Role.Owner, await members.RoleAsync(viewer.Id, tenant.Id, Stop));
        Assert.Null(await members.RoleAsync(owner.Id, tenant.Id, Stop));
        Assert.Equal(["member.add", "member.add", "member.role", "member.remove"], (await App.AuditAsync(tenant.Id)).Select(e => e.Action).Where(a => a.StartsWith("member.")));
    }
}
