namespace Palisade.Server.Storage;

/// <summary>How the event store is.</summary>
public enum StorePhase { Starting, Ready, Restarting, Refused, Stopped }

/// <summary>State of the event store, for readiness and for whoever must wait for it.</summary>
public sealed class StoreState
{
    private readonly Lock gate = new();
    private TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StorePhase Phase { get; private set; }
    /// <summary>Why it is not ready; empty when it is.</summary>
    public string Reason { get; private set; } = "starting";
    /// <summary>Times the embedded store was started again after it had ended.</summary>
    public int Restarts { get; private set; }
    /// <summary>Process of the embedded store; 0: none.</summary>
    public int ProcessId { get; internal set; }

    public bool IsReady => Phase == StorePhase.Ready;

    /// <summary>Completes when the store is ready; faults when its schema is refused.</summary>
    public Task WaitReadyAsync(CancellationToken stop)
    {
        lock (gate) return ready.Task.WaitAsync(stop);
    }

    internal void Set(StorePhase phase, string reason = "")
    {
        lock (gate)
        {
            if (phase == StorePhase.Restarting && Phase != StorePhase.Restarting) Restarts++;
            Phase = phase;
            Reason = reason;
            if (phase == StorePhase.Ready) ready.TrySetResult();
            else if (phase == StorePhase.Refused) ready.TrySetException(new StorageException(reason));
            else if (ready.Task.IsCompleted) ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
