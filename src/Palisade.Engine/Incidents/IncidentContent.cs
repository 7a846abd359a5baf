using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Incidents.Anomalies;
using Palisade.Engine.Incidents.Habits;
using Palisade.Engine.Incidents.Proof;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>Phases of an attack, in the order in which one goes forward.</summary>
public enum AttackPhase : byte { Recon, Probe, Exploit, Access, Action }

/// <summary>A class of attack in people's words.</summary>
/// <param name="Rank">Place in the content: within a phase a later class speaks for an incident.</param>
public sealed record ClassWords(string Class, AttackPhase Phase, int Rank, string Name, string NameZh);

/// <summary>What incidents are told by: classes, phases, outcomes, rules of behaviour and the words that give a page's business away. Immutable.</summary>
public sealed class IncidentContent
{
    private const int MaxBytes = 1 << 20;
    private static readonly ClassWords Unknown = new("other", AttackPhase.Recon, -1, "Suspicious activity", "可疑活动");

    private readonly Dictionary<string, ClassWords> classes = new(StringComparer.Ordinal);
    private readonly Dictionary<AttackOutcome, (string En, string Zh)> outcomes = [];

    private readonly Dictionary<string, RuleInfo> rules = new(StringComparer.Ordinal);

    private IncidentContent() { }

    /// <summary>What paths are for.</summary>
    internal BusinessMap Businesses { get; } = new();

    /// <summary>Countries by their two letters, first letter in the high byte.</summary>
    internal Dictionary<ushort, CountryPlace> Places { get; } = [];

    /// <summary>By what a host shows that a site made it do something.</summary>
    internal HostWords Hosts { get; } = new();

    /// <summary>Rules of behaviour, for lists of rules.</summary>
    public IReadOnlyCollection<RuleInfo> Rules => rules.Values;

    /// <summary>The rule of behaviour with this id; null where the content has none, and then nothing of the kind is said.</summary>
    internal RuleInfo? Rule(string id) => rules.GetValueOrDefault(id);

    /// <summary>Nothing known: every class is "other".</summary>
    public static IncidentContent Empty { get; } = new();

    /// <summary>The words of a class; those of "other" where it is not known.</summary>
    public ClassWords Of(string attackClass) => classes.GetValueOrDefault(attackClass) ?? classes.GetValueOrDefault("other") ?? Unknown;

    /// <summary>What an outcome means, as a sentence.</summary>
    public string Sentence(AttackOutcome outcome, bool chinese) => outcomes.TryGetValue(outcome, out var words) ? chinese ? words.Zh : words.En : "";

    /// <summary>Reads the files below <c>lookups/incidents</c>; what is wrong is said and left out.</summary>
    public static IncidentContent Load(IEnumerable<(string path, byte[] bytes)> files, out IReadOnlyList<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(files);
        var found = new List<Diagnostic>();
        var content = new IncidentContent();
        foreach (var (path, bytes) in files.OrderBy(f => f.path, StringComparer.Ordinal))
        {
            foreach (var document in YamlTree.Read(path, bytes, MaxBytes, found))
            {
                foreach (var node in document["classes"]?.Items ?? []) content.ReadClass(path, node, found);
                foreach (var node in document["rules"]?.Items ?? []) content.ReadRule(path, node, found);
                content.Businesses.Read(path, document, found);
                foreach (var (code, place) in document["places"]?.Pairs ?? []) content.ReadPlace(path, code, place, found);
                content.Hosts.Read(document);
                foreach (var node in document["outcomes"]?.Items ?? []) content.ReadOutcome(path, node, found);
            }
        }
        diagnostics = found;
        return content;
    }

    private void ReadPlace(string path, YamlNode code, YamlNode place, List<Diagnostic> found)
    {
        var numbers = place.Items.Select(n => double.TryParse(n.Text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var d) ? d : double.NaN).ToArray();
        if (code.Text.Length != 2 || numbers.Length != 3 || numbers.Any(double.IsNaN)) found.Add(new Diagnostic("INC006", path, code.Line, $"{code.Text}: a place is [latitude, longitude, reach in km]", true));
        else Places[(ushort)(code.Text[0] << 8 | code.Text[1])] = new CountryPlace(numbers[0], numbers[1], numbers[2]);
    }

    private void ReadClass(string path, YamlNode node, List<Diagnostic> found)
    {
        var key = Text(node, "class");
        if (key.Length == 0 || classes.ContainsKey(key)) { found.Add(new Diagnostic("INC001", path, node.Line, $"class missing or said twice: {key}", true)); return; }
        if (!Enum.TryParse<AttackPhase>(Text(node, "phase"), true, out var phase)) { found.Add(new Diagnostic("INC002", path, node.Line, $"{key}: phase is unknown", true)); return; }
        classes[key] = new ClassWords(key, phase, classes.Count, Text(node, "en"), Text(node, "zh"));
    }

    private void ReadRule(string path, YamlNode node, List<Diagnostic> found)
    {
        var id = Text(node, "id");
        if (!Enum.TryParse<FindingLevel>(Text(node, "level"), true, out var level) || id.Length == 0 || rules.ContainsKey(id))
        {
            found.Add(new Diagnostic("INC004", path, node.Line, $"{id}: id missing or said twice, or level unknown", true));
            return;
        }
        var tags = node["tags"]?.Items.Select(t => t.Text).ToArray() ?? [];
        rules[id] = new RuleInfo(
            id, Words(node, "title", "en"), Words(node, "title", "zh"), level, Text(node, "class"), tags,
            Words(node, "happened", "en"), Words(node, "happened", "zh"), Words(node, "todo", "en"), Words(node, "todo", "zh"))
        {
            Kind = Text(node, "kind") is { Length: > 0 } kind ? kind : "behaviour",
            Techniques = [.. tags.Where(t => t.StartsWith("attack.t1", StringComparison.Ordinal)).Select(t => t["attack.".Length..].ToUpperInvariant())],
        };
    }

    private static string Words(YamlNode node, string key, string language) => node[key]?[language]?.Text ?? "";

    private void ReadOutcome(string path, YamlNode node, List<Diagnostic> found)
    {
        if (Enum.TryParse<AttackOutcome>(Text(node, "outcome"), true, out var outcome)) outcomes[outcome] = (Text(node, "en"), Text(node, "zh"));
        else found.Add(new Diagnostic("INC003", path, node.Line, "outcome is unknown", true));
    }

    internal static string Text(YamlNode node, string key) => node[key]?.Text ?? "";
}
