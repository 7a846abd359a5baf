namespace Palisade.Cli.Doctor.Checks;

/// <summary>Room to start, and room for the journal to grow to its budget.</summary>
internal sealed class DiskCheck : IDoctorCheck
{
    public string Name => "disk";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var folder = new DirectoryInfo(context.Data.TrimEnd('/'));
        while (!folder.Exists && folder.Parent is not null) folder = folder.Parent;
        var free = new DriveInfo(folder.FullName).AvailableFreeSpace;
        var least = context.Options.Data.MinimumFreeBytes;
        var budget = context.Options.Ingest.JournalBudgetBytes;
        var used = Directory.Exists(context.Journal) ? new DirectoryInfo(context.Journal).EnumerateFiles().Sum(f => f.Length) : 0;
        var found = new List<CheckResult>();
        if (free < least)
            found.Add(CheckResult.Missing($"{Mib(free)} are free below {folder.FullName}; a start needs {Mib(least)}", "Free some space, choose another disk with --data, or lower Data:MinimumFreeBytes."));
        else if (free < budget - used)
            found.Add(CheckResult.Warning($"the journal may grow by {Mib(budget - used)}, but {Mib(free)} are free", "Lower Ingest:JournalBudgetBytes or free some space. When the disk is full senders are told to wait; nothing acknowledged is lost."));
        else
            found.Add(CheckResult.Ok($"{Mib(free)} free; the journal uses {Mib(used)} of {Mib(budget)}"));
        if (used >= budget / 100 * 80)
            found.Add(CheckResult.Warning($"the journal has filled {100 * used / budget} % of its budget; at 95 % senders are told to wait", "See whether the event store is up (/readyz); raise Ingest:JournalBudgetBytes if it is and cannot follow."));
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }

    private static string Mib(long bytes) => $"{bytes >> 20:N0} MiB";
}
