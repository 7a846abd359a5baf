namespace Palisade.Journal;

/// <summary>What is on disk when a journal is opened, after a torn tail was cut.</summary>
internal sealed record JournalOpening(
    List<Segment> Segments, ulong LastSequence, List<JournalRepair> Repairs, List<JournalDamage> Damages)
{
    /// <summary>Reads headers of all segments and every frame of the last one.</summary>
    /// <exception cref="JournalException">A segment was written by a newer version.</exception>
    public static JournalOpening Read(string directory, ulong committed)
    {
        var opening = new JournalOpening([], committed, [], []);
        var files = Segment.List(directory);
        for (var i = files.Count - 1; i >= 0; i--)
        {
            // From the newest back: a newest segment that never held a record goes, and the one before is the tail again.
            var (path, first) = files[i];
            if (!opening.AcceptHeader(path, first, isLast: opening.Segments.Count == 0)) continue;
            var segment = new Segment(path, first);
            if (opening.Segments.Count > 0)
            {
                segment.Advance(new FileInfo(path).Length, opening.Segments[0].First - 1);
                segment.Seal();
            }
            opening.Segments.Insert(0, segment);
        }
        if (opening.Segments.Count == 0) return opening;
        return opening with { LastSequence = Math.Max(committed, opening.ScanTail(opening.Segments[^1])) };
    }

    private bool AcceptHeader(string path, ulong first, bool isLast)
    {
        long length;
        SegmentHeader header;
        bool sound;
        using (var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            length = RandomAccess.GetLength(handle);
            var bytes = new byte[SegmentHeader.Bytes];
            var n = RandomAccess.Read(handle, bytes, 0);
            sound = SegmentHeader.TryDecode(bytes.AsSpan(0, n), out header);
        }
        if (sound && header.Version > SegmentHeader.CurrentVersion)
        {
            throw new JournalException(JournalProblem.NewerFormat,
                $"{path} has format version {header.Version}; this Palisade reads up to {SegmentHeader.CurrentVersion}. Start the newer version, or restore a backup made by this one.");
        }
        if (sound && header.First == first) return true;
        if (isLast && length <= SegmentHeader.Bytes)
        {
            // The crash came while the segment was begun: it never held a record.
            File.Delete(path);
            Posix.SyncDirectory(Path.GetDirectoryName(path)!);
            Repairs.Add(new JournalRepair(path, 0, length));
            return false;
        }
        Damages.Add(new JournalDamage(DamageKind.BadHeader, path, 0, SegmentHeader.Bytes, "the header cannot be read; the records behind it are kept"));
        return true;
    }

    private ulong ScanTail(Segment tail)
    {
        using var handle = File.OpenHandle(tail.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var end = RandomAccess.GetLength(handle);
        var scanner = new FrameScanner(handle, SegmentHeader.Bytes, end, tail.First - 1);
        while (true)
        {
            switch (scanner.Next())
            {
                case ScanStep.Frame:
                    break;
                case ScanStep.Damage:
                    Damages.Add(new JournalDamage(DamageKind.BadFrame, tail.Path, scanner.StepOffset, scanner.StepBytes, $"records behind sequence {scanner.LastSequence} cannot be read"));
                    break;
                case ScanStep.Newer:
                    throw new JournalException(JournalProblem.NewerFormat, $"{tail.Path} holds records of a newer version of Palisade at offset {scanner.StepOffset}.");
                case ScanStep.Tail:
                    RandomAccess.SetLength(handle, scanner.StepOffset);
                    RandomAccess.FlushToDisk(handle);
                    Repairs.Add(new JournalRepair(tail.Path, scanner.StepOffset, scanner.StepBytes));
                    tail.Advance(scanner.StepOffset, scanner.LastSequence);
                    return scanner.LastSequence;
                default:
                    // Frames that were written but not yet fsynced are now served to readers: make them durable first.
                    RandomAccess.FlushToDisk(handle);
                    tail.Advance(end, scanner.LastSequence);
                    return scanner.LastSequence;
            }
        }
    }
}
