using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Palisade.House.Tests;

/// <summary>Who may name whom: projects, stages of the engine, slices of the server.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Palisade.Protocol"] = [],
        ["Palisade.Journal"] = [],
        ["Palisade.Engine"] = ["Palisade.Protocol"],
        ["Palisade.Store"] = [],
        ["Palisade.Server"] = ["Palisade.Protocol", "Palisade.Journal", "Palisade.Engine"],
        ["Palisade.Cli"] = ["Palisade.Server", "Palisade.Engine", "Palisade.Store"],
    };

    public static TheoryData<string> Projects => new(Repository.Files("src", ".csproj"));

    [Theory, MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_boundary_allows(string project)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} is not on the list of projects: a new project needs a deployment or version boundary.");
        var references = XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        Assert.Empty(references.Except(allowed!));
    }

    [Fact]
    public void A_stage_of_the_engine_names_earlier_stages_only()
    {
        string[] stages = ["Parse", "Normalise", "Enrich", "Detect", "Correlate", "Incidents"];
        var wrong = new List<string>();
        for (var i = 0; i < stages.Length; i++)
            foreach (var file in Repository.Files($"src/Palisade.Engine/{stages[i]}", ".cs"))
                foreach (Match use in Regex.Matches(Repository.Read(file), @"Palisade\.Engine\.(\w+)", RegexOptions.NonBacktracking))
                    if (Array.IndexOf(stages, use.Groups[1].Value) > i) wrong.Add($"{file} names {use.Value}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_slice_of_the_server_stays_out_of_the_tables_and_pages_of_others()
    {
        var slices = Repository.Files("src/Palisade.Server", "Slice.cs").Select(f => f.Split('/')[2]).Distinct().ToArray();
        Assert.NotEmpty(slices);
        var wrong = from file in Repository.Files("src/Palisade.Server", ".cs", ".razor")
                    let own = file.Split('/')[2]
                    let text = Repository.Read(file)
                    from slice in slices
                    where slice != own && own != "_Imports.razor" && text.Contains($"Palisade.Server.{slice}.Pages", StringComparison.Ordinal)
                    select $"{file} names {slice}.Pages";
        Assert.Empty(wrong);
    }
}
