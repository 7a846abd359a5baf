using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Engine;
using Palisade.Engine.Incidents;
using Palisade.Journal;
using Palisade.Protocol;
using Palisade.Server.Incidents;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

/// <summary>Steps at which a worker can be struck down.</summary>
internal enum CrashAt { Never, BeforeInsert, AfterInsert, BeforeLedger, AfterLedger, AfterAlerts }

/// <summary>
/// Everything that outlives a worker: the journal on disk, and what store, ledger and alerts hold. A worker reaching its crash
/// point stands still there until it is ended, as a killed process would.
/// </summary>
internal sealed class StreamWorld : IStreamStore, ILedgerStore, IStreamAlerts, IParserChoice, ISourceRegistry, IAsyncDisposable
{
    public const long Now = 1_790_000_000_000;
    private readonly string directory = Directory.CreateTempSubdirectory("palisade-stream-").FullName;
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly Lock gate = new();
    private Palisade.Journal.Journal journal;
    private TaskCompletionSource crashed = new();
    private int untilCrash, runs;
    private CrashAt crashAt;

    public StreamWorld() => journal = Open();

    public TimeProvider Clock { get; init; } = TimeProvider.System;
    public int BlockMilliseconds { get; init; } = 1;
    public bool BeginsWithoutSnapshots { init => runs = value ? 1 : 0; }

    /// <summary>Rows as the store has them: a token that came before changes nothing.</summary>
    public Dictionary<string, List<(int Day, ulong Sequence)>> Inserts { get; } = [];
    public Dictionary<string, List<string>> FindingInserts { get; } = [];
    public HashSet<string> Alerts { get; } = [];
    public LedgerTotals Ledger { get; private set; } = LedgerTotals.Empty;
    public bool StoreIsDown { get; set; }
    /// <summary>The engine writes its state as a version before laid it out, which it cannot read.</summary>
    public bool WritesOlderLayout { get; set; }
    public int FailedInserts { get; private set; }
    private ulong ledgerAt;

    public IEnumerable<(int Day, ulong Sequence)> Rows => Inserts.Values.SelectMany(r => r);

    private Palisade.Journal.Journal Open() => Palisade.Journal.Journal.Open(new JournalOptions { Directory = Path.Combine(directory, "journal") }, TimeProvider.System);

    public async Task<ulong> AppendAsync(params string[] records)
    {
        ulong last = 0;
        foreach (var record in records)
        {
            var refused = record.StartsWith('!');
            var header = new FrameHeader(Now, 1, 1, refused ? FrameKind.Refusals : FrameKind.Record, 0, 0, 0);
            var payload = Encoding.UTF8.GetBytes(record);
            if (refused)
            {
                payload = new byte[RefusalFrame.EntryBytes];
                RefusalFrame.Write(payload, IngestRefusal.LineTooLong, int.Parse(record[1..]));
            }
            Assert.Equal(AppendResult.Ok, journal.Append(header, payload, out last));
        }
        await journal.WaitDurableAsync(last, CancellationToken.None);
        return last;
    }

    public StreamWorker NewWorker(string version = "v1", int dayShift = 0, int snapshotSeconds = 0) => new(
        journal, new TestEngine(version, dayShift, WritesOlderLayout), this, this, new NoIncidents(), new StreamIncidents(IncidentContent.Empty, _ => "", 3, TimeProvider.System), this, this, new Backlog(journal, new IngestOptions(), TimeProvider.System),
        new SourceStats(TimeProvider.System, _ => ""), new Sightings(this), new NoUnparsed(),
        new StreamMeters(services.GetRequiredService<IMeterFactory>()),
        new StreamOptions { NodeId = 3, BlockMilliseconds = BlockMilliseconds, SnapshotSeconds = snapshotSeconds }, new StreamFiles(Path.Combine(directory, "stream")),
        Clock, NullLogger<StreamWorker>.Instance);

