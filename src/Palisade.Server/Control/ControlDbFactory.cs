using Microsoft.EntityFrameworkCore;
using Palisade.Server.Configuration;
using Palisade.Server.Tenants;

namespace Palisade.Server.Control;

/// <summary>Makes contexts. A context is short-lived: one unit of work, then disposed.</summary>
public sealed class ControlDbFactory
{
    /// <summary>The control store's file in the data directory.</summary>
    public const string FileName = "control.db";

    private readonly Func<TenantContext, ControlDb> create;

    public ControlDbFactory(ServerOptions options)
    {
        if (options.Control.Provider == ControlProvider.Postgresql)
        {
            var built = new DbContextOptionsBuilder<PostgresControlDb>().UseNpgsql(options.Control.ConnectionString).AddInterceptors(new TextParameters()).Options;
            create = scope => new PostgresControlDb(built, scope);
        }
        else
        {
            var built = new DbContextOptionsBuilder<SqliteControlDb>()
                .UseSqlite(SqliteSettings.ConnectionString(options.Data.PathOf(FileName)))
                .AddInterceptors(new SqliteSettings(), new TextParameters()).Options;
            create = scope => new SqliteControlDb(built, scope);
        }
    }

    /// <summary>Sees one tenant's rows.</summary>
    public ControlDb For(uint tenant) => create(new TenantContext(tenant));

    /// <summary>Sees every tenant's rows: for the server's own work, never for a request.</summary>
    public ControlDb ForSystem() => create(TenantContext.System);

    public ControlDb Create(TenantContext scope) => create(scope);
}
