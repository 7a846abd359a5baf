namespace Palisade.Server.Ingest;

/// <summary>One export request on its way into the journal. It can pause: a body may be larger than what the journal holds in memory.</summary>
internal sealed class OtlpRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, bool json, BodyResend resend)
{
    private readonly long now = ingest.Gate.NowMs;
    private readonly RecordJson record = new();
    private readonly Dictionary<IngestRefusal, long> refused = [];
    private long written;
    private int done, repeated;
    private ulong sequence;

    public IReadOnlyDictionary<IngestRefusal, long> Refused => refused;
    /// <summary>Why the journal took no more.</summary>
    public IngestRefusal Stopped { get; private set; }
    /// <summary>Last record appended.</summary>
    public ulong Sequence => sequence;

    /// <summary>The records of a body that would be kept. They are put together from parts of it: all of them at the first call, which is rare.</summary>
    public static NextRecord Records(ReadOnlyMemory<byte> body, bool json, IngestOptions limits)
    {
        List<byte[]>? all = null;
        return (ref int offset, out ReadOnlySpan<byte> record) =>
        {
            all ??= Kept(body.Span, json, limits);
            record = offset < all.Count ? all[offset] : default;
            return offset++ < all.Count;
        };
    }

    private static List<byte[]> Kept(ReadOnlySpan<byte> body, bool json, IngestOptions limits)
    {
        var (kept, record, written) = (new List<byte[]>(), new RecordJson(), 0L);
        void Keep(bool good)
        {
            if (!good || record.Length > limits.MaxLineBytes || written + record.Length > limits.MaxBodyBytes) return;
            kept.Add(record.Bytes.ToArray());
            written += record.Length;
        }
        if (json)
        {
            var decoder = new OtlpJson(body);
            while (decoder.TryRead(record, out var good)) Keep(good);
        }
        else
        {
            var decoder = new OtlpProtobuf(body);
            while (decoder.TryRead(record, out var good)) Keep(good);
        }
        return kept;
    }

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
            : repeated < resend.Repeated ? IngestRefusal.Duplicate
            : ingest.Gate.Append(lane, record.Bytes, RecordEncodings.Json, now, resend.Mark, ref sequence);
        if (refusal == IngestRefusal.JournalFull && sequence != begun) return false;
        done++;
        if (refusal is IngestRefusal.None or IngestRefusal.Duplicate) written += record.Length;
        if (refusal == IngestRefusal.None) resend.Kept();
        else if (refusal == IngestRefusal.Duplicate)
        {
            // The sender hears that it is stored, which it is.
            repeated++;
            ingest.Gate.Refuse(lane, refusal);
        }
        else if (refusal is IngestRefusal.JournalFull or IngestRefusal.JournalError) Stopped = refusal;
        else
        {
            refused[refusal] = refused.GetValueOrDefault(refusal) + 1;
            ingest.Gate.Refuse(lane, refusal);
        }
        return true;
    }
}
