using System.Buffers.Text;

namespace Palisade.Server.Ingest;

/// <summary>
/// Finds numbers missing in a sender's own count: <c>[meta sequenceId="N"]</c> (RFC 5424 section 7.3.1) rises by one with each
/// message of a host. A count is believed once it has risen steadily for a while; one that starts over, jumps far or belongs to
/// several programs at once says nothing.
/// </summary>
public sealed class SequenceGaps
{
    private const int MaxHosts = 10_000, Steady = 8;
    private const long FarthestJump = 100_000;
    private readonly Lock gate = new();
    private readonly Dictionary<(IngestLane Lane, ulong Host), (long Last, int Steps)> counts = [];

    /// <summary>Messages that must have been sent between this one and the one before it; 0 where nothing can be said.</summary>
    public long Note(IngestLane lane, ReadOnlySpan<byte> message)
    {
        if (!StructuredData.TryFind(message, "meta"u8, "sequenceId"u8, out var text)) return 0;
        if (!Utf8Parser.TryParse(text, out int id, out var used) || used != text.Length || id < 1) return 0;
        var host = StructuredData.HostName(message);
        if (host.SequenceEqual("-"u8)) return 0;
        var key = (lane, (ulong)RecordDigest.Of(lane, host));
        lock (gate)
        {
            var known = counts.TryGetValue(key, out var count);
            if (!known && counts.Count >= MaxHosts) counts.Clear();
            var missing = known ? id - count.Last - 1 : 0;
            counts[key] = (id, known && missing == 0 ? Math.Min(count.Steps + 1, Steady) : 0);
            return missing is > 0 and <= FarthestJump && count.Steps >= Steady ? missing : 0;
        }
    }
}
