using Microsoft.Win32.SafeHandles;

namespace Palisade.Journal;

/// <summary>
/// Reads a journal from a cursor's place on, durable records only. One thread at a time. Damage does not stop it: it says
/// so (<see cref="OnDamage"/>), counts it, and goes on with the next record that can be read.
/// </summary>
public sealed class JournalReader : IDisposable
{
    private readonly Journal journal;
    private readonly CursorFile cursor;
    private Segment? segment;
    private SafeFileHandle? handle;
    private long offset;
    private ulong last;

    internal JournalReader(Journal journal, CursorFile cursor)
    {
        this.journal = journal;
        this.cursor = cursor;
        last = cursor.Committed;
    }

    /// <summary>Name of the cursor.</summary>
    public string Name => cursor.Name;
    /// <summary>Last sequence committed: reading starts behind it after a restart.</summary>
    public ulong Committed => cursor.Committed;
    /// <summary>Last sequence read.</summary>
    public ulong Position => last;
    /// <summary>Damaged places met since it was opened.</summary>
    public int DamageCount { get; private set; }
    /// <summary>Bytes stepped over because of damage.</summary>
    public long DamagedBytes { get; private set; }
    /// <summary>The newest damage met; null while there is none.</summary>
    public JournalDamage? LastDamage { get; private set; }
    /// <summary>Told of each damaged place, once.</summary>
    public Action<JournalDamage>? OnDamage { get; set; }

    /// <summary>Goes to just behind a sequence, forward or back, without committing (an engine that replays from its snapshot).</summary>
    public void Seek(ulong sequence)
    {
        CloseSegment();
        last = sequence;
    }

    /// <summary>Fills the batch with up to <paramref name="maxRecords"/> records.</summary>
    /// <returns>How many; 0 when there is nothing new that is durable.</returns>
    /// <exception cref="JournalException">The segment was written by a newer version.</exception>
    public int Read(JournalBatch batch, int maxRecords)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        batch.Clear();
        while (batch.Count == 0)
        {
            if (segment is null && !OpenNext()) return 0;
            var durable = segment!.Durable;
            if (offset < durable)
            {
                Fill(batch, maxRecords, durable);
                continue;
            }
            // Sealed is set after the last advance: ask again, or the end of a segment could be missed.
            if (!segment.IsSealed || offset < segment.Durable) { if (offset < segment.Durable) continue; return 0; }
            if (!journal.HasSegmentAfter(segment)) return 0;
            var done = segment;
            CloseSegment();
            if (last < done.Last) last = done.Last;
        }
        return batch.Count;
    }

    /// <summary>Completes when there is something to read.</summary>
    /// <returns>False when the journal is closed and everything durable has been read.</returns>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = journal.NextDurableChange();
            if (journal.DurableSequence > last) return true;
            if (journal.IsClosed) return false;
            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Writes down, durably, that everything up to <paramref name="sequence"/> is done with, and lets go of segments nobody needs.</summary>
    /// <exception cref="InvalidOperationException">The reader only looks (<see cref="Journal.Look"/>).</exception>
    public void Commit(ulong sequence)
    {
        if (cursor.Name.Length == 0) throw new InvalidOperationException("A reader without a cursor has no place to write down.");
        if (sequence <= cursor.Committed) return;
        cursor.Save(sequence);
        journal.ReleaseConsumed();
    }

    public void Dispose() => CloseSegment();

    private bool OpenNext()
    {
        while (true)
        {
            var next = journal.SegmentFor(last + 1);
            if (next is null) return false;
            try
            {
                handle = next.OpenForReading();
            }
            catch (FileNotFoundException) when (!journal.Keeps(next))
            {
                // Released between the look-up and the open: it was behind every cursor. Look again.
                continue;
            }
            segment = next;
            offset = SegmentHeader.Bytes;
            return true;
        }
    }

    private void CloseSegment()
    {
        handle?.Dispose();
        handle = null;
        segment = null;
    }

    private void Fill(JournalBatch batch, int maxRecords, long durable)
    {
        var wanted = (int)Math.Min(durable - offset, Math.Clamp(maxRecords * 512L, 64 << 10, 4 << 20));
        batch.Require(wanted);
        var have = RandomAccess.Read(handle!, batch.Buffer.AsSpan(0, wanted), offset);
        var at = 0;
        while (batch.Count < maxRecords)
        {
            var check = FrameFormat.Check(batch.Buffer.AsSpan(at, have - at), out var length);
            if (check == FrameCheck.Short && at == 0 && durable - offset >= Math.Max(length, FrameFormat.HeaderBytes) && length > have)
            {
                batch.Require(length, have);
                have += RandomAccess.Read(handle!, batch.Buffer.AsSpan(have, length - have), offset + have);
                if (have >= length) continue;
            }
            if (check == FrameCheck.Short && at > 0) break;
            if (check == FrameCheck.Newer) throw new JournalException(JournalProblem.NewerFormat, $"{segment!.Path} holds records of a newer version of Palisade at offset {offset + at}.");
            if (check != FrameCheck.Ok)
            {
                if (at == 0) StepOver();
                break;
            }
            var frame = batch.Buffer.AsSpan(at, length);
            var sequence = FrameFormat.Sequence(frame);
            if (sequence > last)
            {
                last = sequence;
                if (FrameFormat.Kind(frame) is > 0 and <= FrameKind.HighestKnown) batch.Add(at);
            }
            at += length;
            if (at == have) break;
        }
        offset += at;
    }

    private void StepOver()
    {
        var (durable, durableSequence) = journal.DurableEnd(segment!);
        var scanner = new FrameScanner(handle!, offset, durable, last);
        var next = scanner.FindNext();
        var end = next < 0 ? durable : next;
        var damage = new JournalDamage(
            DamageKind.BadFrame, segment!.Path, offset, end - offset,
            next < 0 ? $"nothing can be read behind sequence {last}; going on with the next segment" : $"records behind sequence {last} cannot be read; going on at offset {next}");
        DamageCount++;
        DamagedBytes += damage.Bytes;
        LastDamage = damage;
        OnDamage?.Invoke(damage);
        offset = end;
        if (next < 0 && last < durableSequence) last = durableSequence;
    }
}
