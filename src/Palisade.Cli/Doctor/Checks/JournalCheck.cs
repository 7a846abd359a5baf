using Palisade.Journal;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Every byte of the journal: checksums, order, hash chain, signatures.</summary>
internal sealed class JournalCheck : IDoctorCheck
{
    public string Name => "journal";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        if (!Directory.Exists(context.Journal)) return Task.FromResult<IReadOnlyList<CheckResult>>([CheckResult.Ok("not made yet; the first start makes it")]);
        var publicFile = ChainKey.PublicFile(context.JournalKey);
        using var key = File.Exists(publicFile) ? ChainKey.Read(publicFile) : null;
        var seen = Journal.Journal.Verify(context.Journal, key, stop);
        var found = new List<CheckResult>();
        if (!seen.Damages.Any(d => d.Kind != DamageKind.TornTail))
        {
            found.Add(CheckResult.Ok($"{seen.Frames:N0} frames in {seen.Segments} segments, {seen.Bytes:N0} bytes; checksums and hash chain are right"));
            if (seen.Head is { } head)
                found.Add(CheckResult.Ok($"hash chain up to record {head.LastSequence}: {Path.GetFileName(head.File)} sha256 {head.Sha256}"));
            found.Add(Signatures(seen, key, publicFile));
        }
        foreach (var damage in seen.Damages)
        {
            // An unfinished write at the end is what a crash, or a server at work, leaves behind.
            found.Add(damage.Kind == DamageKind.TornTail ? CheckResult.Ok($"{damage}") : CheckResult.Wrong($"{damage}", Mend(damage.Kind)));
        }
        return Task.FromResult<IReadOnlyList<CheckResult>>(found);
    }

    /// <summary>All but the newest segment are signed, unless a version wrote them that did not sign yet.</summary>
    private static CheckResult Signatures(JournalVerification seen, ChainKey? key, string publicFile)
    {
        var full = Math.Max(0, seen.Segments - 1);
        if (key is null && full > 0)
            return CheckResult.Warning($"{full} full segments cannot be proven: {publicFile} is missing",
                "The next start puts it there again, and makes a key if there is none.");
        if (key is null || seen.Signed == full)
            return CheckResult.Ok(key is null ? "nothing to sign yet" : $"{seen.Signed} full segments, all signed by the key sha256 {key.Fingerprint}");
        return CheckResult.Warning($"{full - seen.Signed} of {full} full segments are not signed",
            "A version that did not sign yet wrote them, or somebody took the signatures away. They go once all of them is stored.");
    }

    private static string Mend(DamageKind kind) => kind switch
    {
        DamageKind.NewerFormat => "Start the newer version, or restore a backup made by this one.",
        DamageKind.MissingRecords => "A segment was removed or cut by hand. The records are gone unless a backup holds them.",
        DamageKind.NotSigned => "The segment, its signature or the key was changed by somebody without the key. Compare the key's fingerprint with the one you noted, and see who can write the folder.",
        DamageKind.BrokenChain => "The segment before was changed after it was sealed. Check the disk and who can write the folder.",
        _ => "The disk gave back other bytes than were written. Check it (smartctl); readers step over the place and count it.",
    };
}
