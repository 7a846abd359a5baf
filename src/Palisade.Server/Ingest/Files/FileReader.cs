namespace Palisade.Server.Ingest;

/// <summary>How a turn ended.</summary>
internal enum FileTurn { AtEnd, More, Full }

/// <summary>Reads lines of files into the journal, one file at a time, in one buffer. Only whole lines, unless the file is over.</summary>
internal sealed class FileReader(IngestGate gate, IngestOptions options)
{
    /// <summary>Most bytes of one file before the others have their turn.</summary>
    private const long TurnBytes = 4 << 20;
    private readonly byte[] buffer = new byte[Math.Max(256 << 10, options.MaxLineBytes + 8)];
    private readonly LineTranscoder transcoder = new();
    private ulong sequence;

    /// <summary>Last frame appended.</summary>
    public ulong Sequence => sequence;

    /// <summary>Reads on in an open file.</summary>
    /// <param name="over">Nothing more will be written: a last line without an end is a line.</param>
    public FileTurn Turn(TrackedFile file, IngestLane lane, TextEncoding asked, bool over)
    {
        over |= file.Unpacked is not null;
        Prepare(file, asked);
        var have = TakeCarry(file);
        var at = file.Unpacked is null ? Math.Max(file.Offset, file.SkippedTo) : file.Unpacked.Position - have;
        var now = gate.NowMs;
        var turn = FileTurn.More;
        for (var end = at + TurnBytes; turn == FileTurn.More && at < end;)
        {
            var n = file.Unpacked is { } unpacked ? unpacked.Read(buffer.AsSpan(have)) : RandomAccess.Read(file.Handle!, buffer.AsSpan(have), at + have);
            have += n;
            var used = Lines(file, lane, at, have, now, ref turn);
            if (n == 0 && turn == FileTurn.More)
            {
                turn = FileTurn.AtEnd;
                if (over && used < have && !Take(file, lane, buffer.AsSpan(used, have - used), at + used, at + have, now)) turn = FileTurn.Full;
                else if (over) used = have;
            }
            else if (turn == FileTurn.More && used == 0 && have == buffer.Length)
            {
                // A line longer than any may be: passed over up to its end, and only there counted.
                used = have - have % file.Encoding!.Value.Unit();
                file.SkippedTo = at + used;
            }
            buffer.AsSpan(used, have - used).CopyTo(buffer);
            (at, have) = (at + used, have - used);
        }
        if (file.Unpacked is { } left) left.Carry = buffer.AsSpan(0, have).ToArray();
        return turn;
    }

    private void Prepare(TrackedFile file, TextEncoding asked)
    {
        if (file.Unpacked is { } unpacked && unpacked.Position < file.Offset) unpacked.SkipTo(file.Offset, buffer);
        if (file.Encoding is not null && file.Offset > 0) return;
        Span<byte> head = stackalloc byte[4];
        var n = file.Unpacked is { } zipped ? Math.Min(4, zipped.Head.Length) : RandomAccess.Read(file.Handle!, head, 0);
        if (file.Unpacked is not null) file.Unpacked.Head[..n].CopyTo(head);
        (file.Encoding, file.Mark) = TextEncodings.Detect(head[..n], asked);
    }

    private int TakeCarry(TrackedFile file)
    {
        if (file.Unpacked is not { Carry.Length: > 0 } unpacked) return 0;
        unpacked.Carry.CopyTo(buffer, 0);
        var n = unpacked.Carry.Length;
        unpacked.Carry = [];
        return n;
    }

    /// <summary>Takes the whole lines of the buffer; returns how many bytes they had.</summary>
    private int Lines(TrackedFile file, IngestLane lane, long at, int have, long now, ref FileTurn turn)
    {
        var encoding = file.Encoding!.Value;
        for (var used = 0; ;)
        {
            var end = encoding.LineEnd(buffer.AsSpan(used, have - used));
            if (end < 0) return used;
            var next = used + end + encoding.Unit();
            if (!Take(file, lane, buffer.AsSpan(used, end), at + used, at + next, now))
            {
                turn = FileTurn.Full;
                return used;
            }
            used = next;
        }
    }

    /// <summary>One line, or the end of one that was too long, into the journal with the offset behind it; false when there is no room.</summary>
    private bool Take(TrackedFile file, IngestLane lane, ReadOnlySpan<byte> line, long from, long to, long now)
    {
        var place = new SenderMark(file.Session, (ulong)to);
        if (from == 0 && file.Mark <= line.Length) line = line[file.Mark..];
        var tooLong = file.SkippedTo > 0 || line.Length > options.MaxLineBytes;
        if (!tooLong)
        {
            line = transcoder.ToUtf8(line, file.Encoding!.Value);
            var refusal = line.IsEmpty ? IngestRefusal.None
                : line.Length > options.MaxLineBytes ? IngestRefusal.LineTooLong
                : gate.Append(lane, line, RecordEncodings.Line, now, place, ref sequence);
            tooLong = refusal == IngestRefusal.LineTooLong;
            if (refusal != IngestRefusal.None && !tooLong) return false;
        }
        if (tooLong && !gate.TryRefuse(lane, IngestRefusal.LineTooLong, place, ref sequence)) return false;
        (file.Offset, file.SkippedTo) = (to, 0);
        return true;
    }
}
