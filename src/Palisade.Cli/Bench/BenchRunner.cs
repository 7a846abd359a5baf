using System.Globalization;
using System.Text.Json;
using Palisade.Cli.Bench.Cases;
using Palisade.Cli.Bench.Cases.Detect;

namespace Palisade.Cli.Bench;

/// <summary>Runs cases several times and says medians, spread and machine.</summary>
internal static class BenchRunner
{
    public static readonly IReadOnlyList<IBenchCase> Cases =
    [
        new JournalCase(), new ScanCase(), new ParseCase(), new IntakeNginxCase(), new IntakeMixedCase(), new ConnectionsCase(), new AlertLatencyCase(), new OverloadCase(), new ColdStartCase(), new WebDetectCase(),
        new DetectWindowsCase(), new DetectOwnCase(), new DetectCoresCase(), new DetectManyCase(), new DetectLoadCase(), new DetectCorrelationCase(),
    ];

    public static async Task RunAsync(IReadOnlyList<IBenchCase> cases, BenchWishes wishes, CancellationToken cancellationToken)
    {
        var (runs, json) = (wishes.Runs, wishes.Json);
        var machine = Machine.Read();
        var summaries = new List<Summary>();
        if (!json) Console.WriteLine($"{machine}\n{runs} runs each; median (least to most)\n");
        foreach (var bench in cases)
        {
            var figures = new List<IReadOnlyList<Figure>>();
            for (var run = 1; run <= runs; run++)
            {
                await Console.Error.WriteLineAsync($"{bench.Name}: run {run} of {runs}");
                figures.Add(await RunOnceAsync(bench, wishes, cancellationToken));
            }
            var own = Summary.Of(bench.Name, figures).ToList();
            summaries.AddRange(own);
            if (json) continue;
            foreach (var s in own) Console.WriteLine(Line(s));
        }
        if (json) Console.WriteLine(Json(machine, runs, summaries));
    }

    private static async Task<IReadOnlyList<Figure>> RunOnceAsync(IBenchCase bench, BenchWishes wishes, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("palisade-bench-");
        try
        {
            return await bench.RunAsync(new BenchContext(folder.FullName, wishes.Seconds, wishes.Lines, TimeProvider.System, wishes.Json ? Console.Error : Console.Out, wishes.Data, wishes.Misses), cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Line(Summary s)
    {
        var target = (s.AtLeast, s.AtMost) switch
        {
            ({ } least, _) => $"at least {Number(least)}: {(s.Reached ? "reached" : "MISSED")}",
            (_, { } most) => $"at most {Number(most)}: {(s.Reached ? "reached" : "MISSED")}",
            _ => "",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{s.Case,-18} {s.Name,-40} {Number(s.Median),12} {s.Unit,-10} ({Number(s.Min)} to {Number(s.Max)})  {target}").TrimEnd();
    }

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 1000 || value == Math.Floor(value) ? "N0" : "N2", CultureInfo.InvariantCulture);

    private static string Json(Machine machine, int runs, List<Summary> summaries)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("machine", machine.ToString());
            writer.WriteNumber("runs", runs);
            writer.WriteStartArray("figures");
            foreach (var s in summaries)
            {
                writer.WriteStartObject();
                writer.WriteString("case", s.Case);
                writer.WriteString("name", s.Name);
                writer.WriteString("unit", s.Unit);
                writer.WriteNumber("median", Math.Round(s.Median, 3));
                writer.WriteNumber("min", Math.Round(s.Min, 3));
                writer.WriteNumber("max", Math.Round(s.Max, 3));
                if (s.AtLeast is { } least) writer.WriteNumber("atLeast", least);
                if (s.AtMost is { } most) writer.WriteNumber("atMost", most);
                writer.WriteBoolean("reached", s.Reached);
                writer.WriteStartArray("runs");
                foreach (var value in s.Runs) writer.WriteNumberValue(Math.Round(value, 3));
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
