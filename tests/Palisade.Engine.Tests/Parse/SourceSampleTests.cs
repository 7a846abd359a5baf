using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Parse;

/// <summary>Every source reads its own sample to exactly the events beside it. PALISADE_ACCEPT=1 writes them again, to be looked at.</summary>
public sealed class SourceSampleTests
{
    // The samples carry stamps without a year: they were received on this day.
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly string Content = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "content"));
    private static readonly EngineSnapshot Snapshot = Load();

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static EngineSnapshot Load()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Content, "sources"), "source.yml", SearchOption.AllDirectories)
            .Select(f => (Path.GetRelativePath(Content, f).Replace('\\', '/'), File.ReadAllBytes(f)));
        var snapshot = EngineContent.Load(files, out var problems);
        Assert.DoesNotContain(problems, p => p.Code.StartsWith("SRC", StringComparison.Ordinal));
        return snapshot;
    }

    public static TheoryData<string> Sources => new(Directory.EnumerateDirectories(Path.Combine(Content, "sources")).Select(d => Path.GetFileName(d)!).Order());

    [Theory, MemberData(nameof(Sources))]
    public void A_source_reads_its_sample_to_the_events_beside_it(string source)
    {
        var folder = Path.Combine(Content, "sources", source);
        var expected = Path.Combine(folder, "expected.jsonl");
        var lines = File.ReadAllLines(Path.Combine(folder, "sample.log"));
        // One stream: a header line names the columns of those after it.
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var found = lines.Select(l => Read(pipeline, l)).ToArray();
        if (Environment.GetEnvironmentVariable("PALISADE_ACCEPT") == "1") File.WriteAllText(expected, string.Join('\n', found) + "\n");
        Assert.Equal(File.ReadAllLines(expected), found);
    }

    public static TheoryData<string> Joined => new(Directory.EnumerateFiles(Path.Combine(Content, "sources"), "records.log", SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))!).Order());

    [Theory, MemberData(nameof(Joined))]
    public void A_source_puts_the_lines_of_its_records_together_and_reads_them_to_the_events_beside_them(string source)
    {
        var folder = Path.Combine(Content, "sources", source);
        var expected = Path.Combine(folder, "records.jsonl");
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var joiner = new RecordJoiner(Snapshot.Parsers, RecordInfo.AutoParser, Received);
        var found = new List<string>();
        foreach (var line in File.ReadAllLines(Path.Combine(folder, "records.log")))
            if (joiner.TryAdd(Encoding.UTF8.GetBytes(line), out var record)) found.Add(Read(pipeline, Encoding.UTF8.GetString(record)));
        if (joiner.TryEnd(out var last)) found.Add(Read(pipeline, Encoding.UTF8.GetString(last)));
        if (Environment.GetEnvironmentVariable("PALISADE_ACCEPT") == "1") File.WriteAllText(expected, string.Join('\n', found) + "\n");
        Assert.Equal(File.ReadAllLines(expected), found);
    }

    private static string Read(Pipeline pipeline, string line)
    {
        pipeline.Clear();
        pipeline.Add(new RecordInfo(1, Received, 1, 0, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        var batch = pipeline.Events;
        ref readonly var header = ref batch.Header(0);
        if (header.Refusal != ParseRefusal.None) return new JsonObject { ["refusal"] = header.Refusal.ToString() }.ToJsonString();
        var json = new JsonObject
        {
            ["source"] = Snapshot.Parsers.NameOf(header.Parser),
            ["@timestamp"] = (header.Flags & EventFlags.NoTime) != 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(header.TimeMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        };
        var ids = batch.FieldIds(0);
        for (var i = 0; i < ids.Length; i++)
        {
            var name = FieldNames.Name(ids[i]);
            var value = Encoding.UTF8.GetString(batch.ValueAt(0, i));
            if (ids[i] == Fields.Timestamp) continue;
            if (json[name] is JsonArray many) many.Add(value);
            else if (json[name] is { } one) json[name] = new JsonArray(one.GetValue<string>(), value);
            else json[name] = value;
        }
        return json.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
