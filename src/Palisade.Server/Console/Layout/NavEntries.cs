namespace Palisade.Server.Console.Layout;

/// <summary>A page in the navigation.</summary>
/// <param name="Path">Below the tenant's address.</param>
/// <param name="Key">Its name in the texts.</param>
/// <param name="Shortcut">The letter after g.</param>
public sealed record NavEntry(string Path, string Key, string Picture, char Shortcut)
{
    /// <summary>A page of the configuration.</summary>
    public bool InConfig => Path.StartsWith("config/", StringComparison.Ordinal);
}

/// <summary>The pages there are, in order.</summary>
public static class NavEntries
{
    public static IReadOnlyList<NavEntry> All { get; } =
    [
        new("", "nav.dashboard", Glyphs.Dash, 'd'),
        new("analysis", "nav.analysis", Glyphs.Analysis, 'n'),
        new("alerts", "nav.alerts", Glyphs.Bell, 'a'),
        new("incidents", "nav.incidents", Glyphs.Shield, 'i'),
        new("attackers", "nav.attackers", Glyphs.Globe, 'k'),
        new("config/sources", "nav.sources", Glyphs.Log, 'c'),
        new("config/rules", "nav.rules", Glyphs.Rule, 'u'),
        new("config/business", "nav.business", Glyphs.Link, 'b'),
        new("config/mutes", "nav.mutes", Glyphs.Mute, 'm'),
    ];

    /// <summary>The entry that a page belongs to: its own, or that of the list it is a part of.</summary>
    public static NavEntry Of(string path) =>
        All.FirstOrDefault(e => e.Path == path) ?? All.FirstOrDefault(e => e.Path.Length > 0 && path.StartsWith(e.Path + "/", StringComparison.Ordinal))
        ?? (Begins(path, "config/rules") || Begins(path, "config/backtests") ? Find("config/rules") : Begins(path, "sources/") || Begins(path, "config/") ? Find("config/sources") : All[0]);

    private static bool Begins(string path, string with) => path.StartsWith(with, StringComparison.Ordinal);

    private static NavEntry Find(string path) => All.First(e => e.Path == path);
}
