namespace Palisade.Server.Tests;

/// <summary>A clock whose timers of half a minute and more are moved by hand; shorter ones run by the real clock.</summary>
internal sealed class HandClock : TimeProvider
{
    private static readonly TimeSpan ByHand = TimeSpan.FromSeconds(20);
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private TaskCompletionSource armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TimeSpan ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
    public override long GetTimestamp() => System.GetTimestamp() + (long)(ahead.TotalSeconds * TimestampFrequency);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits until a long timer is set, then moves the clock past it.</summary>
    public async Task AdvanceWhenWaitingAsync(TimeSpan by)
    {
        Task waiting;
        lock (gate) waiting = timers.Count > 0 ? Task.CompletedTask : armed.Task;
        await waiting.WaitAsync(TimeSpan.FromSeconds(20));
        List<Timer> due;
        lock (gate)
        {
            ahead += by;
            due = [.. timers];
            timers.Clear();
        }
        due.ForEach(t => t.Fire());
    }

    /// <summary>Moves the clock; timers stay as they are.</summary>
    public void Advance(TimeSpan by)
    {
        lock (gate) ahead += by;
    }

    private void Arm(Timer timer, bool on)
    {
        lock (gate)
        {
            timers.Remove(timer);
            if (!on) return;
            timers.Add(timer);
            armed.TrySetResult();
            armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private sealed class Timer(HandClock clock, TimerCallback callback, object? state) : ITimer
    {
        private ITimer? real;

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            real?.Dispose();
            real = null;
            var longOne = dueTime >= ByHand;
            clock.Arm(this, longOne);
            if (!longOne && dueTime != Timeout.InfiniteTimeSpan) real = System.CreateTimer(callback, state, dueTime, period);
            return true;
        }

        public void Dispose() { clock.Arm(this, false); real?.Dispose(); }
        public ValueTask DisposeAsync() { Dispose(); return ValueTask.CompletedTask; }
    }
}
