using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>What a person said that a page is for.</summary>
/// <param name="Site">Name of the site as requests say it; empty: requests that name none; <see cref="BusinessChoices.AnySite"/>: every site.</param>
/// <param name="Path">Path as written or its shape; digits and random names in it stand for any.</param>
/// <param name="Business"><see cref="Business.None"/>: for nothing that is watched, whatever its words say.</param>
public readonly record struct BusinessChoice(string Site, string Path, Business Business);

/// <summary>What the people of one tenant said that pages are for: stronger than any guess. Immutable; a change makes a new one, swapped whole.</summary>
public sealed class BusinessChoices
{
    /// <summary>Stands for every site.</summary>
    public const string AnySite = "*";
    /// <summary>Choices of one tenant; more are left out.</summary>
    public const int Max = 1_000;
    private const int MaxFileBytes = 1 << 20;

    /// <summary>Purposes a page can have, by the names that files and the API use.</summary>
    public static IReadOnlyList<(string Name, Business Business)> Purposes { get; } =
    [
        ("login", Business.Login), ("sms", Business.Sms), ("register", Business.Register), ("coupon", Business.Coupon), ("pay", Business.Pay), ("notify", Business.Notify),
        ("withdraw", Business.Withdraw), ("export", Business.Export), ("upload", Business.Upload), ("none", Business.None),
    ];

    private readonly Dictionary<(ulong Site, string Shape), Business> bySite = [];
    private readonly Dictionary<string, Business> anywhere = new(StringComparer.Ordinal);

    /// <summary>Nothing chosen.</summary>
    public static BusinessChoices Empty { get; } = new(0, []);

    /// <param name="tenant">Whose they are.</param>
    /// <param name="choices">Of two for the same page the later one holds.</param>
    public BusinessChoices(uint tenant, IEnumerable<BusinessChoice> choices)
    {
        ArgumentNullException.ThrowIfNull(choices);
        foreach (var (site, path, business) in choices.Take(Max))
        {
            if (site == AnySite) anywhere[ShapeOf(path)] = business;
            else bySite[(SiteKey(Encoding.UTF8.GetBytes(site), tenant), ShapeOf(path))] = business;
        }
    }

    /// <summary>Name of a purpose; "none" for what is no purpose of a page.</summary>
    public static string NameOf(Business business) => Purposes.FirstOrDefault(p => p.Business == business).Name ?? "none";

    /// <summary>The purpose of a name; null: there is none of this name.</summary>
    public static Business? Parse(string? name)
    {
        foreach (var (known, business) in Purposes)
            if (known == name) return business;
        return null;
    }

    /// <summary>The shape by which pages are told apart: numbers and random names as '#'.</summary>
    public static string ShapeOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        Span<byte> into = stackalloc byte[PathShape.MaxText];
        var n = PathShape.Read(Encoding.UTF8.GetBytes(path), default, into, out _);
        return Encoding.UTF8.GetString(into[..n]);
    }

    internal static ulong SiteKey(ReadOnlySpan<byte> site, uint tenant) => Hash.Of(site, tenant);

    internal bool TryGet(ulong site, string shape, out Business business) => bySite.TryGetValue((site, shape), out business) || anywhere.TryGetValue(shape, out business);

    /// <summary>
    /// Reads a file of choices; what is wrong is said and left out.
    /// <code>pages:
    ///   - { path: /passport/submit, is: login }
    ///   - { site: pay.example, path: /gate/back, is: notify }</code>
    /// </summary>
    /// <param name="path">Name of the file, for what is said of it.</param>
    public static BusinessChoices Read(string path, byte[] bytes, uint tenant, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var found = new List<Diagnostic>();
        var choices = new List<BusinessChoice>();
        foreach (var document in YamlTree.Read(path, bytes, MaxFileBytes, found))
        {
            if (document["pages"] is not { Kind: YamlKind.Sequence } pages) { found.Add(new Diagnostic("BUS001", path, document.Line, "a list named pages is missing", true)); continue; }
            foreach (var node in pages.Items)
            {
                var (page, purpose) = (IncidentContent.Text(node, "path"), IncidentContent.Text(node, "is"));
                var unknown = node.Pairs.Select(p => p.Key.Text).FirstOrDefault(k => k is not ("site" or "path" or "is"));
                if (unknown is not null) found.Add(new Diagnostic("BUS004", path, node.Line, $"unknown key {unknown}; known: site path is", true));
                else if (!page.StartsWith('/')) found.Add(new Diagnostic("BUS002", path, node.Line, "path is missing or does not begin with /", true));
                else if (Parse(purpose) is not { } business) found.Add(new Diagnostic("BUS003", path, node.Line, $"is: {purpose} is no purpose; known: {string.Join(' ', Purposes.Select(p => p.Name))}", true));
                else choices.Add(new BusinessChoice(node["site"]?.Text ?? AnySite, page, business));
            }
        }
        if (choices.Count > Max) found.Add(new Diagnostic("BUS005", path, 0, $"{choices.Count} pages: only the first {Max} are used", true));
        diagnostics = found;
        return new BusinessChoices(tenant, choices);
    }
}
