using System.Text;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Joining;

namespace Palisade.Fuzz.Engine;

public sealed class ParserFuzz
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly EngineSnapshot Snapshot = Load();

    private static EngineSnapshot Load()
    {
        var files = Directory.EnumerateFiles(Fuzzing.Content, "*.yml", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(Fuzzing.Content, f).Replace('\\', '/'), File.ReadAllBytes(f)));
        return EngineContent.Load(files, out _, trusted: true);
    }

    [Fact]
    public void Any_record_gives_one_event_whose_fields_lie_in_the_batch_and_whose_bytes_are_kept()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var stream = 0u;
        Fuzzing.Run(Fuzzing.SampleLines, 60_000, input =>
        {
            if (pipeline.Events.IsFull || pipeline.Events.ArenaUsed > 8 << 20) pipeline.Clear();
            var index = pipeline.Events.Count;
            pipeline.Add(new RecordInfo(1, Received, 1, stream++ % 7, RecordInfo.AutoParser), input);
            Assert.Equal(index + 1, pipeline.Events.Count);
            Assert.Equal(input, pipeline.Events.Raw(index).ToArray());
            var ids = pipeline.Events.FieldIds(index);
            Assert.InRange(ids.Length, 0, EventBatch.MaxFields + 50);
            for (var slot = 0; slot < ids.Length; slot++)
            {
                Assert.NotEqual(0, ids[slot]);
                var (offset, length) = pipeline.Events.RangeAt(index, slot);
                Assert.InRange(offset, 0, pipeline.Events.ArenaUsed);
                Assert.InRange(offset + length, -1, pipeline.Events.ArenaUsed);
            }
        });
    }

    [Fact]
    public void Every_source_that_is_asked_for_reads_or_refuses_anything()
    {
        var batch = new EventBatch();
        var parser = new Parser(Snapshot.Parsers);
        var next = 0;
        Fuzzing.Run(Fuzzing.SampleLines, 60_000, input =>
        {
            batch.Clear();
            parser.Parse(new RecordInfo(1, Received, 1, 1, (short)(next++ % Snapshot.Parsers.Count)), input, batch);
            Assert.Equal(1, batch.Count);
        });
    }

    [Fact]
    public void Detection_of_what_is_read_never_throws()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        Fuzzing.Run(Fuzzing.SampleLines, 8_000, input =>
        {
            pipeline.Clear();
            pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), input);
            pipeline.Detect();
            foreach (ref readonly var finding in pipeline.Findings.Items) Assert.Equal(0, finding.Event);
        });
    }

    [Fact]
    public void Joining_lines_loses_and_invents_no_byte()
    {
        Fuzzing.Run(Fuzzing.SampleLines, 3_000, input =>
        {
            var joiner = new RecordJoiner(Snapshot.Parsers, RecordInfo.AutoParser, Received);
            var records = new List<byte[]>();
            foreach (var range in input.AsSpan().Split((byte)'\n'))
                if (joiner.TryAdd(input.AsSpan(range), out var record)) records.Add(record.ToArray());
            if (joiner.TryEnd(out var last)) records.Add(last.ToArray());
            Assert.Equal(Convert.ToBase64String(input), Convert.ToBase64String([.. records.SelectMany((r, i) => i == 0 ? r : [(byte)'\n', .. r])]));
        });
    }

    [Fact]
    public void A_source_file_gives_diagnostics_and_no_exception()
    {
        IReadOnlyList<byte[]> seeds = [.. Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "sources"), "source.yml", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Fuzzing.Run(seeds, 1_500, input => ParserSet.Load([("sources/x/source.yml", input)], out _));
    }

    [Fact]
    public void A_rule_file_gives_diagnostics_and_no_exception()
    {
        IReadOnlyList<byte[]> seeds = [.. Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "rules"), "*.yml", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Path.Combine(Fuzzing.Content, "correlations"), "*.yml", SearchOption.AllDirectories)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Fuzzing.Run(seeds, 1_500, input => EngineContent.Load([("rules/x.yml", input)], out _));
    }
}
