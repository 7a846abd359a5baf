namespace Palisade.Server.Ingest;

/// <summary>One export request on its way into the journal. It can pause: a body may be larger than what the journal holds in memory.</summary>
internal sealed class OtlpRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, bool json)
{
    private readonly long now = ingest.Gate.NowMs;
    private readonly RecordJson record = new();
    private readonly Dictionary<IngestRefusal, long> refused = [];
    private long written;
    private int done;
    private ulong sequence;

    public IReadOnlyDictionary<IngestRefusal, long> Refused => refused;
    /// <summary>Why the journal took no more.</summary>
    public IngestRefusal Stopped { get; private set; }
    /// <summary>Last record appended.</summary>
    public ulong Sequence => sequence;

    /// <summary>Appends records. False: wait until <see cref="Sequence"/> is durable, then go on.</summary>
    public bool Go() => json ? GoJson() : GoProtobuf();

    private bool GoProtobuf()
    {
        var begun = sequence;
        var decoder = new OtlpProtobuf(body.Span);
        for (var at = 0; Stopped == IngestRefusal.None && decoder.TryRead(record, out var good); at++)
            if (at >= done && !TryTake(good, begun)) return false;
        return true;
    }

    private bool GoJson()
    {
        var begun = sequence;
        var decoder = new OtlpJson(body.Span);
        for (var at = 0; Stopped == IngestRefusal.None && decoder.TryRead(record, out var good); at++)
            if (at >= done && !TryTake(good, begun)) return false;
        return true;
    }

    /// <summary>Takes or refuses the record at hand; false when the journal has no room just now and there is something to wait for.</summary>
    private bool TryTake(bool good, ulong begun)
    {
        // What records share is written out for each of them: without a bound, a small body could become a very large one.
        var refusal = !good ? IngestRefusal.BadDocument
            : record.Length > ingest.Options.MaxLineBytes ? IngestRefusal.LineTooLong
            : written + record.Length > ingest.Options.MaxBodyBytes ? IngestRefusal.BodyTooLarge
            : ingest.Gate.Append(lane, record.Bytes, RecordEncodings.Json, now, ref sequence);
        if (refusal == IngestRefusal.JournalFull && sequence != begun) return false;
        done++;
        if (refusal == IngestRefusal.None) written += record.Length;
        else if (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError) Stopped = refusal;
        else
        {
            refused[refusal] = refused.GetValueOrDefault(refusal) + 1;
            ingest.Gate.Refuse(lane, refusal);
        }
        return true;
    }
}
