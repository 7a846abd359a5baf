namespace Palisade.Server.Ingest;

/// <summary>One request on its way into the journal. It can pause: a body may be larger than what the journal holds in memory.</summary>
internal abstract class HecRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, BodyResend resend)
{
    private readonly long now = ingest.Gate.NowMs;
    private ulong sequence;
    private int repeated;

    protected IngestHttp Ingest => ingest;
    protected ReadOnlyMemory<byte> Body => body;
    protected RecordJson Record { get; } = new();
    protected int Offset { get; set; }

    /// <summary>Events met, good and bad.</summary>
    public int Events { get; protected set; }
    public int Accepted { get; private set; }
    /// <summary>Number, from 0, of the first event that was refused; -1 when none was.</summary>
    public int FirstBad { get; private set; } = -1;
    public HecCode FirstCode { get; private set; }
    /// <summary>Why the journal took no more.</summary>
    public IngestRefusal Stopped { get; private set; }
    /// <summary>Last record appended; 0: none, what came was stored already.</summary>
    public ulong Sequence => sequence;

    /// <summary>Appends events. False: wait until <see cref="Sequence"/> is durable, then go on.</summary>
    public abstract bool Go();

    /// <summary>Appends one; false when the journal has no room just now and there is something to wait for.</summary>
    protected bool TryAppend(ReadOnlySpan<byte> record, byte encoding, ulong begun)
    {
        if (record.Length <= ingest.Options.MaxLineBytes && repeated < resend.Repeated)
        {
            repeated++;
            Accepted++;
            ingest.Gate.Refuse(lane, IngestRefusal.Duplicate);
            return true;
        }
        var refusal = record.Length > ingest.Options.MaxLineBytes ? IngestRefusal.LineTooLong : ingest.Gate.Append(lane, record, encoding, now, resend.Mark, ref sequence);
        if (refusal == IngestRefusal.None) { Accepted++; resend.Kept(); }
        else if (refusal == IngestRefusal.JournalFull && sequence != begun) return false;
        else if (refusal == IngestRefusal.LineTooLong) Refuse(HecCode.TooLarge);
        else Stopped = refusal;
        return true;
    }

    protected void Refuse(HecCode code)
    {
        if (FirstBad < 0) (FirstBad, FirstCode) = (Events, code);
        ingest.Gate.Refuse(lane, code == HecCode.TooLarge ? IngestRefusal.LineTooLong : IngestRefusal.BadDocument);
    }
}

/// <summary>The event endpoint: JSON objects.</summary>
internal sealed class HecEventRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, BodyResend resend) : HecRun(ingest, lane, body, resend)
{
    /// <summary>The records of a body that would be kept.</summary>
    public static NextRecord Records(ReadOnlyMemory<byte> body, int maxLine)
    {
        var json = new RecordJson();
        return (ref int offset, out ReadOnlySpan<byte> record) =>
        {
            var decoder = new HecDecoder(body.Span[offset..], maxLine);
            while (decoder.TryRead(out var item))
            {
                if (item.Code != HecCode.Success) continue;
                HecRecord.Write(json, item);
                if (json.Length > maxLine) continue;
                record = json.Bytes;
                offset = body.Length - decoder.Remaining;
                return true;
            }
            record = default;
            return false;
        };
    }

    public override bool Go()
    {
        var begun = Sequence;
        var decoder = new HecDecoder(Body.Span[Offset..], Ingest.Options.MaxLineBytes);
        for (; Stopped == IngestRefusal.None; Events++)
        {
            var left = decoder.Remaining;
            if (!decoder.TryRead(out var item)) return true;
            if (item.Code != HecCode.Success) { Refuse(item.Code); continue; }
            HecRecord.Write(Record, item);
            if (TryAppend(Record.Bytes, RecordEncodings.Json, begun)) continue;
            Offset = Body.Length - left;
            return false;
        }
        return true;
    }
}

/// <summary>The raw endpoint: lines or elements of JSON documents, with what the address says of all of them.</summary>
internal sealed class HecRawRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, byte[] shared, BodyResend resend) : HecRun(ingest, lane, body, resend)
{
    /// <summary>The records of a body that would be kept.</summary>
    public static NextRecord Records(ReadOnlyMemory<byte> body, byte[] shared, int maxLine)
    {
        var json = new RecordJson();
        return (ref int offset, out ReadOnlySpan<byte> record) =>
        {
            var lines = new RecordSplitter(body.Span, offset);
            while (lines.TryRead(out var line))
            {
                if (shared.Length > 0) HecRecord.Write(json, shared, line);
                record = shared.Length > 0 ? json.Bytes : line;
                if (record.Length > maxLine) continue;
                offset = lines.Offset;
                return true;
            }
            record = default;
            return false;
        };
    }

    public override bool Go()
    {
        var begun = Sequence;
        var lines = new RecordSplitter(Body.Span, Offset);
        for (; Stopped == IngestRefusal.None; Events++)
        {
            var before = lines.Offset;
            if (!lines.TryRead(out var line)) return true;
            if (shared.Length > 0) HecRecord.Write(Record, shared, line);
            if (shared.Length > 0 ? TryAppend(Record.Bytes, RecordEncodings.Json, begun) : TryAppend(line, lines.Form, begun)) continue;
            Offset = before;
            return false;
        }
        return true;
    }
}
