using System.Text;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What pages are for: guessed when first met, changed when people say so, told to whoever asks.</summary>
internal sealed partial class TenantHabits
{
    private const int MaxSites = 1_000, MaxListed = 500, MinPosts = 5;

    private readonly Dictionary<ulong, string> sites = [];
    private BusinessChoices choices = BusinessChoices.Empty;

    /// <summary>Requests taken in: tells whether there is anything new to list.</summary>
    public uint Total => total;

    /// <summary>From here on pages are for what people say they are; pages known already change with it.</summary>
    public void Choose(BusinessChoices chosen)
    {
        if (ReferenceEquals(choices, chosen)) return;
        choices = chosen;
        Apply();
    }

    /// <summary>Gives every page known the purpose it has by now.</summary>
    public void Apply()
    {
        for (var i = 0; i < paths.Places; i++)
            if (paths.IsUsed(i)) Purpose(ref paths.At(i), paths.At(i).TextOf());
    }

    private void NameSite(in Request r)
    {
        if (sites.Count < MaxSites) sites.TryAdd(r.Site, Encoding.UTF8.GetString(r.Domain[..Math.Min(r.Domain.Length, 255)]));
    }

    private void Purpose(ref SitePath path, string shape)
    {
        path.Traits &= ~PathTraits.Chosen;
        if (choices.TryGet(path.Site, shape, out var said))
        {
            path.Business = said;
            path.Traits |= PathTraits.Chosen;
        }
        else
        {
            path.Business = Guess(path, shape);
        }
    }

    /// <summary>Something is done there, not only looked at: sent, or asked for at a page that people say is for it and that nothing is sent to.</summary>
    private static bool Acts(in SitePath path, in Request r) => r.IsPost || (path.Traits & PathTraits.Chosen) != 0 && path.Posts * 10 < path.Count;

    private Business Guess(in SitePath path, string shape)
    {
        var (guess, _) = content.Businesses.Judge(Encoding.UTF8.GetBytes(shape), default, isPost: path.Posts > 0);
        return guess == Habits.Business.None && (path.Traits & PathTraits.NamesPhone) != 0 ? Habits.Business.Sms : guess;
    }

    /// <summary>Pages with a purpose, then pages that much is sent to and whose words do not tell one; the most asked for first, at most 500.</summary>
    public IReadOnlyList<BusinessPage> Pages()
    {
        var found = new List<(bool Known, BusinessPage Page)>();
        for (var i = 0; i < paths.Places; i++)
        {
            if (!paths.IsUsed(i)) continue;
            ref readonly var path = ref paths.At(i);
            // A page that never answered is somebody's guess too.
            if (path.IsAsset || path.Count == path.Errors || !sites.TryGetValue(path.Site, out var site)) continue;
            var known = path.Business != Habits.Business.None || (path.Traits & PathTraits.Chosen) != 0;
            if (!known && path.Posts < MinPosts) continue;
            var shape = path.TextOf();
            var guess = Guess(path, shape);
            found.Add((known || guess != Habits.Business.None, new BusinessPage(site, shape, guess, Confidence(path, guess), path.Count, path.Posts, path.Ok, path.Clients.Count, path.FirstMs, path.Last)));
        }
        return [.. found.OrderByDescending(f => f.Known).ThenByDescending(f => f.Page.Count).ThenBy(f => f.Page.Site, StringComparer.Ordinal).ThenBy(f => f.Page.Shape, StringComparer.Ordinal).Take(MaxListed).Select(f => f.Page)];
    }

    /// <summary>Words tell half; the rest is whether the page is used as such a page is: by how many, how often, and whether something is sent to it.</summary>
    private static int Confidence(in SitePath path, Business guess)
    {
        if (guess == Habits.Business.None) return 0;
        var sent = path.Posts * 2 >= path.Count;
        var fits = guess is Habits.Business.Export || sent;
        var few = guess is Habits.Business.Notify;
        return ((path.Traits & PathTraits.NamesPhone) != 0 ? 25 : 50) + (fits ? 20 : 0) + (path.Count >= 50 ? 15 : path.Count >= 10 ? 8 : 0) + (few ? (path.Clients.Count <= 20 ? 15 : 0) : path.Clients.Count >= 10 ? 15 : 0);
    }
}
