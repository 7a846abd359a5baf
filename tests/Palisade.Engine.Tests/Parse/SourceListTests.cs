using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Engine.Tests.Parse;

/// <summary>The page that lists the sources says what there is. PALISADE_ACCEPT=1 writes it again.</summary>
public sealed class SourceListTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", "..", ".."));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    [Fact]
    public void The_list_of_sources_is_true_and_every_source_has_its_four_files()
    {
        var page = new StringBuilder("# What Palisade reads\n\nEach line is a folder of `content/sources`, with a README that says how to have the software write such a log. How to add one: [sources.md](sources.md).\n\n| Source | Reads | Form | By syslog program |\n|---|---|---|---|\n");
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(Root, "content", "sources")).Order(StringComparer.Ordinal))
        {
            foreach (var file in new[] { "README.md", "source.yml", "sample.log", "expected.jsonl" }) Assert.True(File.Exists(Path.Combine(folder, file)), $"{Path.GetFileName(folder)} lacks {file}");
            var lines = File.ReadAllLines(Path.Combine(folder, "source.yml"));
            string Key(string key) => lines.FirstOrDefault(l => l.StartsWith(key + ":", StringComparison.Ordinal))?[(key.Length + 1)..].Trim().Trim('"', '\'') ?? "";
            var name = Key("name");
            Assert.Equal(Path.GetFileName(folder), name);
            var format = Key("format") is "" ? "pattern" : Key("format");
            var programs = Key("programs").Trim('[', ']').Replace("'*'", "any", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal);
            page.Append($"| [{name}](../../content/sources/{name}/README.md) | {Key("title").Replace("|", "\\|", StringComparison.Ordinal)} | {format} | {programs} |\n");
        }
        var path = Path.Combine(Root, "docs", "reference", "source-list.md");
        if (Environment.GetEnvironmentVariable("PALISADE_ACCEPT") == "1") File.WriteAllText(path, page.ToString());
        Assert.Equal(File.ReadAllText(path), page.ToString());
    }
}
