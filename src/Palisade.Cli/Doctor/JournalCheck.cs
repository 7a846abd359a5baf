using Palisade.Journal;

namespace Palisade.Cli.Doctor;

/// <summary>The doctor's look at the journal: every checksum, the order, the hash chain, and how to mend what is wrong.</summary>
internal static class JournalCheck
{
    /// <summary>Reads a journal folder, whether or not a server has it open.</summary>
    /// <returns>Is it whole, and what to tell the person, one line each.</returns>
    public static (bool Ok, IReadOnlyList<string> Lines) Examine(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory)) return (true, ["journal: not made yet; the first start makes it"]);
        JournalVerification verification;
        try
        {
            verification = Journal.Journal.Verify(directory, cancellationToken);
        }
        catch (UnauthorizedAccessException error)
        {
            return (false, [$"journal: {error.Message} Run this as the user that runs Palisade."]);
        }
        var lines = new List<string> { $"journal: {verification.Frames} records in {verification.Segments} segments, {verification.Bytes} bytes" };
        var ok = true;
        foreach (var damage in verification.Damages)
        {
            lines.Add($"journal: {damage}");
            lines.Add("         " + Advice(damage.Kind));
            // An unfinished write at the end is what a crash, or a server at work, leaves behind.
            ok &= damage.Kind == DamageKind.TornTail;
        }
        return (ok, lines);
    }

    private static string Advice(DamageKind kind) => kind switch
    {
        DamageKind.TornTail => "Nothing acknowledged is in it. A running server is just writing it; otherwise the next start cuts it.",
        DamageKind.NewerFormat => "Start the newer version, or restore a backup made by this one.",
        DamageKind.MissingRecords => "A segment was removed or cut by hand. The records are gone unless a backup holds them.",
        DamageKind.BrokenChain => "The segment before was changed after it was sealed. Check the disk and who can write the folder.",
        _ => "The disk gave back other bytes than were written. Check it (smartctl); readers step over the place and count it.",
    };
}
