using Palisade.Server.Storage;

namespace Palisade.Server.Console.Layout;

/// <summary>Where the field in the top bar leads.</summary>
public static class Jumps
{
    /// <summary>The beginning of a page's name goes there, an address or range to its attacker; anything else is searched for in the alerts.</summary>
    public static string To(Scene scene, Ui text, string wanted)
    {
        if (AttackerSubject.Parse(wanted) is { } who) return scene.Attacker(who.Key);
        return NavEntries.All.FirstOrDefault(e => text[e.Key].StartsWith(wanted, StringComparison.OrdinalIgnoreCase)) is { } page
            ? scene.Link(page.Path) : scene.Link("alerts", ("status", "all"), ("q", wanted));
    }
}
