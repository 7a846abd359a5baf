using System.Buffers;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Palisade.Engine;
using Palisade.Engine.Parse.Times;
using Palisade.Journal;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;

namespace Palisade.Server.Streaming;

/// <summary>
/// The stream's three parts, side by side: <see cref="StreamJudge"/> reads the journal and runs the engine, <see cref="StreamKeeper"/>
/// hands findings to alerts and fills blocks, <see cref="BlockWriter"/> stores them. What is between them is bounded.
/// </summary>
/// <remarks>
/// Three positions, each durable on its own, always in this order:
/// <code>snapshot of correlation state ≤ stored ≤ read        alerts: a position of their own, between snapshot and read</code>
/// At start the engine goes back to its snapshot and replays. Replayed events at or below "stored" are not stored again, and the
/// alert sink skips what it has.
/// </remarks>
public sealed class StreamWorker(
    Journal.Journal journal, IStreamEngine engine, IStreamStore store, IStreamAlerts alerts, IIncidentSink incidents, StreamIncidents gathered, ILedgerStore ledger, IParserChoice parsers,
    Backlog backlog, SourceStats stats, Sightings sightings, IUnparsedSink unparsed, StreamMeters meters, StreamOptions options, StreamFiles files, TimeProvider clock, ILogger<StreamWorker> log) : BackgroundService
{
    private StreamKeeper? keeper;
    private BlockWriter? writer;

    /// <summary>Last journal sequence the engine has seen and whose alerts are written.</summary>
    public ulong Position => keeper?.Position ?? 0;
    /// <summary>Last journal sequence that is stored.</summary>
    public ulong Stored => writer?.Stored ?? 0;
    /// <summary>Records that are durable in the journal and not stored yet.</summary>
    public ulong Lag => journal.DurableSequence is var d && d > Stored ? d - Stored : 0;
    /// <summary>Why the stream ended although the server runs; null while it works.</summary>
    public string? Fault { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var reader = journal.OpenReader("engine");
        using var storeCursor = journal.OpenReader("store");
        writer = new BlockWriter(store, ledger, files.Plan, files.State, storeCursor, reader, backlog, options.NodeId, meters, clock, log);
        try
        {
            await writer.StartAsync(stoppingToken);
            var judge = Restore(reader, storeCursor.Committed);
            // The parts end together: a fault of one must not leave the others waiting for it.
            using var all = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            backlog.IsOpen = false;
            await Task.WhenAll(
                TogetherAsync(judge.RunAsync(all.Token), all), TogetherAsync(keeper!.RunAsync(all.Token), all), TogetherAsync(StoreAsync(keeper.Full, all.Token), all));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            log.StreamStopped(Stored);
        }
        catch (Exception e)
        {
            Fault = e.Message;
            log.StreamBroke(e, Position);
        }
        finally
        {
            backlog.IsOpen = true;
        }
    }

    /// <summary>A state that was read from its file lies in one piece.</summary>
    private static MemoryStream Reading(ReadOnlySequence<byte> bytes) =>
        SequenceMarshal.TryGetArray(bytes, out var array) ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false) : new MemoryStream(bytes.ToArray(), writable: false);

    /// <summary>Takes up what the rules had counted; says why not, where a version of the program wrote it that laid it out otherwise.</summary>
    private string? TakeUp(ReadOnlySequence<byte> bytes)
    {
        try
        {
            engine.LoadState(Reading(bytes));
            return null;
        }
        catch (InvalidDataException e)
        {
            return e.Message;
        }
    }

    private StreamJudge Restore(JournalReader reader, ulong stored)
    {
        var state = files.State.Read(out var problem);
        if (state is not null && state.Position > stored) (state, problem) = (null, "it is ahead of the event store");
        if (state is not null) problem = state.Version == engine.Version ? TakeUp(state.Bytes) : "it was made with other content";
        var restored = state?.Position ?? Math.Min(reader.Committed, stored);
        if (problem is not null) log.StateUnusable(problem, restored);
        // Lines that wait are in no record yet: they go on, also where what the rules counted begins anew.
        if (state is not null) engine.LoadLines(state.Lines);
        var plan = files.Plan.Read();
        if (plan is not null && plan.To <= stored) plan = null;
        if (plan is not null) log.Repeating(stored + 1, plan.To);
        reader.Seek(restored);
        backlog.Begin(restored);
        log.StreamStarts(restored, stored, plan?.To ?? 0);
        var judge = new StreamJudge(reader, engine, parsers, new RecordEnds(journal, engine, clock), gathered, meters, options, clock, restored, plan);
        keeper = new StreamKeeper(judge, store, alerts, incidents, gathered, backlog, stats, sightings, unparsed, options, clock, log, stored, plan);
        return judge;
    }

    private async Task StoreAsync(ChannelReader<(BlockSet Set, StreamPlan? Plan)> full, CancellationToken stop)
    {
        await foreach (var (set, planned) in full.ReadAllAsync(stop))
        {
            await writer!.WriteAsync(set, planned, engine.Version, stop);
            set.Release();
        }
    }

    private static async Task TogetherAsync(Task part, CancellationTokenSource all)
    {
        try
        {
            await part;
        }
        catch
        {
            await all.CancelAsync();
            throw;
        }
    }
}

/// <summary>Where the stream keeps its two small files.</summary>
public sealed class StreamFiles
{
    public StreamFiles(string directory)
    {
        Directory.CreateDirectory(directory);
        Plan = new PlanFile(Path.Combine(directory, "insert.plan"));
        State = new StateFile(Path.Combine(directory, "correlation.state"));
    }

    public PlanFile Plan { get; }
    public StateFile State { get; }
}

/// <summary>How the records of a source are read.</summary>
/// <param name="Parser">The parser it asks for, or <see cref="RecordInfo.AutoParser"/>.</param>
/// <param name="Zone">Zone of stamps that carry none; null: what the parser says.</param>
public readonly record struct SourceReading(short Parser, ZoneTable? Zone)
{
    /// <summary>What holds for a source that nobody knows.</summary>
    public static SourceReading Auto { get; } = new(RecordInfo.AutoParser, null);
}

/// <summary>How each source is to be read.</summary>
public interface IParserChoice
{
    /// <summary>The reading if the source is known already.</summary>
    bool TryGet(uint source, out SourceReading reading);
    /// <summary>Asks for the source; <see cref="SourceReading.Auto"/> when nobody knows it.</summary>
    ValueTask<SourceReading> LoadAsync(uint source, CancellationToken stop);
}
