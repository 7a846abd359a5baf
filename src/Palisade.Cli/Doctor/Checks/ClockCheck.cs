namespace Palisade.Cli.Doctor.Checks;

/// <summary>The clock: after the program's own build, kept by someone, in step with the monotonic one, and not behind the data.</summary>
internal sealed class ClockCheck : IDoctorCheck
{
    /// <summary>What a file of the data directory may lie ahead.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);
    /// <summary>Files looked at; the store has many, and the newest tell the most.</summary>
    private const int MostFiles = 50_000;

    private readonly DateTimeOffset wall = TimeProvider.System.GetUtcNow();
    private readonly long monotonic = TimeProvider.System.GetTimestamp();

    public string Name => "clock";
    public bool NeedsConfiguration => false;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var now = context.Clock.GetUtcNow();
        var found = new List<CheckResult>();
        var built = File.GetLastWriteTimeUtc(typeof(ClockCheck).Assembly.Location);
        if (now < built - TimeSpan.FromDays(1))
            found.Add(CheckResult.Missing($"the clock says {now:u}, which is before this program was built ({built:u})", "Set the clock (chrony, timedatectl set-ntp true): records without a time of their own get this one."));
        var drift = now - wall - context.Clock.GetElapsedTime(monotonic);
        if (drift.Duration() > TimeSpan.FromSeconds(1))
            found.Add(CheckResult.Warning($"the clock jumped by {drift.TotalSeconds:F1} s while this ran", "Something sets the clock in steps; let one NTP client keep it (chrony)."));
        if (Linux.ClockIsUnkept())
            found.Add(CheckResult.Warning("the kernel says that no NTP client keeps the clock", "Start one (chrony, systemd-timesyncd), on a virtual machine or in a container on its host; joining records of several hosts needs equal clocks."));
        if (Newest(context, stop) is { } newest && newest.Time > now + Tolerance)
            found.Add(CheckResult.Missing($"{newest.File} was written at {newest.Time:u}, but the clock says {now:u}", "The clock was set back, or the data comes from a machine whose clock runs ahead. Set the clock right before the next start."));
        if (found.Count == 0) found.Add(CheckResult.Ok($"{now:u}, kept by NTP, in step"));
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }

    private static (string File, DateTimeOffset Time)? Newest(DoctorContext context, CancellationToken stop)
    {
        if (context.ConfigurationProblems.Count > 0 || !Directory.Exists(context.Data)) return null;
        (string, DateTimeOffset Time)? newest = null;
        var all = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var file in new DirectoryInfo(context.Data).EnumerateFiles("*", all).Take(MostFiles))
        {
            stop.ThrowIfCancellationRequested();
            if (newest is null || file.LastWriteTimeUtc > newest.Value.Time) newest = (file.FullName, file.LastWriteTimeUtc);
        }
        return newest;
    }
}
