using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Fuzz;

/// <summary>Runs a target over changed seeds: a fixed number of rounds, or for a time where the loops are long.</summary>
public static class Fuzzing
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1";

    /// <summary>The folder content/ of the clone.</summary>
    public static string Content { get; } = Path.GetFullPath(Path.Combine(Here(), "..", "..", "content"));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    /// <summary>Seeds written out.</summary>
    public static IReadOnlyList<byte[]> Texts(params string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    /// <summary>Seeds of a target: the files of its folder in Corpora.</summary>
    public static IReadOnlyList<byte[]> Corpus(string target) =>
        [.. Directory.EnumerateFiles(Path.Combine(Here(), "Corpora", target)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    /// <summary>Seeds of a target that are a line each: the lines of the files of its folder, the empty ones too.</summary>
    public static IReadOnlyList<byte[]> CorpusLines(string target) =>
        [.. Directory.EnumerateFiles(Path.Combine(Here(), "Corpora", target)).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines).Select(Encoding.UTF8.GetBytes)];

    /// <summary>Lines of all samples of the sources.</summary>
    public static IReadOnlyList<byte[]> SampleLines { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(Content, "sources"), "sample.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines).Where(l => l.Length > 0).Select(Encoding.UTF8.GetBytes)];

    /// <summary>Runs it; what breaks is said with the input and the number that gives it again.</summary>
    public static void Run(IReadOnlyList<byte[]> seeds, int rounds, Action<byte[]> target)
    {
        Assert.NotEmpty(seeds);
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ_SEED"), out var given) ? given : Soak ? Environment.TickCount : 20261124;
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ_SECONDS"), out var s) ? s : 60;
        var started = TimeProvider.System.GetTimestamp();
        var mutator = new Mutator(seed, seeds);
        for (var round = 0; Soak ? TimeProvider.System.GetElapsedTime(started).TotalSeconds < seconds : round < rounds; round++)
        {
            var input = mutator.Next();
            try
            {
                target(input);
            }
            catch (Exception e)
            {
                Assert.Fail($"PALISADE_FUZZ_SEED={seed}, round {round}: {e.GetType().Name}: {e.Message}\ninput (base64): {Convert.ToBase64String(input)}\n{e.StackTrace}");
            }
        }
    }
}
