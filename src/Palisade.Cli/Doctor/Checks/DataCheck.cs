namespace Palisade.Cli.Doctor.Checks;

/// <summary>The data directory: is it ours, and only ours.</summary>
internal sealed class DataCheck : IDoctorCheck
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public string Name => "data";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var folder = context.Data.TrimEnd('/');
        if (!Directory.Exists(folder)) return Task.FromResult<IReadOnlyList<CheckResult>>([CheckResult.Ok($"{folder} is not made yet; the first start makes it")]);
        var found = new List<CheckResult>();
        foreach (var path in Directory.EnumerateFileSystemEntries(folder).Prepend(folder))
            if (Foreign(path) is { } text) found.Add(CheckResult.Missing(text, Mend(folder)));
        var mode = File.GetUnixFileMode(folder);
        if ((mode & Others) != 0) found.Add(CheckResult.Warning($"others may read or write {folder} ({Convert.ToString((int)mode, 8)})", $"chmod 700 {folder}"));
        if (found.Count == 0) found.Add(CheckResult.Ok($"{folder} belongs to {Linux.NameOf(Linux.User)}, and to nobody else"));
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }

    /// <summary>A sentence about a file that belongs to another user; null when it is ours.</summary>
    public static string? Foreign(string path) =>
        Linux.OwnerOf(path) is var owner && owner != Linux.User ? $"{path} belongs to {Linux.NameOf(owner)}; this runs as {Linux.NameOf(Linux.User)}" : null;

    /// <summary>What to do about it.</summary>
    public static string Mend(string folder) =>
        $"Run Palisade as the folder's owner, give it to the user that runs Palisade (chown -R USER {folder}), or choose another with --data.";
}
