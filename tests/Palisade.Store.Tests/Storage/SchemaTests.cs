using Microsoft.Extensions.DependencyInjection;
using Palisade.Server.Storage;
using Palisade.Server.Storage.Schema;

namespace Palisade.Store.Tests.Storage;

public sealed class SchemaTests(SharedStore shared) : IClassFixture<SharedStore>
{
    private TestStore Store => shared.Value;

    [Fact]
    public async Task An_empty_folder_gets_every_table_and_a_column_for_each_catalogued_field()
    {
        Assert.Equal(Migrations.All[^1].Version, await Store.NumberAsync("SELECT max(version) FROM schema_versions"));
        Assert.Equal(4, await Store.NumberAsync("SELECT count() FROM system.tables WHERE database = 'default' AND name IN ('events', 'findings', 'attack_hours', 'attack_hours_mv')"));
        Assert.Equal(13 + EventColumns.All.Count, await Store.NumberAsync("SELECT count() FROM system.columns WHERE database = 'default' AND table = 'events'"));
    }

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        const string Shape = "SELECT toInt64(cityHash64(groupArray((table, name, type, position))) / 2) FROM (SELECT * FROM system.columns WHERE database = 'default' ORDER BY table, position)";
        var before = await Store.NumberAsync(Shape);
        await Store.Services.GetRequiredService<SchemaMigrator>().ApplyAsync(CancellationToken.None);
        Assert.Equal(before, await Store.NumberAsync(Shape));
        Assert.Equal(Migrations.All.Count, await Store.NumberAsync("SELECT count() FROM schema_versions"));
    }

    [Fact]
    public async Task A_schema_of_a_newer_program_is_refused()
    {
        Migration[] older = [new(0, "before all", [])];
        var refused = await Assert.ThrowsAsync<StorageException>(() => Store.Services.GetRequiredService<SchemaMigrator>().ApplyAsync(older, CancellationToken.None));
        Assert.Contains("newer", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_is_found_above_the_program()
    {
        var root = TestStore.NewFolder();
        var below = Path.Combine(root, "node_modules/@chdb/lib-linux-x64-gnu");
        Directory.CreateDirectory(below);
        try
        {
            var library = Path.Combine(below, "libchdb.so");
            File.WriteAllBytes(library, []);
            Assert.Equal(library, LibraryLocator.Find(null, null, [Path.Combine(root, "artifacts/bin/some/release")]));
            Assert.Throws<StoreStartException>(() => LibraryLocator.Find(Path.Combine(root, "missing.so"), null, [root]));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }
}
