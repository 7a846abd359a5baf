using Palisade.Server.Configuration;

namespace Palisade.Server.Control;

/// <summary>Brings the control store up to date before anything else starts.</summary>
internal sealed class ControlStart(ControlDbFactory factory, ServerOptions options) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => ControlMigrator.MigrateAsync(factory, options, cancellationToken);
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
