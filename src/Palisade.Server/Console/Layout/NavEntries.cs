namespace Palisade.Server.Console.Layout;

/// <summary>A page in the navigation.</summary>
/// <param name="Path">Below the tenant's address.</param>
/// <param name="Key">Its name in the texts.</param>
/// <param name="Shortcut">The letter after g.</param>
public sealed record NavEntry(string Path, string Key, string Picture, char Shortcut);

/// <summary>The pages there are, in order.</summary>
public static class NavEntries
{
    public static IReadOnlyList<NavEntry> All { get; } =
    [
        new("", "nav.dashboard", Glyphs.Dash, 'd'),
        new("alerts", "nav.alerts", Glyphs.Bell, 'a'),
        new("config/sources", "nav.sources", Glyphs.Log, 'c'),
    ];
}
