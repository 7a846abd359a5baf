using System.Diagnostics.Metrics;
using Palisade.Journal;

namespace Palisade.Server.Ingest;

/// <summary>
/// Reads the configured files. Each line's frame carries the file's session and the offset behind the line, so that the journal itself
/// says how far a file was read: after a crash the last state and the journal's tail together give the exact byte.
/// </summary>
internal sealed class FileService(
    string folder, Journal.Journal journal, IngestGate gate, IIngestDirectory directory, IngestOptions options, IMeterFactory meters, TimeProvider clock, ILogger<FileService> log)
    : BackgroundService
{
    private const string Cursor = "files";
    private static readonly TimeSpan SavePause = TimeSpan.FromSeconds(5), LeastPause = TimeSpan.FromMilliseconds(100);
    private readonly FileProblems problems = new(meters, log);
    private readonly FileReader reader = new(gate, options);
    private static readonly TimeSpan Remembered = TimeSpan.FromSeconds(10);
    private readonly Dictionary<string, (IngestLane Lane, long AskedAt)> lanes = [];
    private FileStateFile state = null!;
    private FileTracker tracker = null!;
    private JournalReader cursor = null!;
    private FileHints hints = null!;
    private long savedAt;
    private (ulong Sequence, ulong Next, ulong Durable) saved;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        state = new FileStateFile(Path.Combine(folder, "files.json"));
        if (options.Files.Count == 0 && !state.Exists) return;
        Directory.CreateDirectory(folder);
        tracker = new FileTracker([.. options.Files.Select(f => f.Path)], new FileTrackerLimits(options.MaxFiles, options.MaxOpenFiles, options.RotatedFileSeconds * 1000L), problems, clock);
        using (cursor = journal.OpenReader(Cursor))
        {
            Recover();
            await SaveAsync(stoppingToken);
        }
        // Nobody reads files any more: what was known is written down, and the journal waits for nobody.
        if (options.Files.Count == 0) { journal.RemoveCursor(Cursor); return; }
        foreach (var file in options.Files) log.ReadsFiles(file.Path, file.Source);
        meters.Create(IngestMeters.Name).CreateObservableGauge("palisade.ingest.files_open", () => tracker.Open, "{file}", "Files held open");
        using (cursor = journal.OpenReader(Cursor))
        using (hints = new FileHints(tracker.Roots, options.FilePollMilliseconds, log))
        {
            while (!stoppingToken.IsCancellationRequested) await OnceAsync(stoppingToken);
        }
    }

    /// <summary>Brings the places of files up to what the journal holds.</summary>
    private void Recover()
    {
        var known = state.Load();
        var files = known.Files.Select(FileStateFile.Restore).ToDictionary(f => f.Session);
        var batch = new JournalBatch();
        long frames = 0;
        while (cursor.Read(batch, 4096) > 0)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var header = batch.Header(i);
                if (!files.TryGetValue(header.SenderSession, out var file) || (long)header.SenderSequence <= file.Offset) continue;
                file.Offset = (long)header.SenderSequence;
                frames++;
            }
        }
        tracker.Restore(known.NextSession, files.Values);
        log.FilesRecovered(files.Count, frames);
    }

    private async Task OnceAsync(CancellationToken stop)
    {
        var more = false;
        try
        {
            if (tracker.Scan()) await SaveAsync(stop);
            foreach (var file in tracker.Live.ToList()) more |= await ReadAsync(file, stop);
            if (clock.GetElapsedTime(savedAt) >= SavePause) await SaveAsync(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.ReadingFailed(e);
            more = false;
        }
        if (more) return;
        await Task.Delay(LeastPause, clock, stop);
        await hints.WaitAsync(clock, stop);
    }

    private async Task<bool> ReadAsync(TrackedFile file, CancellationToken stop)
    {
        var over = tracker.IsOver(file);
        if (file.Done || (!over && !file.IsGzip && file.Size <= file.Offset)) return false;
        if (file.IsGzip && file.BrokenAt == (file.Size, file.ModifiedNs)) return false;
        var asked = options.Files.First(f => f.Path == file.Pattern);
        if (await LaneAsync(asked, stop) is not { } lane) return false;
        // A file keeps what it holds: while the engine is behind, it waits for the next look.
        if (gate.Room(lane, 1) != IngestRefusal.None) return false;
        try
        {
            if (!tracker.TryOpen(file)) return false;
            var turn = reader.Turn(file, lane, asked.TextEncoding, over);
            if (turn == FileTurn.Full) await gate.CommitAsync(reader.Sequence, stop);
            if (turn == FileTurn.Replaced)
            {
                // The next look at the disk sees it too; of one out of sight nothing is left but perhaps a copy.
                if (over) tracker.Lose(file);
                return false;
            }
            if (turn != FileTurn.AtEnd) return turn == FileTurn.More || gate.HasRoom(options.MaxLineBytes);
            if (file.IsGzip)
            {
                file.Done = true;
                file.Close();
            }
            else if (over)
            {
                file.Done = true;
                tracker.Lose(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            if (file.IsGzip) file.BrokenAt = (file.Size, file.ModifiedNs);
            file.Close();
            problems.Failed(file.Path, e);
        }
        return false;
    }

    /// <summary>Where the lines of an entry go; null while there is nobody they belong to.</summary>
    private async ValueTask<IngestLane?> LaneAsync(FileSourceOptions file, CancellationToken stop)
    {
        if (lanes.TryGetValue(file.Path, out var known) && clock.GetElapsedTime(known.AskedAt) < Remembered) return known.Lane;
        var tenant = await directory.TenantAsync(file.Tenant, stop);
        var source = tenant == 0 ? default : await directory.SourceAsync(tenant, file.Source, file.Kind, stop);
        if (tenant != 0 && source.Refusal == IngestRefusal.None)
        {
            lanes[file.Path] = (new IngestLane(tenant, source.Source), clock.GetTimestamp());
            return lanes[file.Path].Lane;
        }
        problems.Waits(file.Path, tenant != 0 ? IngestHttp.Code(source.Refusal)
            : file.Tenant.Length > 0 ? $"there is no tenant '{file.Tenant}'" : "there is no tenant, or more than one and none is named");
        return null;
    }

    /// <summary>Writes down where every file stands, once that is durable, and lets the journal go on.</summary>
    private async Task SaveAsync(CancellationToken stop)
    {
        await gate.CommitAsync(reader.Sequence, stop);
        savedAt = clock.GetTimestamp();
        var now = (reader.Sequence, tracker.NextSession, journal.DurableSequence);
        if (now == saved) return;
        if ((now.Sequence, now.NextSession) != (saved.Sequence, saved.Next) || !state.Exists) state.Save(tracker.NextSession, tracker.All);
        cursor.Commit(now.DurableSequence);
        saved = now;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (tracker is null || state is null) return;
        foreach (var file in tracker.All) file.Close();
    }
}
