using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Storage;
using Palisade.Server.Streaming;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Server.Unparsed;

/// <summary>What one page of a reparse came to.</summary>
/// <param name="After">Id of the last event looked at.</param>
/// <param name="Looked">0: there are no more.</param>
internal readonly record struct ReparsePage(ulong After, int Looked, int Read, int Findings);

/// <summary>
/// Reads a job's records page by page, in the order of their ids, which is the order they came in. Each step may be done again:
/// <code>
/// read the page ► alerts (a position of the job's own) ► the read versions, under a token ► findings ► ledger (a position of the job's own) ► take the unread versions away
/// </code>
/// so that after a crash no event is lost, none is there twice for good, and nothing is counted again. Between the insert and the last step, for less than a
/// second as a rule, a query may see both versions of an event.
/// </summary>
internal sealed class ReparseRun(
    ReparseJob job, EngineSnapshot snapshot, LiveParsers parsers, IParserChoice choice, IGeoLookup geo, EventQueries queries, EventStore store, IStreamAlerts alerts, ILedgerStore ledger, int retentionDays)
{
    /// <summary>Records and bytes of one page.</summary>
    private const int PageRecords = 2000;
    private const long PageBytes = 16 << 20;

    private readonly Pipeline pipeline = new(snapshot, geo);
    private readonly FindingList fresh = new();
    private UnreadRange Range => new(job.SourceId, job.From.ToUnixTimeMilliseconds(), job.To.ToUnixTimeMilliseconds());

    /// <summary>In place of a node where positions are kept: below zero, one for each job and node.</summary>
    internal static int PositionNode(long job, int node) => checked((int)-(job * 1024 + node + 1));

    public async Task<ReparsePage> NextAsync(ulong after, CancellationToken stop)
    {
        var places = await queries.UnreadPlacesAsync(job.TenantId, Range, after, PageRecords, stop);
        if (places.Count == 0) return new ReparsePage(after, 0, 0, 0);
        var node = EventId.Node(places[0].Id);
        var (last, bytes) = (0UL, 0L);
        foreach (var place in places.TakeWhile(p => EventId.Node(p.Id) == node))
        {
            if (last > 0 && (bytes += place.Length) > PageBytes) break;
            last = place.Id;
        }
        var records = await queries.UnreadAsync(job.TenantId, Range, after, last, stop);
        await ParseAsync(records, stop);
        var ids = Ids(node);
        if (ids.Count == 0) return new ReparsePage(last, records.Count, 0, 0);
        pipeline.Detect();
        await FilterAsync(node, ids, stop);
        var (first, end) = (EventId.Sequence(ids[0]), EventId.Sequence(ids[^1]));
        if (fresh.Count > 0) await alerts.ApplyAsync(pipeline.Events, fresh, first, end, node, PositionNode(job.Id, node), stop);
        await StoreAsync(node, ids, last, stop);
        await ledger.ApplyAsync(PositionNode(job.Id, node), end, Counts(), stop);
        await store.RemoveUnreadAsync(job.TenantId, Range, ids, stop);
        return new ReparsePage(last, records.Count, ids.Count, fresh.Count);
    }

    /// <summary>Reads records as the stream would now; what still is not read stays as it is stored.</summary>
    private async Task ParseAsync(IReadOnlyList<UnreadRecord> records, CancellationToken stop)
    {
        if (!choice.TryGet(job.SourceId, out var reading)) reading = await choice.LoadAsync(job.SourceId, stop);
        if (parsers.Current is var live && !ReferenceEquals(live, pipeline.Parsers)) pipeline.Parsers = live;
        pipeline.Clear();
        foreach (var record in records)
        {
            pipeline.Add(new RecordInfo(EventId.Sequence(record.Id), record.ReceivedMs, job.TenantId, job.SourceId, reading.Parser, reading.Zone), record.Raw);
            if (pipeline.Events.Header(pipeline.Events.Count - 1).Refusal is not (ParseRefusal.None or ParseRefusal.Empty)) pipeline.Events.DropLast();
        }
    }

    private List<ulong> Ids(int node)
    {
        var ids = new List<ulong>(pipeline.Events.Count);
        for (var i = 0; i < pipeline.Events.Count; i++) ids.Add(EventId.Of(node, pipeline.Events.Header(i).Sequence));
        return ids;
    }

    /// <summary>Some rules need no fields: what they found in the unread record is stored already.</summary>
    private async Task FilterAsync(int node, List<ulong> ids, CancellationToken stop)
    {
        fresh.Clear();
        if (pipeline.Findings.Count == 0) return;
        var known = await queries.FoundInAsync(job.TenantId, ids, stop);
        foreach (ref readonly var finding in pipeline.Findings.Items)
            if (!known.Contains((EventId.Of(node, finding.SequenceIn(pipeline.Events)), finding.Rule.Id))) fresh.Add(finding);
    }

    private async Task StoreAsync(int node, List<ulong> ids, ulong last, CancellationToken stop)
    {
        var events = pipeline.Events;
        var there = await queries.ReadOfAsync(job.TenantId, Range, ids, stop);
        var days = new SortedDictionary<int, EventBlock>();
        for (var i = 0; i < events.Count; i++)
        {
            if (there.Contains(ids[i])) continue;
            var header = events.Header(i);
            var day = EventId.Day(header.TimeMs, header.ReceivedMs);
            if (!days.TryGetValue(day, out var block)) days[day] = block = new EventBlock(node, day, snapshot.Version, retentionDays);
            if (!block.Add(events, i, pipeline.Parsers.NameOf(header.Parser))) throw new InvalidOperationException("A page is bounded to less than what a block of the store holds.");
        }
        foreach (var (day, block) in days) await store.InsertAsync(block, $"reparse-{job.Id}-{ids[0]}-{last}-{day}", stop);
        if (fresh.Count == 0) return;
        var findings = new FindingBlock(node, retentionDays);
        foreach (ref readonly var finding in fresh.Items) findings.Add(events, finding);
        await store.InsertAsync(findings, $"reparse-{job.Id}-{ids[0]}-{last}-findings", stop);
    }

    private IReadOnlyCollection<LedgerDelta> Counts()
    {
        var tally = new LedgerTally();
        for (var i = 0; i < pipeline.Events.Count; i++)
        {
            ref readonly var header = ref pipeline.Events.Header(i);
            if (header.Refusal == ParseRefusal.None) tally.At(new IngestLane(job.TenantId, job.SourceId), header.ReceivedMs).Parsed++;
        }
        return tally.Deltas;
    }
}