    /// <summary>Runs a worker until everything is stored, or until it has crashed.</summary>
    public async Task RunAsync(ulong upTo, CrashAt crash = CrashAt.Never, int after = 0, string version = "v1", int dayShift = 0)
    {
        crashed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (crashAt, untilCrash) = (crash, after);
        gathered.Clear();
        // every other run snapshots after each block, the others never: both replays must give the same
        using var worker = NewWorker(version, dayShift, snapshotSeconds: runs++ % 2 == 0 ? 0 : 3600);
        await worker.StartAsync(CancellationToken.None);
        var stored = StoredAsync(worker, upTo);
        await Task.WhenAny(crashed.Task, stored);
        await worker.StopAsync(CancellationToken.None);
        Assert.Null(worker.Fault);
        if (crash == CrashAt.Never) await stored;
        // A new process finds the files, not the memory.
        journal.Dispose();
        journal = Open();
    }

    private static async Task StoredAsync(StreamWorker worker, ulong upTo)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (worker.Stored < upTo && worker.Fault is null && worker.ExecuteTask is not { IsCompleted: true }) await timer.WaitForNextTickAsync(patience.Token);
    }

    private async Task StepAsync(CrashAt step, CancellationToken stop)
    {
        if (step != crashAt || untilCrash-- > 0) return;
        crashed.TrySetResult();
        await Task.Delay(Timeout.Infinite, stop);
    }

    public IStreamBlock NewBlock(int day) => new Block(day);
    public IFindingRows NewFindings() => new Found();
    public void Return(IStreamBlock block) { }
    public void Return(IFindingRows findings) { }

    public async Task InsertAsync(IStreamBlock block, string token, CancellationToken stop)
    {
        if (StoreIsDown) { FailedInserts++; throw new IOException("the store is down"); }
        await StepAsync(CrashAt.BeforeInsert, stop);
        lock (gate) Inserts.TryAdd(token, ((Block)block).List);
        await StepAsync(CrashAt.AfterInsert, stop);
    }

    public Task InsertAsync(IFindingRows findings, string token, CancellationToken stop)
    {
        lock (gate) FindingInserts.TryAdd(token, ((Found)findings).List);
        return Task.CompletedTask;
    }

    public Task<ulong> PositionAsync(int node, CancellationToken stop) => Task.FromResult(ledgerAt);

    public async Task ApplyAsync(int node, ulong upTo, IReadOnlyCollection<LedgerDelta> deltas, CancellationToken stop)
    {
        await StepAsync(CrashAt.BeforeLedger, stop);
        if (upTo > ledgerAt)
        {
            ledgerAt = upTo;
            var refused = deltas.Sum(d => d.Refused.Values.Sum()) + Ledger.RefusedTotal;
            var stored = Ledger.Stored + deltas.Sum(d => d.Stored);
            Ledger = new LedgerTotals(stored + refused, stored, Ledger.Parsed + deltas.Sum(d => d.Parsed), stored, 0,
                new Dictionary<IngestRefusal, long> { [IngestRefusal.LineTooLong] = refused });
        }
        await StepAsync(CrashAt.AfterLedger, stop);
    }

    private readonly List<string> gathered = [];

    /// <summary>Times alerts were written.</summary>
    public int AlertWrites { get; private set; }

    public bool AreWaiting => gathered.Count > 0;

    public void Gather(EventBatch events, FindingList findings, ulong from, ulong to)
    {
        for (var i = 0; i < findings.Count; i++) gathered.Add(Name(events, findings.Items[i]));
    }

    public async Task WriteAsync(CancellationToken stop)
    {
        if (gathered.Count == 0) return;
        AlertWrites++;
        Alerts.UnionWith(gathered);
        gathered.Clear();
        await StepAsync(CrashAt.AfterAlerts, stop);
    }

    public Task ApplyAsync(EventBatch events, FindingList findings, ulong from, ulong to, int node, int positionNode, CancellationToken stop) =>
        throw new InvalidOperationException("the stream reads nothing again");

    private static string Name(EventBatch events, in Finding finding) =>
        $"{finding.Rule.Id}@{events.Header(finding.Event).Sequence}:{finding.Firing?.FirstSequence}";

    public bool TryGet(uint source, out SourceReading reading) { reading = SourceReading.Auto; return true; }
    public ValueTask<SourceReading> LoadAsync(uint source, CancellationToken stop) => new(SourceReading.Auto);

    /// <summary>When each source was last seen.</summary>
    public Dictionary<uint, DateTimeOffset> SeenSources { get; } = [];

    public ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, CancellationToken stop) => throw new InvalidOperationException("the stream makes no source");
    public ValueTask<SourceLookup> GetOrCreateAsync(uint tenant, string name, string kind, CancellationToken stop) => throw new InvalidOperationException("the stream makes no source");
    public ValueTask<SourceInfo?> FindAsync(uint source, CancellationToken stop) => new((SourceInfo?)null);
    public void Seen(uint source, DateTimeOffset at) => SeenSources[source] = at;
    public void HostSeen(uint tenant, string host, DateTimeOffset at) => throw new InvalidOperationException("these lines name no host");
    public Task FlushAsync(CancellationToken stop) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        journal.Dispose();
        await services.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private sealed class Block(int day) : IStreamBlock
    {
        public List<(int Day, ulong Sequence)> List { get; } = [];
        public int Rows => List.Count;
        public void Add(EventBatch batch, int index) => List.Add((day, batch.Header(index).Sequence));
    }

    private sealed class Found : IFindingRows
    {
        public List<string> List { get; } = [];
        public int Rows => List.Count;
        public void Add(EventBatch batch, in Finding finding) => List.Add(Name(batch, finding));
    }

    /// <summary>Finds "bad" lines, and correlates every third of them; its state is the count and the first of the three.</summary>
    private sealed class TestEngine(string version, int dayShift, bool olderLayout) : IStreamEngine
    {
        private static readonly RuleInfo Bad = Rule("bad"), Three = Rule("three");
        private ulong count, first;

        private static RuleInfo Rule(string id) => new(id, id, id, FindingLevel.High, "other", [], "", "", "", "");

        public string Version => version;
        public PipelineBatch Batch { get; set; } = new();
        private EventBatch Events => Batch.Events;
        private FindingList Findings => Batch.Findings;

        public void Add(in RecordInfo info, ReadOnlySpan<byte> raw)
        {
            var at = Events.Begin(info, raw);
            // the second letter says which day: 0 today, 1 yesterday
            ref var header = ref Events.Header(at);
            if (raw.Length > 1) header.TimeMs = Now - 86_400_000L * ((raw[1] - '0' + dayShift) % 3);
        }

        public void AddLine(in RecordInfo info, ulong session, ReadOnlySpan<byte> line) => Add(info, line);
        public void EndRecord(in RecordInfo info, ulong session) => throw new InvalidOperationException("nothing waits");
        public IEnumerable<WaitingRecord> Waiting => [];
        public void SaveLines(Stream to) { }
        public void LoadLines(ReadOnlySpan<byte> from) => Assert.True(from.IsEmpty);

        public void Detect()
        {
            for (var i = 0; i < Events.Count; i++)
            {
                if (!Events.Raw(i).StartsWith("b"u8)) continue;
                Findings.Add(new Finding(i, Bad, AttackOutcome.Unknown, 0, 0, 1));
                if (count++ % 3 == 0) first = Events.Header(i).Sequence;
                if (count % 3 == 0) Findings.Add(new Finding(i, Three, AttackOutcome.Unknown, 0, 0, 0, null, new Firing([], 0, first, 3, [])));
            }
        }

        public IReadOnlyList<Incident> Changed => [];

        public void SaveState(Stream to)
        {
            Span<byte> state = stackalloc byte[16];
            BinaryPrimitives.WriteUInt64LittleEndian(state, count);
            BinaryPrimitives.WriteUInt64LittleEndian(state[8..], first);
            to.Write(state);
            if (olderLayout) to.WriteByte(0);
        }

        public void LoadState(Stream from)
        {
            Span<byte> state = stackalloc byte[16];
            if (from.Length != state.Length) throw new InvalidDataException("no state of a known version");
            from.ReadExactly(state);
            count = BinaryPrimitives.ReadUInt64LittleEndian(state);
            first = BinaryPrimitives.ReadUInt64LittleEndian(state[8..]);
        }
    }
}

/// <summary>Nobody looks at what was not read.</summary>
internal sealed class NoUnparsed : IUnparsedSink
{
    public void Record(EventBatch events, ulong seen) { }
}

/// <summary>This engine knows of no incidents.</summary>
internal sealed class NoIncidents : IIncidentSink
{
    public Task ApplyAsync(IReadOnlyList<IncidentProjection> incidents, CancellationToken stop) => throw new InvalidOperationException("there are none");
}
