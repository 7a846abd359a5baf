using Palisade.Journal;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Every byte of the journal: checksums, order, hash chain.</summary>
internal sealed class JournalCheck : IDoctorCheck
{
    public string Name => "journal";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        if (!Directory.Exists(context.Journal)) return Task.FromResult<IReadOnlyList<CheckResult>>([CheckResult.Ok("not made yet; the first start makes it")]);
        var seen = Journal.Journal.Verify(context.Journal, stop);
        var found = new List<CheckResult>();
        if (!seen.Damages.Any(d => d.Kind != DamageKind.TornTail))
        {
            found.Add(CheckResult.Ok($"{seen.Frames:N0} frames in {seen.Segments} segments, {seen.Bytes:N0} bytes; checksums and hash chain are right"));
            if (seen.Head is { } head)
                found.Add(CheckResult.Ok($"hash chain up to record {head.LastSequence}: {Path.GetFileName(head.File)} sha256 {head.Sha256}"));
        }
        foreach (var damage in seen.Damages)
        {
            // An unfinished write at the end is what a crash, or a server at work, leaves behind.
            found.Add(damage.Kind == DamageKind.TornTail ? CheckResult.Ok($"{damage}") : CheckResult.Wrong($"{damage}", Mend(damage.Kind)));
        }
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }

    private static string Mend(DamageKind kind) => kind switch
    {
        DamageKind.NewerFormat => "Start the newer version, or restore a backup made by this one.",
        DamageKind.MissingRecords => "A segment was removed or cut by hand. The records are gone unless a backup holds them.",
        DamageKind.BrokenChain => "The segment before was changed after it was sealed. Check the disk and who can write the folder.",
        _ => "The disk gave back other bytes than were written. Check it (smartctl); readers step over the place and count it.",
    };
}
