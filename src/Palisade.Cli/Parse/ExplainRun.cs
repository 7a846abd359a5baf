using System.Globalization;
using System.Text;
using Palisade.Engine;
using Palisade.Engine.Parse.Explain;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Parse;

/// <summary><c>parse --explain</c>: for each record which source and pattern read it, and where each field comes from; for one that nobody reads, how near a source came.</summary>
internal sealed class ExplainRun(EngineSnapshot content, short parser, ZoneTable? zone, long nowMs, TextWriter output)
{
    private const int Widest = 120;
    private readonly ParseExplainer explainer = new(content.Parsers);
    private ulong number;

    public long Records { get; private set; }
    public long Read { get; private set; }

    public void Run(Stream input, bool join, CancellationToken cancel)
    {
        var lines = new LineReader(input);
        var joiner = join ? new RecordJoiner(content.Parsers, parser, nowMs) : null;
        while (lines.TryRead(out var line))
        {
            cancel.ThrowIfCancellationRequested();
            if (joiner is null) Add(line);
            else if (lines.WasElement)
            {
                if (joiner.TryEnd(out var before)) Add(before);
                Add(line);
            }
            else if (joiner.TryAdd(line, out var record)) Add(record);
        }
        if (joiner is not null && joiner.TryEnd(out var last)) Add(last);
        output.Flush();
    }

    private void Add(ReadOnlySpan<byte> raw)
    {
        var found = explainer.Explain(new RecordInfo(++number, nowMs, 1, 0, parser, zone), raw);
        Records++;
        output.WriteLine($"{number}: {Plain(Encoding.UTF8.GetString(raw))}");
        var how = found.Detected ? "detected" : "asked for";
        if (found.Refusal == ParseRefusal.None)
        {
            Read++;
            output.WriteLine($"  read by {found.Source} ({how}){string.Concat(found.Steps.Select(s => $", pattern {(s.Source == found.Source ? "" : s.Source + "/")}{s.Pattern}"))}");
            var width = found.Fields.Count == 0 ? 0 : Math.Min(40, found.Fields.Max(f => f.Name.Length));
            foreach (var field in found.Fields) output.WriteLine($"    {field.Name.PadRight(width)}  {Plain(field.Value)}{Origin(field)}");
        }
        else if (found.Refusal == ParseRefusal.Empty) output.WriteLine("  carries nothing of its own");
        else output.WriteLine($"  not read: {EventJson.Reason(found.Refusal)}");
        if (found.Nearest is { } near)
            output.WriteLine($"  nearest: {near.Source}, pattern {near.Pattern}: read {near.At.ToString(CultureInfo.InvariantCulture)} bytes, then expected {Plain(near.Expected)} and found {(near.Found.Length == 0 ? "the end" : $"'{Plain(near.Found)}'")}");
    }

    private static string Origin(ExplainedField field) => field.Text is null ? field.Name == "@timestamp" ? "  (read from the record)" : "  (set by the source)"
        : field.Start >= 0 && field.Text == field.Value ? string.Create(CultureInfo.InvariantCulture, $"  (byte {field.Start})")
        : field.Start >= 0 ? string.Create(CultureInfo.InvariantCulture, $"  (byte {field.Start}: '{Plain(field.Text)}')") : $"  (from '{Plain(field.Text)}')";

    private static string Plain(string text) => PlainText.Of(text, Widest);
}
