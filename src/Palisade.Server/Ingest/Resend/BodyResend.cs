namespace Palisade.Server.Ingest;

/// <summary>Cuts a body into the records that would be kept; false at its end.</summary>
internal delegate bool NextRecord(ref int offset, out ReadOnlySpan<byte> record);

/// <summary>
/// One request body as something that may be a retry, or may be retried. A client without an answer sends the whole body again, so
/// what was kept of it before is a beginning of it.
/// </summary>
/// <param name="next">Reads the records of the body, from its start.</param>
internal sealed class BodyResend(ResendMemory memory, IngestLane lane, NextRecord next)
{
    private readonly (int Count, ulong Session) before = Known(memory, lane, next);
    private ulong fresh;
    private int kept;

    /// <summary>Records at the start of the body that are in the journal already.</summary>
    public int Repeated => before.Count;
    /// <summary>Place of the next record that is kept. A retry goes on in the session of the request before.</summary>
    public SenderMark Mark => new(Session, (ulong)(Repeated + kept) + 1);
    /// <summary>Counts a record that was kept.</summary>
    public void Kept() => kept++;

    private ulong Session => before.Session != 0 ? before.Session : fresh != 0 ? fresh : fresh = SenderSession.Request();

    /// <summary>The answer may not have arrived: what the body brought, now or before, is to be known again.</summary>
    public void Leave() => memory.LeaveBody(lane, Repeated + kept, Chain(lane, next, Repeated + kept), Session);

    /// <summary>The longest beginning of the body that somebody waits to have answered. The body is read only if somebody does.</summary>
    private static (int, ulong) Known(ResendMemory memory, IngestLane lane, NextRecord next)
    {
        var counts = memory.BodiesOf(lane);
        if (counts.Count == 0) return default;
        var (longest, most) = ((Count: 0, Chain: UInt128.Zero), counts.Max());
        UInt128 chain = 0;
        for (int offset = 0, count = 0; count < most && next(ref offset, out var record);)
        {
            chain = RecordDigest.Chain(chain, RecordDigest.Of(lane, record));
            if (counts.Contains(++count) && memory.KnowsBody(lane, count, chain)) longest = (count, chain);
        }
        return longest.Count > 0 && memory.TakeBody(lane, longest.Count, longest.Chain) is > 0 and var session ? (longest.Count, session) : default;
    }

    private static UInt128 Chain(IngestLane lane, NextRecord next, int count)
    {
        UInt128 chain = 0;
        for (int offset = 0, i = 0; i < count && next(ref offset, out var record); i++) chain = RecordDigest.Chain(chain, RecordDigest.Of(lane, record));
        return chain;
    }
}
