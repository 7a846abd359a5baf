using Microsoft.Win32.SafeHandles;

namespace Palisade.Journal;

internal enum ScanStep : byte { Frame, Damage, Tail, Newer, End }

/// <summary>
/// Walks the frames of one segment, for opening, verifying and for finding the way again behind damage. A frame that
/// cannot be read is stepped over by looking, byte for byte, for the next place where a sound frame starts.
/// </summary>
internal sealed class FrameScanner(SafeFileHandle handle, long offset, long end, ulong lastSequence)
{
    /// <summary>A believable frame carries a sequence at most so far ahead of the one before.</summary>
    private const ulong MaxLeap = 1UL << 40;

    private byte[] window = new byte[1 << 20];
    private long windowStart = offset;
    private int windowLength;

    /// <summary>Where the next step starts.</summary>
    public long Offset { get; private set; } = offset;
    /// <summary>Where the last step started, and its bytes.</summary>
    public long StepOffset { get; private set; } = offset;
    public long StepBytes { get; private set; }
    /// <summary>Last sound frame's sequence.</summary>
    public ulong LastSequence { get; private set; } = lastSequence;

    /// <summary>Reads the next frame, or says what is there instead.</summary>
    public ScanStep Next()
    {
        StepOffset = Offset;
        StepBytes = 0;
        if (Offset >= end) return ScanStep.End;
        var check = CheckAt(Offset, out var length, out var sequence);
        if (check == FrameCheck.Newer) return ScanStep.Newer;
        if (check == FrameCheck.Ok)
        {
            LastSequence = sequence;
            StepBytes = length;
            Offset += length;
            return ScanStep.Frame;
        }
        var next = FindNext();
        StepBytes = (next < 0 ? end : next) - StepOffset;
        Offset = StepOffset + StepBytes;
        return next < 0 ? ScanStep.Tail : ScanStep.Damage;
    }

    /// <summary>Offset of the next sound frame behind the current place; -1 when there is none.</summary>
    public long FindNext()
    {
        for (var at = Offset + 1; at + FrameFormat.HeaderBytes <= end; at++)
        {
            Fill(at, FrameFormat.HeaderBytes);
            var head = window.AsSpan((int)(at - windowStart), FrameFormat.HeaderBytes);
            if (!IsPlausible(head, end - at)) continue;
            if (CheckAt(at, out _, out _) == FrameCheck.Ok) return at;
        }
        return -1;
    }

    private bool IsPlausible(ReadOnlySpan<byte> head, long room)
    {
        var length = FrameFormat.Length(head);
        if (length < FrameFormat.HeaderBytes || length > room || head[8] != FrameFormat.Version) return false;
        var sequence = FrameFormat.Sequence(head);
        return sequence > LastSequence && sequence - LastSequence < MaxLeap;
    }

    private FrameCheck CheckAt(long at, out int length, out ulong sequence)
    {
        sequence = 0;
        var available = Fill(at, FrameFormat.HeaderBytes);
        var check = FrameFormat.Check(window.AsSpan((int)(at - windowStart), available), out length);
        if (check == FrameCheck.Short && length > available && length <= end - at)
        {
            available = Fill(at, length);
            check = FrameFormat.Check(window.AsSpan((int)(at - windowStart), available), out length);
        }
        if (check != FrameCheck.Ok) return check;
        sequence = FrameFormat.Sequence(window.AsSpan((int)(at - windowStart)));
        return sequence > LastSequence ? FrameCheck.Ok : FrameCheck.Bad;
    }

    /// <summary>Makes the window hold bytes from <paramref name="at"/>, at least <paramref name="wanted"/> if the segment has them.</summary>
    private int Fill(long at, int wanted)
    {
        var have = windowStart + windowLength - at;
        if (at >= windowStart && have >= Math.Min(wanted, end - at)) return (int)have;
        if (window.Length < wanted) window = new byte[wanted];
        windowStart = at;
        windowLength = 0;
        var target = (int)Math.Min(window.Length, end - at);
        while (windowLength < target)
        {
            var n = RandomAccess.Read(handle, window.AsSpan(windowLength, target - windowLength), windowStart + windowLength);
            if (n == 0) break;
            windowLength += n;
        }
        return windowLength;
    }
}
