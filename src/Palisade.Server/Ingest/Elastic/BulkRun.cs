namespace Palisade.Server.Ingest;

/// <summary>One bulk request on its way into the journal. It can pause: a body may be larger than what the journal holds in memory.</summary>
internal sealed class BulkRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, byte[] index, BodyResend resend) : IDisposable
{
    private readonly BulkResponse answer = new(body.Length / 2);
    private readonly long now = ingest.Gate.NowMs;
    private int offset;
    private int repeated;
    private ulong sequence;

    public long Created { get; private set; }
    /// <summary>Why the journal took no more; the items from there on are to be sent again.</summary>
    public IngestRefusal Stopped { get; private set; }
    /// <summary>Last record appended.</summary>
    public ulong Sequence => sequence;
    public ReadOnlyMemory<byte> Answer => answer.Finish();

    public void Dispose() => answer.Dispose();

    /// <summary>The records of a body that would be kept.</summary>
    public static NextRecord Records(ReadOnlyMemory<byte> body, int maxLine) => (ref int offset, out ReadOnlySpan<byte> record) =>
    {
        var decoder = new BulkDecoder(body.Span[offset..], maxLine);
        record = default;
        while (decoder.TryRead(out var item))
        {
            if (item.Refusal != IngestRefusal.None) continue;
            record = item.Document;
            offset = body.Length - decoder.Remaining;
            return true;
        }
        return false;
    };

    /// <summary>Appends items. False: wait until <see cref="Sequence"/> is durable, then go on.</summary>
    public bool Go()
    {
        var begun = sequence;
        var decoder = new BulkDecoder(body.Span[offset..], ingest.Options.MaxLineBytes);
        while (true)
        {
            var at = body.Length - decoder.Remaining;
            if (!decoder.TryRead(out var item)) return true;
            var refusal = item.Refusal;
            if (refusal == IngestRefusal.None && repeated < resend.Repeated)
            {
                repeated++;
                Created++;
                answer.Created(item, index, 0);
                ingest.Gate.Refuse(lane, IngestRefusal.Duplicate);
                continue;
            }
            if (refusal == IngestRefusal.None)
            {
                // A journal that cannot take one record takes none after it: the order of the acknowledged ones stays the sender's.
                refusal = Stopped != IngestRefusal.None ? Stopped : ingest.Gate.Append(lane, item.Document, RecordEncodings.Json, now, resend.Mark, ref sequence);
                if (refusal == IngestRefusal.None) { Created++; resend.Kept(); answer.Created(item, index, sequence); continue; }
                if (refusal == IngestRefusal.JournalFull && Stopped == IngestRefusal.None && sequence != begun) { offset = at; return false; }
            }
            // What the sender is told to send again has not been received; the rest has, and is counted.
            if (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError) Stopped = refusal;
            else ingest.Gate.Refuse(lane, refusal);
            answer.Refused(item, index, IngestHttp.Status(refusal), ElasticApi.Type(refusal), ingest.Explain(refusal));
        }
    }
}
