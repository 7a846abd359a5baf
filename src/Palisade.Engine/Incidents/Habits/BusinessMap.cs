using System.Text;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Guesses from the words of a path what the page is for. Immutable; words come from the content.</summary>
internal sealed class BusinessMap
{
    private sealed record Entry(Business Business, HashSet<string> Words, string[] Beginnings, HashSet<string> Created, HashSet<string> Near, HashSet<string> Not);

    // What carries style and pictures and never runs; what runs on the server as a file of its own.
    private static readonly HashSet<string> AssetTypes = new(StringComparer.Ordinal)
    {
        "js", "css", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "avif", "bmp", "woff", "woff2", "ttf", "eot", "otf", "map", "mp3", "mp4", "webm", "swf", "mjs", "wasm",
    };
    private static readonly HashSet<string> ScriptTypes = new(StringComparer.Ordinal)
    {
        "php", "php3", "php4", "php5", "php7", "phtml", "phar", "jsp", "jspx", "jspf", "asp", "aspx", "ashx", "asmx", "asa", "cer", "cdx", "cfm", "cgi", "pl", "py", "sh",
    };

    private readonly List<Entry> entries = [];
    private readonly HashSet<string> passive = new(StringComparer.Ordinal);
    private readonly HashSet<string> own = new(StringComparer.Ordinal);
    private readonly HashSet<string> partners = new(StringComparer.Ordinal), admins = new(StringComparer.Ordinal);

    public void Read(string path, YamlNode document, List<Diagnostic> found)
    {
        foreach (var node in document["businesses"]?.Items ?? [])
        {
            if (!Enum.TryParse<Business>(IncidentContent.Text(node, "name"), true, out var business) || business is Business.None or Business.Record or Business.Other)
            {
                found.Add(new Diagnostic("INC005", path, node.Line, $"business is unknown: {IncidentContent.Text(node, "name")}", true));
                continue;
            }
            var words = Words(node["words"]);
            entries.Add(new Entry(business, [.. words.Where(w => !w.EndsWith('*'))], [.. words.Where(w => w.EndsWith('*')).Select(w => w[..^1])], [.. Words(node["created"])],
                [.. Words(node["near"])], [.. Words(node["not"])]));
        }
        foreach (var word in Words(document["passive_folders"])) passive.Add(word);
        foreach (var word in Words(document["private_records"])) own.Add(word);
        foreach (var word in Words(document["partner_paths"])) partners.Add(word);
        foreach (var word in Words(document["admin_paths"])) admins.Add(word);
    }

    private static IEnumerable<string> Words(YamlNode? list) => list?.Items.Select(i => i.Text.ToLowerInvariant()) ?? [];

    /// <summary>What a page is for, by its shape. Off the hot path: called once for each page.</summary>
    public (Business Business, PathTraits Traits) Judge(ReadOnlySpan<byte> shape, ReadOnlySpan<byte> query, bool isPost)
    {
        var text = Encoding.Latin1.GetString(shape);
        var question = text.IndexOf('?', StringComparison.Ordinal);
        var chosen = question < 0 ? [] : text[(question + 1)..].Split('&', '=', '/');
        if (question >= 0) text = text[..question];
        var segments = text.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var traits = PathTraits.None;
        var name = segments.Length > 0 ? segments[^1] : "";
        var dot = name.LastIndexOf('.');
        var type = dot >= 0 ? name[(dot + 1)..].ToLowerInvariant() : "";
        if (AssetTypes.Contains(type)) traits |= PathTraits.Asset;
        if (ScriptTypes.Contains(type)) traits |= PathTraits.Script;
        var words = new List<string>();
        for (var i = 0; i < segments.Length; i++)
        {
            var last = i == segments.Length - 1;
            if (!last && passive.Contains(segments[i].ToLowerInvariant())) traits |= PathTraits.Passive;
            Split(last && dot >= 0 ? name[..dot] : segments[i], words);
        }
        foreach (var word in chosen) Split(word, words);
        // Two words beside one another are often written as one: verify/code, send_sms.
        for (var i = words.Count - 1; i > 0; i--) words.Add(words[i - 1] + words[i]);
        if (words.Exists(own.Contains)) traits |= PathTraits.Private;
        if (words.Exists(partners.Contains)) traits |= PathTraits.Partner;
        if (words.Exists(admins.Contains)) traits |= PathTraits.Admin;
        if ((traits & PathTraits.Asset) != 0) return (Business.None, traits);
        foreach (var entry in entries)
        {
            if (!words.Exists(w => entry.Words.Contains(w) || Array.Exists(entry.Beginnings, b => w.StartsWith(b, StringComparison.Ordinal)))
                && !(isPost && entry.Created.Contains(name.ToLowerInvariant()))) continue;
            if (entry.Near.Count > 0 && !words.Exists(entry.Near.Contains) || words.Exists(entry.Not.Contains)) continue;
            return (entry.Business, traits);
        }
        return (isPost && NamesPhone(query) ? Business.Sms : Business.None, traits);
    }

    /// <summary>What is posted with a telephone number and nothing else known about it most often sends a message there.</summary>
    private static bool NamesPhone(ReadOnlySpan<byte> query) => query.IndexOf("mobile="u8) >= 0 || query.IndexOf("phone="u8) >= 0;

    /// <summary>A segment as a whole, and cut at separators and where capitals begin.</summary>
    private static void Split(string segment, List<string> into)
    {
        var whole = segment.ToLowerInvariant();
        into.Add(whole);
        var part = new StringBuilder();
        var flat = new StringBuilder();
        foreach (var c in segment)
        {
            if (c is '-' or '_' or '.' or ',' or ';') { Flush(); continue; }
            if (char.IsAsciiLetterUpper(c) && part.Length > 0 && !char.IsAsciiLetterUpper(part[^1])) Flush();
            part.Append(c);
            flat.Append(char.ToLowerInvariant(c));
        }
        Flush();
        if (flat.Length != whole.Length) into.Add(flat.ToString());

        void Flush()
        {
            if (part.Length > 0 && part.Length != segment.Length) into.Add(part.ToString().ToLowerInvariant());
            part.Clear();
        }
    }
}
