using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Oracle;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Rules;

/// <summary><c>rules match</c>: JSON events in, matches out.</summary>
internal static class RulesMatch
{
    // What matched is written often, so that a batch stays in the cache.
    private const int MaxEvents = 512, MaxArena = 1 << 20, MaxSaid = 20;

    public static int Run(IReadOnlyList<string> rulePaths, string events, RuleLoadOptions options, bool oracle)
    {
        var files = RulePaths.Read(rulePaths);
        files.AddRange(ContentFiles.Read(Path.Combine(ContentFiles.Folder, "lookups", "sigma")));
        var set = RuleSet.Load(files, options, out var diagnostics);
        var errors = RulePaths.Say(diagnostics, Console.Error, warnings: false);
        using var input = Open(events);
        using var output = Console.OpenStandardOutput();
        var comparison = oracle ? new OracleComparison(set, SigmaOracle.Load(files, options)) : null;
        using var matcher = new Matcher(set, output, comparison);
        matcher.ReadAll(input, events).GetAwaiter().GetResult();
        Console.Error.WriteLine($"{set.RuleCount} rules, {set.CorrelationCount} correlations, {matcher.Events} events, {matcher.Matches} matches, {errors} refused{(matcher.Refused > 0 ? $"; {matcher.Refused} lines that are no event" : "")}");
        if (comparison is not null)
        {
            foreach (var rule in comparison.Unread) Console.Error.WriteLine($"the oracle cannot read the rule {rule}");
            Console.Error.WriteLine($"oracle: {comparison.Compared} rules compared, {comparison.Agreed} judgements the same, {matcher.Differences} differences");
            if (matcher.Differences > 0) return ExitCodes.Findings;
        }
        return errors > 0 || matcher.Refused > 0 ? ExitCodes.BadInput : ExitCodes.Done;
    }

    private static Stream Open(string path)
    {
        if (path == "-") return Console.OpenStandardInput();
        if (!File.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path}: no such file");
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.SequentialScan);
        return path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private sealed class Matcher(RuleSet set, Stream output, OracleComparison? comparison) : IDisposable
    {
        private readonly JsonDetector detector = new(set);
        private readonly Correlator correlator = new(set, new CorrelatorOptions { MaxGroups = 1_000_000 });
        private readonly EventBatch batch = new();
        private readonly MatchList matches = new();
        private readonly FindingList findings = new();
        private readonly JsonEventReader reader = new(set);
        private readonly EventBatch one = new();
        private readonly ArrayBufferWriter<byte> buffer = new(1 << 16);
        private readonly Utf8JsonWriter json = new(Stream.Null);

        public ulong Events { get; private set; }
        public long Matches { get; private set; }
        /// <summary>Lines that are no event: the first of them are said, all are counted, and the others are judged.</summary>
        public long Refused { get; private set; }
        public long Differences { get; private set; }

        public void Dispose() => json.Dispose();

        public async Task ReadAll(Stream input, string name)
        {
            var pipe = PipeReader.Create(input, new StreamPipeReaderOptions(bufferSize: 1 << 18));
            var line = 0L;
            while (true)
            {
                var result = await pipe.ReadAsync();
                var rest = result.Buffer;
                while (TryLine(ref rest, result.IsCompleted, out var one)) Take(one, ++line, name);
                pipe.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted) break;
            }
            Flush(last: true);
        }

        private static bool TryLine(ref ReadOnlySequence<byte> rest, bool last, out ReadOnlySequence<byte> line)
        {
            line = rest;
            if (rest.PositionOf((byte)'\n') is { } end)
            {
                line = rest.Slice(0, end);
                rest = rest.Slice(rest.GetPosition(1, end));
                return true;
            }
            if (!last || rest.IsEmpty) return false;
            rest = rest.Slice(rest.End);
            return true;
        }

        // events with more fields than are kept
        private long cut;

        private void Take(ReadOnlySequence<byte> line, long number, string name)
        {
            var bytes = line.IsSingleSegment ? line.FirstSpan : line.ToArray();
            bytes = bytes.TrimEnd(" \t\r"u8);
            // the mark that some programs put before UTF-8
            if (number == 1 && bytes.StartsWith("\uFEFF"u8)) bytes = bytes[3..];
            if (bytes.IsEmpty) return;
            // before, not behind: the last batch must not be empty when the windows are closed
            if (batch.Count >= MaxEvents || batch.ArenaUsed > MaxArena) Flush(last: false);
            var refusal = detector.Add(batch, bytes, Events, matches);
            if (comparison is not null && refusal == ParseRefusal.None) Compare(bytes);
            Events++;
            if (refusal == ParseRefusal.None && batch.Header(batch.Count - 1).Refusal == ParseRefusal.TooManyFields && ++cut <= MaxSaid)
                Console.Error.WriteLine($"{name}:{number}: more than {EventBatch.MaxFields} fields; those beyond were not looked at, but for some that rules name");
            if (refusal != ParseRefusal.None && ++Refused <= MaxSaid)
                Console.Error.WriteLine($"{name}:{number}: {(refusal == ParseRefusal.TooDeep ? $"nested deeper than {JsonEventReader.MaxDepth}" : "an event is a JSON object; this is none")}; left out");
        }

        private void Compare(ReadOnlySpan<byte> bytes)
        {
            one.Clear();
            reader.Add(one, bytes, Events);
            foreach (var difference in comparison!.Compare(one, bytes)) Write(difference);
        }

        private void Flush(bool last)
        {
            detector.Tell(matches, findings);
            correlator.Process(batch, findings);
            if (last) correlator.End(batch, findings);
            foreach (ref readonly var finding in findings.Items) Write(finding);
            output.Write(buffer.WrittenSpan);
            output.Flush();
            buffer.ResetWrittenCount();
            batch.Clear();
            matches.Clear();
            findings.Clear();
        }

        private void Write(OracleDifference difference)
        {
            Differences++;
            json.Reset(buffer);
            json.WriteStartObject();
            json.WriteStartObject("difference");
            json.WriteNumber("event", difference.Sequence);
            json.WriteString("rule.id", difference.RuleId);
            json.WriteBoolean("engine", difference.Engine);
            json.WriteBoolean("oracle", !difference.Engine);
            json.WriteEndObject();
            json.WriteEndObject();
            json.Flush();
            buffer.Write("\n"u8);
        }

        private void Write(in Finding finding)
        {
            Matches++;
            json.Reset(buffer);
            json.WriteStartObject();
            if (finding.Firing is { } firing)
            {
                json.WriteString("correlation", set.CorrelationName(finding.Rule));
                json.WriteStartObject("group");
                foreach (var (field, value) in firing.Group) json.WriteString(field, value);
                json.WriteEndObject();
                json.WriteStartArray("events");
                foreach (var sequence in firing.Sequences) json.WriteNumberValue(sequence);
                json.WriteEndArray();
            }
            else
            {
                json.WriteNumber("event", batch.Header(finding.Event).Sequence);
                json.WriteString("rule.id", finding.Rule.Id);
                json.WriteString("rule.name", finding.Rule.Name);
            }
            json.WriteEndObject();
            json.Flush();
            buffer.Write("\n"u8);
        }
    }
}
