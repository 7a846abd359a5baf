using System.Text.RegularExpressions;

namespace Palisade.House.Tests;

/// <summary>Rules of the house that a machine can check.</summary>
public sealed class HouseTests
{
    private static readonly string[] RootEntries =
    [
        ".ci", ".editorconfig", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "Directory.Build.props", "Directory.Build.targets",
        "Directory.Packages.props", "LICENSE", "Palisade.slnx", "README.md", "README.zh-CN.md", "SECURITY.md", "bench", "content", "deploy",
        "docs", "eng", "global.json", "package-lock.json", "package.json", "palisade", "src", "tests",
    ];

    [Fact]
    public void The_root_holds_only_what_is_listed()
    {
        string[] local = [".git", "artifacts", "node_modules", "data", ".vs", ".idea"];
        var found = Directory.EnumerateFileSystemEntries(Repository.Root).Select(e => Path.GetFileName(e)!).Except(local);
        Assert.Empty(found.Except(RootEntries));
        Assert.True(RootEntries.Length <= 25);
    }

    [Fact]
    public void No_source_file_is_longer_than_500_lines()
    {
        var generated = new Regex(@"(\.g\.cs|/Migrations/.*\.cs)$", RegexOptions.NonBacktracking);
        var tooLong = Repository.Files("src", ".cs", ".razor", ".css", ".js").Concat(Repository.Files("tests", ".cs"))
            .Where(f => !generated.IsMatch(f))
            .Select(f => (File: f, Lines: Repository.Read(f).Count(c => c == '\n')))
            .Where(f => f.Lines > 500).Select(f => $"{f.File}: {f.Lines}");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void Every_slice_has_its_readme_of_at_most_60_lines()
    {
        var wrong = Repository.Files("src/Palisade.Server", "Slice.cs").Select(f => Path.GetDirectoryName(f)!)
            .Where(d => !File.Exists(Path.Combine(Repository.Root, d, "README.md")) || Repository.Read($"{d}/README.md").Count(c => c == '\n') > 60);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_parser_source_has_its_sample_and_its_expected_events()
    {
        var folders = Repository.Files("content/sources", "source.yml").Select(f => Path.GetDirectoryName(f)!).ToArray();
        Assert.NotEmpty(folders);
        var wrong = folders.Where(d => !Directory.EnumerateFiles(Path.Combine(Repository.Root, d), "*expected*").Any()
            || !File.Exists(Path.Combine(Repository.Root, d, "README.md")));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Log_event_ids_are_unique()
    {
        var ids = from file in Repository.Files("src", ".cs")
                  from Match use in Regex.Matches(Repository.Read(file), @"\[LoggerMessage\((?:EventId\s*=\s*)?(\d+)", RegexOptions.NonBacktracking)
                  select (Id: int.Parse(use.Groups[1].Value), file);
        Assert.Empty(ids.GroupBy(i => i.Id).Where(g => g.Count() > 1).Select(g => $"{g.Key}: {string.Join(", ", g.Select(i => i.file).Distinct())}"));
    }

    [Fact]
    public void A_hundred_of_log_event_ids_belongs_to_one_folder()
    {
        var ids = from file in Repository.Files("src", ".cs")
                  from Match use in Regex.Matches(Repository.Read(file), @"\[LoggerMessage\((?:EventId\s*=\s*)?(\d+)", RegexOptions.NonBacktracking)
                  select (Hundred: int.Parse(use.Groups[1].Value) / 100, Folder: string.Join('/', file.Split('/')[..3]));
        Assert.NotEmpty(ids);
        Assert.Empty(ids.Distinct().GroupBy(i => i.Hundred).Where(g => g.Count() > 1).Select(g => $"{g.Key}xx: {string.Join(", ", g.Select(i => i.Folder))}"));
    }

    [Fact]
    public void Every_log_message_has_a_number()
    {
        var bare = new Regex(@"\.Log(Trace|Debug|Information|Warning|Error|Critical)\(|\[LoggerMessage\((?!EventId|\d)", RegexOptions.None, TimeSpan.FromSeconds(5));
        var wrong = Repository.Files("src", ".cs", ".razor").SelectMany(f => Repository.Read(f).Split('\n').Where(l => bare.IsMatch(l)).Select(l => $"{f}: {l.Trim()}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Links_in_the_documents_lead_to_files_that_exist()
    {
        var documents = Repository.Files("docs", ".md").Concat(Repository.Files("src", ".md"))
            .Concat(Directory.EnumerateFiles(Repository.Root, "*.md").Select(f => Path.GetFileName(f)!));
        var wrong = from file in documents
                    from Match link in Regex.Matches(Repository.Read(file), @"\]\(([^)#\s]+)", RegexOptions.NonBacktracking)
                    let target = link.Groups[1].Value
                    where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
                    let path = Path.Combine(Repository.Root, Path.GetDirectoryName(file)!, target)
                    where !File.Exists(path) && !Directory.Exists(path)
                    select $"{file} -> {target}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_tree_names_no_folder_of_a_developers_machine()
    {
        // Composed, so that this file does not match itself.
        var pattern = new Regex($"(^|[^A-Za-z0-9_.])/({"wo" + "rk"}|{"ro" + "ot"}|home/[a-z]+)/", RegexOptions.NonBacktracking);
        string[] folders = ["src", "eng", "docs", "bench", "deploy", ".ci"];
        var wrong = folders.SelectMany(f => Repository.Files(f, ".cs", ".razor", ".md", ".yml", ".sh", ".json", ".props", ".csproj"))
            .Where(f => !f.EndsWith(".lock.json", StringComparison.Ordinal))
            .SelectMany(f => Repository.Read(f).Split('\n').Where(l => pattern.IsMatch(l)).Select(l => $"{f}: {l.Trim()}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Nothing_is_left_for_later_in_the_code()
    {
        var pattern = new Regex($"{"TO" + "DO"}|{"FIX" + "ME"}|throw new NotImplemented{"Exception"}", RegexOptions.NonBacktracking);
        var wrong = Repository.Files("src", ".cs", ".razor", ".js").SelectMany(f => Repository.Read(f).Split('\n').Where(l => pattern.IsMatch(l)).Select(l => $"{f}: {l.Trim()}"));
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_test_is_skipped_and_none_sleeps()
    {
        var pattern = new Regex($@"Skip\s*=\s*""|Thread\.{"Sleep"}", RegexOptions.NonBacktracking);
        Assert.DoesNotContain(Repository.Files("tests", ".cs"), f => pattern.IsMatch(Repository.Read(f)));
    }

    [Fact]
    public void Every_package_is_explained_in_the_list_of_dependencies()
    {
        var listed = Repository.Read("docs/dependencies.md");
        var packages = Regex.Matches(Repository.Read("Directory.Packages.props"), "PackageVersion Include=\"([^\"]+)\"", RegexOptions.NonBacktracking).Select(m => m.Groups[1].Value)
            .Concat(Regex.Matches(Repository.Read("package.json"), "\"([@a-z][^\"]*)\": \"[\\^0-9]", RegexOptions.NonBacktracking).Select(m => m.Groups[1].Value));
        Assert.All(packages, p => Assert.Contains(p, listed, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_row_of_the_limits_names_the_tests_that_prove_it()
    {
        var tests = Repository.Files("tests", "Tests.cs").ToDictionary(f => f, Repository.Read);
        bool Exists(string name) => name.Split('.') is [var type, var method]
            && tests.Any(t => Path.GetFileNameWithoutExtension(t.Key) == type && t.Value.Contains($" {method}(", StringComparison.Ordinal));
        var rows = Repository.Read("docs/reference/limits.md").Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal) && !Regex.IsMatch(l, @"^\| What( comes| is so)? \|", RegexOptions.NonBacktracking)).ToArray();
        Assert.True(rows.Length > 30);
        var wrong = rows.Where(r => Regex.Match(r, "<!-- (.+) -->", RegexOptions.NonBacktracking) is not { Success: true } named || !named.Groups[1].Value.Split(' ').All(Exists));
        Assert.Empty(wrong);
    }
}
