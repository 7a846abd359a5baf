using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Palisade.Server.Tenants;

namespace Palisade.Server.Control;

/// <summary>
/// The control store: people and what they decide. One context; every slice describes its own tables in a
/// IEntityTypeConfiguration beside its entities. Rows of a tenant pass a filter by <see cref="TenantContext"/>.
/// </summary>
public abstract class ControlDb(DbContextOptions options, TenantContext tenant) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>Whose rows this context sees.</summary>
    public TenantContext Scope { get; } = tenant;

    private uint CurrentTenant => Scope.Tenant;
    private bool SeesEverything => Scope.Everything;

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<uint>().HaveConversion<long>();
        configurationBuilder.Properties<ulong>().HaveConversion<long>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(ControlDb).Assembly);
        modelBuilder.Entity<DataProtectionKey>().ToTable("data_protection_keys");
        foreach (var type in modelBuilder.Model.GetEntityTypes().Where(t => typeof(ITenantOwned).IsAssignableFrom(t.ClrType)).ToList())
        {
            typeof(ControlDb).GetMethod(nameof(FilterByTenant), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!
                .MakeGenericMethod(type.ClrType).Invoke(this, [modelBuilder]);
        }
    }

    private void FilterByTenant<T>(ModelBuilder modelBuilder) where T : class, ITenantOwned =>
        modelBuilder.Entity<T>().HasQueryFilter(row => SeesEverything || row.TenantId == CurrentTenant);

    /// <summary>Instants are whole milliseconds since 1970 on both providers: they sort and compare alike.</summary>
    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        at => at.ToUnixTimeMilliseconds(), ms => DateTimeOffset.FromUnixTimeMilliseconds(ms));
}

/// <summary>The control store in a file of the data directory.</summary>
public sealed class SqliteControlDb(DbContextOptions<SqliteControlDb> options, TenantContext tenant) : ControlDb(options, tenant);

/// <summary>The control store on a PostgreSQL server.</summary>
public sealed class PostgresControlDb(DbContextOptions<PostgresControlDb> options, TenantContext tenant) : ControlDb(options, tenant);
