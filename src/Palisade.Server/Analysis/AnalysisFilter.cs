using System.Globalization;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Storage;

namespace Palisade.Server.Analysis;

/// <summary>The filter as it stands in the address of the page. Null: no matter.</summary>
/// <param name="Region">ISO code; "-": where it is not known.</param>
/// <param name="Network">AS number; "0": where it is not known.</param>
public sealed record AnalysisFilter(string? Family, string? Class, string? Outcome, string? Region, string? Network, string? Address, string? Target)
{
    public const string Unknown = "-";

    public AttackFilter Query => new()
    {
        Classes = AnalysisApi.ClassesOf(Family, Class),
        Outcome = Enum.TryParse<AttackOutcome>(Outcome, ignoreCase: true, out var outcome) ? outcome : null,
        Country = Text(Region) is { } region ? region == Unknown ? "" : region : null,
        Network = long.TryParse(Network, NumberStyles.None, CultureInfo.InvariantCulture, out var network) ? network : null,
        Address = Text(Address),
        Target = Text(Target),
    };

    /// <summary>Name in the address, and value, of each part that is set.</summary>
    public IEnumerable<(string Name, string Value)> Parts =>
        new[] { ("family", Family), ("class", Class), ("outcome", Outcome), ("region", Region), ("network", Network), ("address", Address), ("target", Target) }
            .Where(p => Text(p.Item2) is not null).Select(p => (p.Item1, p.Item2!));

    /// <summary>The alerts of the same filter. Alerts know no network: it stays behind.</summary>
    public string Alerts(Scene scene) => scene.Link("alerts", ("status", "all"), ("family", Family), ("class", Class), ("outcome", Outcome), ("region", Region == Unknown ? null : Region),
        ("q", string.Join(' ', new[] { Text(Address), Text(Target) }.OfType<string>())));

    public string Incidents(Scene scene) => scene.Link("incidents", ("status", "all"), ("family", Family), ("class", Class), ("outcome", Outcome), ("source", Address), ("q", Target?.StartsWith('#') == true ? null : Target));

    private static string? Text(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
