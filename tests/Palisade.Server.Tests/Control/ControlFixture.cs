using Microsoft.Extensions.DependencyInjection;
using Palisade.Server.Control;

namespace Palisade.Server.Tests.Control;

/// <summary>A provider of the control store: a server on it that tests share, each with tenants of its own, and empty ones for those that need it.</summary>
public abstract class ControlFixture : IAsyncLifetime
{
    private int names;

    public TestApp App { get; private set; } = null!;

    /// <summary>Where an empty control store lies.</summary>
    public abstract Task<ControlOptions> NewStoreAsync();

    public async Task<TestApp> NewAppAsync(Action<IServiceCollection>? adjust = null)
    {
        var control = await NewStoreAsync();
        return await TestApp.StartAsync(o => o with { Control = control }, adjust: adjust);
    }

    public string NewName() => $"Tenant {Interlocked.Increment(ref names)}";

    public virtual async ValueTask InitializeAsync() => App = await NewAppAsync();

    public virtual async ValueTask DisposeAsync() => await App.DisposeAsync();
}

public sealed class SqliteControl : ControlFixture
{
    public override Task<ControlOptions> NewStoreAsync() => Task.FromResult(new ControlOptions());
}

public sealed class PostgresControl : ControlFixture
{
    private readonly PostgresCluster cluster = new();

    public override async Task<ControlOptions> NewStoreAsync() =>
        new() { Provider = ControlProvider.Postgresql, ConnectionString = await cluster.NewDatabaseAsync() };

    public override async ValueTask InitializeAsync()
    {
        await cluster.StartAsync();
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await cluster.DisposeAsync();
    }
}

[CollectionDefinition(nameof(SqliteControl))]
public sealed class SqliteCollection : ICollectionFixture<SqliteControl>;

[CollectionDefinition(nameof(PostgresControl))]
public sealed class PostgresCollection : ICollectionFixture<PostgresControl>;
