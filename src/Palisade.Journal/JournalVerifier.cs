using System.Security.Cryptography;

namespace Palisade.Journal;

/// <summary>Reads every byte of a journal: checksums, order, hash chain, signatures.</summary>
internal static class JournalVerifier
{
    /// <summary>No signature over P-256 is longer than 72 bytes.</summary>
    private const int MaxSignatureBytes = 72;

    /// <param name="segments">In order.</param>
    /// <param name="ends">Durable bytes of each segment; a negative number means the whole file.</param>
    /// <param name="key">Judges the signatures; null: they are not looked at.</param>
    public static JournalVerification Verify(IReadOnlyList<(string Path, ulong First)> segments, IReadOnlyList<long> ends, ChainKey? key, CancellationToken cancellationToken)
    {
        var damages = new List<JournalDamage>();
        var frames = 0L;
        var bytes = 0L;
        byte[]? previousHash = null;
        var last = 0UL;
        JournalHead? sealedHead = null;
        var signed = 0;
        for (var i = 0; i < segments.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (path, first) = segments[i];
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);
            var end = ends[i] < 0 ? RandomAccess.GetLength(handle) : ends[i];
            var head = new byte[SegmentHeader.Bytes];
            var n = RandomAccess.Read(handle, head, 0);
            if (!SegmentHeader.TryDecode(head.AsSpan(0, (int)Math.Min(n, end)), out var header) || (header.Version <= SegmentHeader.CurrentVersion && header.First != first))
            {
                damages.Add(new JournalDamage(DamageKind.BadHeader, path, 0, Math.Min(end, SegmentHeader.Bytes), "the header cannot be read"));
            }
            else if (header.Version > SegmentHeader.CurrentVersion)
            {
                damages.Add(new JournalDamage(DamageKind.NewerFormat, path, 0, end, $"format version {header.Version}"));
                previousHash = null;
                continue;
            }
            else if (previousHash is not null && !header.Previous.Span.SequenceEqual(previousHash))
            {
                damages.Add(new JournalDamage(DamageKind.BrokenChain, path, 32, SegmentHeader.HashBytes, $"{Path.GetFileName(segments[i - 1].Path)} is not what this segment was chained to"));
            }
            if (i > 0 && first > last + 1)
            {
                damages.Add(new JournalDamage(DamageKind.MissingRecords, path, 0, 0, $"sequences {last + 1} to {first - 1} are missing before it"));
            }
            last = first - 1;
            var scanner = new FrameScanner(handle, Math.Min(SegmentHeader.Bytes, end), end, last);
            for (var step = scanner.Next(); step != ScanStep.End; step = scanner.Next())
            {
                if (step == ScanStep.Frame)
                {
                    frames++;
                    if (scanner.LastSequence != last + 1 && !EndsWithDamage(damages, path, scanner.StepOffset))
                    {
                        damages.Add(new JournalDamage(DamageKind.MissingRecords, path, scanner.StepOffset, 0, $"sequences {last + 1} to {scanner.LastSequence - 1} are missing before it"));
                    }
                    last = scanner.LastSequence;
                    continue;
                }
                damages.Add(Describe(step, path, scanner, isLast: i == segments.Count - 1));
                if (step == ScanStep.Newer) break;
            }
            bytes += end;
            previousHash = Hash(handle, end, cancellationToken);
            if (i == segments.Count - 1) continue;
            sealedHead = new JournalHead(path, last, Convert.ToHexStringLower(previousHash));
            if (key is null) continue;
            if (Unproven(path, key, previousHash, mustBeSigned: signed > 0) is { } unproven) damages.Add(unproven);
            else if (File.Exists(Segment.SignatureOf(path))) signed++;
        }
        return new JournalVerification(segments.Count, frames, bytes, damages) { Head = sealedHead, Signed = signed };
    }

    /// <param name="mustBeSigned">The one before is: none is written unsigned behind it.</param>
    private static JournalDamage? Unproven(string path, ChainKey key, byte[] hash, bool mustBeSigned)
    {
        var file = Segment.SignatureOf(path);
        // a segment that goes while it is read takes its signature along, itself first
        if (!File.Exists(file)) return mustBeSigned && File.Exists(path) ? new JournalDamage(DamageKind.NotSigned, path, 0, 0, $"{Path.GetFileName(file)} is missing") : null;
        if (new FileInfo(file).Length <= MaxSignatureBytes && key.Verify(hash, File.ReadAllBytes(file))) return null;
        return new JournalDamage(DamageKind.NotSigned, path, 0, 0, $"{Path.GetFileName(file)} is not the signature of what is written there");
    }

    private static JournalDamage Describe(ScanStep step, string path, FrameScanner scanner, bool isLast) => step switch
    {
        ScanStep.Newer => new JournalDamage(DamageKind.NewerFormat, path, scanner.StepOffset, 0, "records of a newer version"),
        ScanStep.Tail when isLast => new JournalDamage(DamageKind.TornTail, path, scanner.StepOffset, scanner.StepBytes, "the file ends in an unfinished write; the next start cuts it"),
        ScanStep.Tail => new JournalDamage(DamageKind.BadFrame, path, scanner.StepOffset, scanner.StepBytes, $"nothing can be read behind sequence {scanner.LastSequence}"),
        _ => new JournalDamage(DamageKind.BadFrame, path, scanner.StepOffset, scanner.StepBytes, $"records behind sequence {scanner.LastSequence} cannot be read"),
    };

    private static bool EndsWithDamage(List<JournalDamage> damages, string path, long offset) =>
        damages.Count > 0 && damages[^1].File == path && damages[^1].Offset + damages[^1].Bytes == offset;

    private static byte[] Hash(Microsoft.Win32.SafeHandles.SafeFileHandle handle, long end, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var n = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
            if (n == 0) break;
            hash.AppendData(buffer, 0, n);
            at += n;
        }
        return hash.GetHashAndReset();
    }
}
