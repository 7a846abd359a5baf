using System.Text;
using Palisade.Cli.Parse;
using Palisade.Engine;
using Palisade.Engine.Parse;

namespace Palisade.Cli.New;

/// <summary>Writes the folder of a new source: the first lines of a log as its sample, a source.yml that reads them, and what comes of each.</summary>
internal sealed class NewSource(string name, string folder, IReadOnlyList<byte[]> lines, long nowMs)
{
    /// <summary>Lines of the log that become the sample.</summary>
    public const int SampleLines = 20;

    /// <summary>Lines of the sample that the new source reads.</summary>
    public int Read { get; private set; }

    public void Write()
    {
        var sketch = SourceSketch.Of(name, lines);
        var yaml = Encoding.UTF8.GetBytes(sketch);
        var content = EngineContent.Load([($"sources/{name}/source.yml", yaml)], out var problems);
        if (problems.FirstOrDefault(p => p.Code.StartsWith("SRC", StringComparison.Ordinal)) is { } wrong)
            throw new CliException(ExitCodes.Internal, $"the sketch of {name} does not compile: {wrong.Line}: {wrong.Code}: {wrong.Message}");
        try
        {
            Directory.CreateDirectory(folder);
            File.WriteAllBytes(Path.Combine(folder, "source.yml"), yaml);
            using (var sample = File.Create(Path.Combine(folder, "sample.log")))
                foreach (var line in lines)
                {
                    sample.Write(line);
                    sample.WriteByte((byte)'\n');
                }
            File.WriteAllText(Path.Combine(folder, "README.md"), Readme());
            using var expected = File.Create(Path.Combine(folder, "expected.jsonl"));
            WriteExpected(content, expected);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.BadInput, $"{folder}: cannot be written: {e.Message}");
        }
    }

    private void WriteExpected(EngineSnapshot content, Stream to)
    {
        using var input = new MemoryStream();
        foreach (var line in lines)
        {
            input.Write(line);
            input.WriteByte((byte)'\n');
        }
        input.Position = 0;
        using var run = new ParseRun(content, content.Parsers.IndexOf(name), null, nowMs);
        run.Run(input, to, ndjson: false, join: false, CancellationToken.None);
        Read = (int)run.Parsed;
    }

    private string Readme() => $"""
        # {name}

        Reads … (say which program writes these lines, in which versions, and where its format is described).

        * `source.yml`: how. `palisade parse --explain --source {name} sample.log` shows what each field is read from.
        * `sample.log`: lines of each kind, with invented addresses and names.
        * `expected.jsonl`: what `palisade parse --source {name} sample.log` must give.

        """;
}
