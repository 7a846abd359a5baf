using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Server.Storage;
using Palisade.Server.Storage.Native;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

/// <summary>From a raw record to a block on the wire with all shipped rules: memory is taken once, not per event.</summary>
public sealed class StreamAllocationTests
{
    private const int Events = 4000, Rounds = 5;
    private static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static EngineSnapshot Content()
    {
        var folder = Path.Combine(Root, "content");
        return EngineContent.Load(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => (Path.GetRelativePath(folder, f).Replace('\\', '/'), File.ReadAllBytes(f))), out _, trusted: true);
    }

    private static long Budget(string key)
    {
        using var budgets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root, "bench", "budgets.json")));
        return budgets.RootElement.GetProperty(key).GetInt64();
    }

    private static byte[] Line(int i) => Encoding.UTF8.GetBytes(
        $"203.0.113.{i % 250} - - [24/Nov/2026:16:00:{i % 60:00} +0000] \"GET /product/{i % 5000}?page={i % 9} HTTP/1.1\" 200 {500 + i} \"https://shop.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0\"");

    [Fact]
    public void A_steady_stream_stays_within_its_budget()
    {
        var snapshot = Content();
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        var store = new StreamStore(null!, snapshot, new LiveParsers(snapshot), new StorageOptions(), node: 1);
        var stats = new SourceStats(TimeProvider.System, _ => "");
        var block = new EventBlock(1, 20_000, snapshot.Version);
        var wire = new NativeBuffer();
        var lines = Enumerable.Range(0, Events).Select(Line).ToArray();
        ulong sequence = 0;

        void Round()
        {
            pipeline.Clear();
            foreach (var line in lines) pipeline.Add(new RecordInfo(++sequence, 1_795_536_000_000, 1, 1, RecordInfo.AutoParser), line);
            pipeline.Detect();
            var set = new BlockSet(store, sequence - Events + 1, 0);
            for (var i = 0; i < Events; i++) set.Add(pipeline.Events, i, null);
            foreach (ref readonly var finding in pipeline.Findings.Items) set.Add(pipeline.Events, finding);
            set.Release();
            block.Clear(20_000);
            for (var i = 0; i < Events; i++) block.Add(pipeline.Events, i);
            block.Encode(wire);
            stats.Record(pipeline.Events);
        }

        for (var i = 0; i < Rounds; i++) Round();
        Assert.Equal(ParseRefusal.None, pipeline.Events.Header(0).Refusal);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++) Round();
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (Rounds * Events / 1000);
        TestContext.Current.TestOutputHelper?.WriteLine($"{allocated} bytes per 1,000 events");
        Assert.InRange(allocated, 0, Budget("stream.allocated_bytes_per_1000_events"));
    }
}
