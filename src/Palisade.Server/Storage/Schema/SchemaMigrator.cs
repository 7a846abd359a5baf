namespace Palisade.Server.Storage.Schema;

/// <summary>
/// Brings the event store's schema to this program's: the steps it lacks, then a column for each field of the catalogue that
/// has one. Running it again changes nothing; a newer schema is refused.
/// </summary>
internal sealed class SchemaMigrator(StoreClient store, ILogger<SchemaMigrator> log)
{
    /// <summary>Columns that intelligence and investigations ask for by exact value, backwards in time.</summary>
    private static readonly HashSet<string> Indexed = new(StringComparer.Ordinal) { "source_ip", "related_ip", "related_domain", "related_hash", "related_user" };

    public Task ApplyAsync(CancellationToken stop) => ApplyAsync(Migrations.All, stop);

    /// <exception cref="StorageException">The schema was written by a newer program, or a column has another type.</exception>
    internal async Task ApplyAsync(IReadOnlyList<Migration> migrations, CancellationToken stop)
    {
        await store.ExecuteAsync(Migrations.VersionTable, stop);
        var stored = Convert.ToInt32(await store.ScalarAsync("SELECT max(version) FROM schema_versions", stop));
        var known = migrations[^1].Version;
        if (stored > known)
            throw new StorageException($"the event store's schema is version {stored}; this program knows versions up to {known}. Start the newer program, or restore a backup made with this one.");
        foreach (var migration in migrations.Where(m => m.Version > stored))
        {
            foreach (var statement in migration.Statements) await store.ExecuteAsync(statement, stop);
            await store.ExecuteAsync("INSERT INTO schema_versions (version, name) SELECT {version:UInt32}, {name:String}", stop,
                new("version", "UInt32", migration.Version), new("name", "String", migration.Name));
            log.Migrated(migration.Version, migration.Name);
        }
        await AddColumnsAsync(stop);
    }

    private async Task AddColumnsAsync(CancellationToken stop)
    {
        var present = (await store.ReadAsync("SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'events'",
            row => (Name: row.GetString(0), Type: row.GetString(1)), stop)).ToDictionary(c => c.Name, c => c.Type, StringComparer.Ordinal);
        var changes = new List<string>();
        foreach (var column in EventColumns.All)
        {
            var type = column.Create().Type;
            if (!present.TryGetValue(column.Name, out var found))
            {
                changes.Add($"ADD COLUMN {column.Definition}");
                if (Indexed.Contains(column.Name)) changes.Add($"ADD INDEX ix_{column.Name} {column.Name} TYPE bloom_filter(0.01) GRANULARITY 1");
            }
            else if (found != type)
            {
                throw new StorageException($"column {column.Name} of the event store is {found}, the field catalogue makes it {type}. A column's type cannot change: give the field {column.Ecs} a new column name.");
            }
        }
        if (changes.Count == 0) return;
        await store.ExecuteAsync("ALTER TABLE events " + string.Join(", ", changes), stop);
        log.ColumnsAdded(changes.Count);
    }
}
