namespace Palisade.Server.Ingest;

/// <summary>What became of everything one source sent: received = stored + refused + in flight, always.</summary>
/// <param name="Received">Records that reached us, refused ones included.</param>
/// <param name="Journaled">Records that were written to the journal.</param>
/// <param name="Parsed">Of the stored ones: those that a parser understood.</param>
/// <param name="Stored">Records in the event store, parsed or raw.</param>
/// <param name="InFlight">Journalled and not stored yet.</param>
/// <param name="Refused">Turned away, by reason.</param>
public sealed record LedgerTotals(
    long Received, long Journaled, long Parsed, long Stored, long InFlight, IReadOnlyDictionary<IngestRefusal, long> Refused)
{
    public static LedgerTotals Empty { get; } = new(0, 0, 0, 0, 0, new Dictionary<IngestRefusal, long>());
    /// <summary>Records that never reached us, by the numbers the sender gives them; not part of <see cref="Received"/>.</summary>
    public long Gap { get; init; }
    /// <summary>Mean of receipt minus event time, milliseconds, of the stored records with a likely time; null without any.</summary>
    public double? DelayMs { get; init; }
    public long RefusedTotal => Refused.Values.Sum();
    /// <summary>Records the senders made, as far as we know: what was sent twice counts once, what never came counts too.</summary>
    public long Sent => Received - Refused.GetValueOrDefault(IngestRefusal.Duplicate) + Gap;
    /// <summary>Several minutes in one; without their delay.</summary>
    public static LedgerTotals Sum(IEnumerable<LedgerTotals> parts)
    {
        var all = Empty;
        var refused = new Dictionary<IngestRefusal, long>();
        foreach (var p in parts)
        {
            foreach (var (reason, count) in p.Refused) refused[reason] = refused.GetValueOrDefault(reason) + count;
            all = new(all.Received + p.Received, all.Journaled + p.Journaled, all.Parsed + p.Parsed, all.Stored + p.Stored, all.InFlight + p.InFlight, refused) { Gap = all.Gap + p.Gap };
        }
        return all;
    }
    /// <summary>Share of <see cref="Sent"/> that is stored or on its way there, per cent.</summary>
    public double Completeness => Sent == 0 ? 100 : Math.Round(100.0 * (Received - RefusedTotal) / Sent, 3);
}

/// <summary>One minute of a source.</summary>
/// <param name="MinuteMs">Start of the minute of receipt, Unix milliseconds UTC.</param>
public sealed record LedgerMinute(long MinuteMs, LedgerTotals Totals);

/// <summary>The loss ledger as other slices see it.</summary>
public interface ILossLedger
{
    /// <summary>Totals of one source since it exists.</summary>
    Task<LedgerTotals> TotalsAsync(uint tenant, uint source, CancellationToken stop);
    /// <summary>Totals of every source of a tenant; what reached the tenant without a source is under 0.</summary>
    Task<IReadOnlyDictionary<uint, LedgerTotals>> TotalsAsync(uint tenant, CancellationToken stop);
    /// <summary>Minutes with traffic, oldest first.</summary>
    Task<IReadOnlyList<LedgerMinute>> MinutesAsync(uint tenant, uint source, DateTimeOffset from, DateTimeOffset to, CancellationToken stop);
    /// <summary>Stored bytes of each source of a tenant since a time of receipt.</summary>
    Task<IReadOnlyDictionary<uint, long>> BytesSinceAsync(uint tenant, DateTimeOffset from, CancellationToken stop);
    /// <summary>Starts of the latest minutes with records in the journal, Unix milliseconds UTC, newest first.</summary>
    Task<IReadOnlyList<long>> ActiveMinutesAsync(uint tenant, uint source, int most, CancellationToken stop);
    /// <summary>Start of the first minute with records in the journal, Unix milliseconds UTC; null when there was none.</summary>
    Task<long?> FirstMinuteAsync(uint tenant, uint source, CancellationToken stop);
    /// <summary>Quarters of an hour with records in the journal, counted since 1970.</summary>
    Task<IReadOnlyList<long>> ActiveQuartersAsync(uint tenant, uint source, DateTimeOffset from, CancellationToken stop);
}
