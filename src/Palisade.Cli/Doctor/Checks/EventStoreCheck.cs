using Palisade.Server.Storage;
using Palisade.Store;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>The event store: the embedded one's library, and whether it answers where it should be running.</summary>
internal sealed class EventStoreCheck : IDoctorCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public string Name => "store";
    public bool NeedsConfiguration => true;

    public async Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var storage = context.Options.Storage;
        var found = new List<CheckResult>();
        if (storage.Embedded) found.Add(Library(storage.Library));
        if (storage.Embedded && context.ServerProcess is null)
        {
            found.Add(CheckResult.Ok("no server runs on this data directory, so the embedded store does not either"));
            return found;
        }
        var where = storage.Embedded ? "the embedded store" : $"the ClickHouse server {new Uri(storage.Url).Authority}";
        found.Add(await AnswersAsync(storage, context.Data, stop)
            ? CheckResult.Ok($"{where} answers")
            : CheckResult.Missing($"{where} does not answer", storage.Embedded ? $"Read {context.Options.Data.PathOf(storage.DataPath)}/store.log and the server's own log; it is started again by itself." : "Start it, or correct Storage:Url."));
        return found;
    }

    private static CheckResult Library(string option)
    {
        var (path, problem) = StoreLibrary.Find(option);
        return path is not null ? CheckResult.Ok($"{path}, {new FileInfo(path).Length >> 20} MiB") : CheckResult.Missing("libchdb.so is missing", problem);
    }

    private static async Task<bool> AnswersAsync(StorageOptions storage, string data, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        using var client = StorageSlice.Connect(storage, data);
        try
        {
            return await client.PingAsync(limit.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested && e is HttpRequestException or IOException or OperationCanceledException)
        {
            return false; // said by the caller
        }
    }
}
