using Microsoft.Win32.SafeHandles;
using Palisade.Engine.Parse.Records;

namespace Palisade.Server.Ingest;

/// <summary>How a turn ended. Replaced: other content stands in the file's place, and nothing of it was taken.</summary>
internal enum FileTurn { AtEnd, More, Full, Replaced }

/// <summary>Reads records of files (lines, elements of JSON documents) into the journal, one file at a time, in one buffer. Only whole ones, unless the file is over.</summary>
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
        var cutter = file.Cutter ?? Behind(file, at);
        var now = gate.NowMs;
        var turn = FileTurn.More;
        for (var end = at + TurnBytes; turn == FileTurn.More && at < end;)
        {
            var n = file.Unpacked is { } unpacked ? unpacked.Read(buffer.AsSpan(have)) : RandomAccess.Read(file.Handle!, buffer.AsSpan(have), at + have);
            // Looked at after reading: a file truncated and begun anew since the last look at the disk gave bytes of its next content.
            if (n > 0 && file.Handle is { } handle && !BeginsAsKnown(file, handle)) return FileTurn.Replaced;
            have += n;
            var used = Records(file, lane, at, have, n == 0 && over, now, ref cutter, ref turn);
            if (n == 0 && turn == FileTurn.More) turn = FileTurn.AtEnd;
            else if (turn == FileTurn.More && used == 0 && have == buffer.Length)
            {
                // A record longer than any may be: passed over up to its end, and only there counted.
                used = have - have % file.Encoding!.Value.Unit();
                cutter.Drop();
                (file.SkippedTo, file.Cutter) = (at + used, cutter);
            }
            buffer.AsSpan(used, have - used).CopyTo(buffer);
            (at, have) = (at + used, have - used);
        }
        if (file.Unpacked is { } left) (left.Carry, file.Cutter) = (buffer.AsSpan(0, have).ToArray(), cutter);
        return turn;
    }

    private static bool BeginsAsKnown(TrackedFile file, SafeFileHandle handle)
    {
        Span<byte> head = stackalloc byte[TrackedFile.HeadBytes];
        head = head[..file.HeadLength];
        return file.BeginsAs(head[..RandomAccess.Read(handle, head, 0)]);
    }

    /// <summary>After a restart: what stands before a place says whether it is within a document of many records.</summary>
    private static RecordCutter Behind(TrackedFile file, long at)
    {
        if (at == 0 || at <= file.Mark) return default;
        Span<byte> last = stackalloc byte[1];
        if (file.Unpacked is { } unpacked) last[0] = unpacked.Last;
        else if (RandomAccess.Read(file.Handle!, last, at - 1) == 0) return default;
        return RecordCutter.Behind(last[0]);
    }

    private void Prepare(TrackedFile file, TextEncoding asked)
    {
        if (file.Unpacked is { } unpacked && unpacked.Position < file.Offset) unpacked.SkipTo(file.Offset, buffer);
        if (file.Encoding is not null && file.Offset > 0) return;
        Span<byte> head = stackalloc byte[TextEncodings.HeadBytes];
        var n = file.Unpacked is { } zipped ? Math.Min(head.Length, zipped.Head.Length) : RandomAccess.Read(file.Handle!, head, 0);
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

    /// <summary>Takes the whole records of the buffer, and what is left of it where the file ends; returns how many bytes are done with.</summary>
    private int Records(TrackedFile file, IngestLane lane, long at, int have, bool ended, long now, ref RecordCutter cutter, ref FileTurn turn)
    {
        for (var used = 0; ;)
        {
            var before = cutter;
            if (!TryCut(file.Encoding!.Value, buffer.AsSpan(used, have - used), ended, ref cutter, out var start, out var length, out var taken)) return used + taken;
            if (!Take(file, lane, buffer.AsSpan(used + start, length), cutter.WasElement, at + used, at + used + taken, now))
            {
                cutter = before;
                turn = FileTurn.Full;
                return used;
            }
            if (file.Unpacked is null) file.Cutter = cutter;
            used += taken;
        }
    }

    // Documents of many records are looked for where their signs are single bytes.
    private static bool TryCut(TextEncoding encoding, ReadOnlySpan<byte> text, bool ended, ref RecordCutter cutter, out int start, out int length, out int used)
    {
        if (encoding is TextEncoding.Auto or TextEncoding.Utf8) return cutter.TryCut(text, ended, out start, out length, out used);
        var end = encoding.LineEnd(text);
        (start, length, used) = (0, end < 0 ? text.Length : end, end < 0 ? text.Length : end + encoding.Unit());
        if (end >= 0 || (ended && length > 0)) return true;
        used = 0;
        return false;
    }

    /// <summary>One record, or the end of one that was too long, into the journal with the offset behind it; false when there is no room.</summary>
    private bool Take(TrackedFile file, IngestLane lane, ReadOnlySpan<byte> line, bool element, long from, long to, long now)
    {
        var place = new SenderMark(file.Session, (ulong)to);
        if (from == 0 && !element && file.Mark <= line.Length) line = line[file.Mark..];
        var tooLong = file.SkippedTo > 0 || line.Length > options.MaxLineBytes;
        if (!tooLong)
        {
            line = transcoder.ToUtf8(line, file.Encoding!.Value);
            var refusal = line.IsEmpty ? IngestRefusal.None
                : line.Length > options.MaxLineBytes ? IngestRefusal.LineTooLong
                : gate.Append(lane, line, transcoder.Mark(element ? RecordEncodings.Json : RecordEncodings.Line), now, place, ref sequence);
            tooLong = refusal == IngestRefusal.LineTooLong;
            if (refusal != IngestRefusal.None && !tooLong) return false;
        }
        if (tooLong && !gate.TryRefuse(lane, IngestRefusal.LineTooLong, place, ref sequence)) return false;
        (file.Offset, file.SkippedTo) = (to, 0);
        return true;
    }
}
