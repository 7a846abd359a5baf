using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Palisade.Server.Tenants;

namespace Palisade.Server.Control;

/// <summary>For the migrations tool only: it compares models and never connects.</summary>
internal sealed class SqliteDesign : IDesignTimeDbContextFactory<SqliteControlDb>
{
    public SqliteControlDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteControlDb>().UseSqlite("Data Source=:memory:").Options, TenantContext.System);
}

/// <summary>For the migrations tool only: it compares models and never connects.</summary>
internal sealed class PostgresDesign : IDesignTimeDbContextFactory<PostgresControlDb>
{
    public PostgresControlDb CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresControlDb>().UseNpgsql("Host=localhost").Options, TenantContext.System);
}
