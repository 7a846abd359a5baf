using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json;

namespace Palisade.Server.Console;

/// <summary>A country or region of the world as lists and maps show it.</summary>
public sealed record Region(string Code, string Name, string NameZh, double Longitude, double Latitude);

/// <summary>Names and places of regions by ISO code, from Regions.json. Immutable.</summary>
public sealed class RegionNames
{
    private readonly FrozenDictionary<string, Region> regions = Load();

    /// <summary>The region, or null where the code is not in the list.</summary>
    public Region? Find(string code) => regions.GetValueOrDefault(code);

    public string Name(string code, bool chinese) => Find(code) is { } region ? chinese ? region.NameZh : region.Name : code;

    private static FrozenDictionary<string, Region> Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Palisade.Server.Console.Regions.json")
            ?? throw new InvalidOperationException("The list of regions is not in the assembly.");
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.EnumerateObject().ToFrozenDictionary(
            p => p.Name,
            p => new Region(p.Name, p.Value[0].GetString()!, p.Value[1].GetString()!, p.Value[2].GetDouble(), p.Value[3].GetDouble()));
    }
}
