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

    /// <summary>The entry that a page belongs to: its own, or that of the list it is a part of.</summary>
    public static NavEntry Of(string path) =>
        All.FirstOrDefault(e => e.Path == path) ?? (path.StartsWith("sources/", StringComparison.Ordinal) || path.StartsWith("config/", StringComparison.Ordinal) ? All[2] : All[0]);
}
