using Microsoft.EntityFrameworkCore;
using Palisade.Journal;
using Palisade.Server.Control;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;

namespace Palisade.Server.Health;

/// <summary>The journal takes records.</summary>
internal sealed class JournalCheck(Journal.Journal journal) : IReadinessCheck
{
    public string Name => "journal";

    public Task<string?> ProblemAsync(CancellationToken stop)
    {
        var usage = journal.Usage;
        return Task.FromResult(usage.Pressure == JournalPressure.Full ? $"The journal is full: {usage.Bytes} of {usage.BudgetBytes} bytes." : null);
    }
}

/// <summary>The stream runs and is not far behind.</summary>
internal sealed class StreamCheck(StreamWorker worker, HealthOptions options) : IReadinessCheck
{
    public string Name => "stream";

    public Task<string?> ProblemAsync(CancellationToken stop) => Task.FromResult(
        worker.Fault is { } fault ? $"The stream has ended: {fault}"
        : worker.Lag > (ulong)options.MaxLag ? $"{worker.Lag} records wait for the event store."
        : null);
}

/// <summary>The control store answers.</summary>
internal sealed class ControlCheck(ControlDbFactory control) : IReadinessCheck
{
    public string Name => "control";

    public async Task<string?> ProblemAsync(CancellationToken stop)
    {
        await using var db = control.ForSystem();
        return await db.Database.CanConnectAsync(stop) ? null : "The control store does not answer.";
    }
}

/// <summary>The event store is up and its schema is ours.</summary>
internal sealed class StoreCheck(StoreState store) : IReadinessCheck
{
    public string Name => "store";

    public Task<string?> ProblemAsync(CancellationToken stop) => Task.FromResult(store.IsReady ? null : $"The event store is not ready: {store.Reason}");
}
