using System.Globalization;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Protocol;

namespace Palisade.Engine.Detect.Sigma.Read;

/// <summary>Makes rules, filters and correlations of YAML documents; everything wrong is told at once.</summary>
internal sealed class DocumentReader(List<Diagnostic> diagnostics)
{
    private static readonly string[] CorrelationKeys = ["type", "rules", "group-by", "timespan", "timeframe", "condition", "aliases", "generate"];
    private static readonly string[] Keys =
    [
        "title", "id", "name", "status", "description", "license", "references", "author", "date", "modified", "tags", "logsource", "detection", "correlation", "filter", "falsepositives", "level",
        "related", "fields", "scope", "taxonomy", "generate", "palisade",
    ];
    // the second is how rules were dated before 2024
    private static readonly string[] DateForms = ["yyyy-MM-dd", "yyyy/MM/dd"];
    private static readonly string[] Statuses = ["stable", "test", "experimental", "deprecated", "unsupported"];

    public List<RuleDocument> Rules { get; } = [];
    public List<FilterDocument> Filters { get; } = [];
    public List<CorrelationDocument> Correlations { get; } = [];

    /// <summary>Reads one document; false when it is of none of the three kinds (a lookup, say).</summary>
    public bool Read(string file, YamlNode root)
    {
        if (root.Kind != YamlKind.Mapping) return false;
        var isRule = root["detection"] is not null;
        var isFilter = root["filter"] is not null;
        var isCorrelation = root["correlation"] is not null;
        if (!isRule && !isFilter && !isCorrelation && root["action"] is { } action)
        {
            diagnostics.Add(new Diagnostic("SIG010", file, action.Line, "'action' is of Sigma 1: write each rule as a document of its own", true));
            return true;
        }
        if (!isRule && !isFilter && !isCorrelation && root["title"] is null && root["logsource"] is null) return false;
        try
        {
            if (isCorrelation) ReadCorrelation(file, root);
            else if (isFilter) ReadFilter(file, root);
            else ReadRule(file, root);
        }
        catch (RuleException e)
        {
            diagnostics.Add(new Diagnostic(e.Code, file, e.Line, e.Message, true));
        }
        return true;
    }

    private void ReadRule(string file, YamlNode root)
    {
        if (root["detection"] is not { Kind: YamlKind.Mapping } detection) throw new RuleException("SIG010", root.Line, "a rule needs 'detection', a mapping");
        if (detection["condition"] is null) throw new RuleException("SIG011", detection.Line, "the detection has no 'condition'");
        Rules.Add(new RuleDocument
        {
            File = file, Line = root.Line, Root = root, Info = Info(file, root, "sigma"), Names = Names(root), LogSource = ReadLogSource(root), Detection = detection, Outcome = Outcome(root),
        });
    }

    private void ReadFilter(string file, YamlNode root)
    {
        if (root["filter"] is not { Kind: YamlKind.Mapping } filter) throw new RuleException("SIG010", root.Line, "'filter' must be a mapping");
        if (filter["condition"] is null) throw new RuleException("SIG011", filter.Line, "the filter has no 'condition'");
        var targets = filter["rules"] ?? throw new RuleException("SIG030", filter.Line, "the filter does not say its 'rules'");
        var any = targets.Kind == YamlKind.Scalar && targets.Text is "any";
        Filters.Add(new FilterDocument
        {
            File = file, Line = root.Line, Root = root, Info = Info(file, root, "filter"), Names = Names(root), LogSource = ReadLogSource(root), Filter = filter,
            Targets = any ? null : Strings(targets, "SIG030").ToHashSet(StringComparer.Ordinal),
        });
    }

    private void ReadCorrelation(string file, YamlNode root)
    {
        if (root["correlation"] is not { Kind: YamlKind.Mapping } c) throw new RuleException("SIG010", root.Line, "'correlation' must be a mapping");
        if (root["detection"] is not null) throw new RuleException("SIG010", root.Line, "a document is a rule or a correlation, not both");
        var type = c["type"]?.Text switch
        {
            "event_count" => CorrelationType.EventCount,
            "value_count" => CorrelationType.ValueCount,
            "temporal" => CorrelationType.Temporal,
            "temporal_ordered" or "ordered_temporal" => CorrelationType.TemporalOrdered,
            "value_sum" => CorrelationType.ValueSum,
            "value_avg" => CorrelationType.ValueAverage,
            "value_percentile" or "value_median" => CorrelationType.ValuePercentile,
            null => throw new RuleException("SIG031", c.Line, "the correlation has no 'type'"),
            var other => throw new RuleException("SIG031", c.Line, $"the correlation type '{other}' is unknown"),
        };
        var condition = c["condition"];
        var temporal = type is CorrelationType.Temporal or CorrelationType.TemporalOrdered;
        var overRules = temporal && condition is { Kind: YamlKind.Scalar, IsNull: false } ? condition.Text : null;
        var rules = c["rules"] is { } r ? Strings(r, "SIG032") : overRules is not null ? ConditionParser.Identifiers(overRules) : [];
        if (rules.Count == 0) throw new RuleException("SIG032", c.Line, "the correlation names no 'rules'");
        if (rules.Count > 64) throw new RuleException("SIG032", c.Line, "a correlation takes at most 64 rules");
        var span = c["timespan"] ?? c["timeframe"] ?? throw new RuleException("SIG033", c.Line, "the correlation has no 'timespan'");
        var bounds = condition is { Kind: YamlKind.Mapping } ? Bounds(condition) : [];
        var fields = condition?["field"] is { } f ? Strings(f, "SIG034") : [];
        if (!temporal && bounds.Count == 0) throw new RuleException("SIG034", c.Line, "the correlation has no 'condition' with gt, gte, lt, lte, eq or neq");
        if (!temporal && type != CorrelationType.EventCount && fields.Count == 0) throw new RuleException("SIG034", c.Line, "the condition does not say the 'field' whose values count");
        if (!temporal && type is not (CorrelationType.EventCount or CorrelationType.ValueCount) && fields.Count > 1) throw new RuleException("SIG034", c.Line, "only value_count takes several fields");
        if (bounds.Count > 0 && Contradict(bounds, type is CorrelationType.EventCount or CorrelationType.ValueCount)) diagnostics.Add(new Diagnostic("SIG076", file, condition!.Line, "the condition can never hold", false));
        var groupBy = c["group-by"] is { } g ? Strings(g, "SIG035") : [];
        if (groupBy.Count == 0) diagnostics.Add(new Diagnostic("SIG085", file, c.Line, "the correlation has no 'group-by': everything counts together", false));
        foreach (var (key, _) in c.Pairs)
            if (!CorrelationKeys.Contains(key.Text)) diagnostics.Add(new Diagnostic("SIG079", file, key.Line, $"'{key.Text}' is no part of a correlation: {string.Join(", ", CorrelationKeys)}", false));
        Correlations.Add(new CorrelationDocument
        {
            File = file, Line = root.Line, Root = root, Info = Info(file, root, "correlation"), Names = Names(root),
            Type = type, Rules = rules, GroupBy = groupBy, Optional = Optional(root, groupBy), SpanMs = Span(span, (code, line, message) => diagnostics.Add(new Diagnostic(code, file, line, message, false))), Bounds = bounds, Fields = fields,
            Percentile = Percentile(c, condition), Condition = overRules,
            Aliases = Aliases(c["aliases"]), Generate = (c["generate"] ?? root["generate"])?.Bool ?? false, Outcome = Outcome(root),
        });
    }

    private static HashSet<string> Optional(YamlNode root, List<string> groupBy)
    {
        if (root["palisade"]?["optional"] is not { } node) return [];
        var names = Strings(node, "SIG035");
        return names.Find(n => !groupBy.Contains(n)) is { } stranger
            ? throw new RuleException("SIG035", node.Line, $"'{stranger}' may be missing, says 'optional', and is none of 'group-by'")
            : names.ToHashSet(StringComparer.Ordinal);
    }

    private static bool Contradict(List<Bound> bounds, bool ofCounts)
    {
        // between and at the bounds everything a range can say is tried
        foreach (var bound in bounds)
            foreach (var n in new[] { bound.Value - 0.5, bound.Value, bound.Value + 0.5, bound.Value - 1, bound.Value + 1 })
                if (ofCounts ? Hold(Math.Max(0, Math.Floor(n))) || Hold(Math.Max(0, Math.Ceiling(n))) : Hold(n)) return false;
        return true;

        bool Hold(double n) => bounds.TrueForAll(b => b.Holds(n));
    }

    private static double Percentile(YamlNode c, YamlNode? condition)
    {
        if (condition is not { Kind: YamlKind.Mapping } || condition["percentile"] is not { } p) return c["type"]!.Text == "value_percentile" ? double.NaN : 50;
        if (c["type"]!.Text != "value_percentile" || !double.TryParse(p.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) || n is < 0 or > 100)
            throw new RuleException("SIG034", p.Line, "'percentile' is a number from 0 to 100 and belongs to value_percentile");
        return n;
    }

    private static List<Bound> Bounds(YamlNode condition)
    {
        var bounds = new List<Bound>();
        foreach (var (key, value) in condition.Pairs)
        {
            if (key.Text is "field" or "percentile") continue;
            var op = key.Text switch
            {
                "gt" => Operator.Greater,
                "gte" => Operator.GreaterOrEqual,
                "lt" => Operator.Less,
                "lte" => Operator.LessOrEqual,
                "eq" => Operator.Equal,
                "neq" => Operator.NotEqual,
                _ => throw new RuleException("SIG034", key.Line, $"the condition '{key.Text}' is unknown: gt, gte, lt, lte, eq, neq, field"),
            };
            if (!double.TryParse(value.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) || !double.IsFinite(n))
                throw new RuleException("SIG034", value.Line, $"'{value.Text}' is no number");
            bounds.Add(new Bound(op, n));
        }
        return bounds;
    }

    private static long Span(YamlNode node, Action<string, int, string> warn)
    {
        var text = node.Text;
        if (text.Length < 2 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var n) || n == 0)
            throw new RuleException("SIG033", node.Line, $"the timespan '{text}' is not a number with s, m, h or d");
        if (text[^1] is 'w' or 'M' or 'y') warn("SIG077", node.Line, $"'{text[^1]}' is no unit of the specification (s, m, h, d); read as {(text[^1] switch { 'w' => "7", 'M' => "30", _ => "365" })} days");
        long seconds = text[^1] switch
        {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 7 * 86_400,
            'M' => 30 * 86_400,
            'y' => 365 * 86_400,
            _ => throw new RuleException("SIG033", node.Line, $"the timespan '{text}' is not a number with s, m, h or d"),
        };
        if (n > 10L * 365 * 86_400 / seconds) throw new RuleException("SIG033", node.Line, $"the timespan '{text}' is longer than ten years");
        return n * seconds * 1000;
    }

    private static Dictionary<string, IReadOnlyDictionary<string, string>> Aliases(YamlNode? node)
    {
        var aliases = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        if (node is null) return aliases;
        foreach (var (alias, rules) in node.Pairs)
        {
            if (rules.Kind != YamlKind.Mapping || rules.Pairs.Exists(p => !p.Value.IsText)) throw new RuleException("SIG035", alias.Line, $"the alias '{alias.Text}' needs a field for each rule");
            aliases[alias.Text] = rules.Pairs.ToDictionary(p => p.Key.Text, p => p.Value.Text, StringComparer.Ordinal);
        }
        return aliases;
    }

    private static LogSource ReadLogSource(YamlNode root)
    {
        if (root["logsource"] is not { Kind: YamlKind.Mapping } node) throw new RuleException("SIG012", root.Line, "'logsource' is missing");
        var source = new LogSource(Value("category"), Value("product"), Value("service"));
        if (source is { Category: null, Product: null, Service: null }) throw new RuleException("SIG012", node.Line, "'logsource' names no category, product or service");
        return source;

        string? Value(string key) => node[key] is { IsText: true } v ? v.Text : null;
    }

    private static AttackOutcome Outcome(YamlNode root)
    {
        if (root["palisade"]?["outcome"] is not { } said) return AttackOutcome.Unknown;
        return Enum.TryParse<AttackOutcome>(said.Text, true, out var outcome) && Enum.IsDefined(outcome) && !char.IsAsciiDigit(said.Text[0])
            ? outcome
            : throw new RuleException("SIG016", said.Line, $"the outcome '{said.Text}' is unknown: blocked, failed, unknown, likely, succeeded");
    }

    private static List<string> Names(YamlNode root) =>
        [.. new[] { root["id"], root["name"] }.Where(n => n is { IsText: true }).Select(n => n!.Text).Distinct(StringComparer.Ordinal)];

    private RuleInfo Info(string file, YamlNode root, string kind)
    {
        var title = root["title"] is { IsText: true } t ? t.Text : throw new RuleException("SIG013", root.Line, "'title' is missing");
        var level = FindingLevel.Medium;
        if (root["level"] is { } l && (!Enum.TryParse(l.Text, true, out level) || !Enum.IsDefined(level) || char.IsAsciiDigit(l.Text.FirstOrDefault())))
            throw new RuleException("SIG014", l.Line, $"the level '{l.Text}' is unknown: informational, low, medium, high, critical");
        if (root["status"] is { } status && !Statuses.Contains(status.Text)) Warn("SIG064", status.Line, $"the status '{status.Text}' is unknown");
        if (root["id"] is { } id && !Guid.TryParseExact(id.Text, "D", out _)) Warn("SIG065", id.Line, $"the id '{id.Text}' is no UUID");
        foreach (var (key, _) in root.Pairs)
            if (!Keys.Contains(key.Text) && key.Text.Length <= 32 && Spelling.Nearest(key.Text, Keys) is { } meant) Warn("SIG087", key.Line, $"'{key.Text}' is no key of a rule; '{meant}' perhaps");
        foreach (var name in new[] { "date", "modified" })
            if (root[name] is { } date && !DateOnly.TryParseExact(date.Text, DateForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) Warn("SIG088", date.Line, $"'{date.Text}' is no date such as 2026-05-31");
        var tags = root["tags"] is { } tagNode ? Strings(tagNode) : [];
        if (tags.Find(t => !IsTag(t)) is { } odd) Warn("SIG089", root["tags"]!.Line, $"the tag '{odd}' has no namespace, as attack.t1059 has");
        var p = root["palisade"];
        var todo = p?["todo"];
        var happened = p?["happened"];
        var description = root["description"]?.Text ?? "";
        return new RuleInfo(
            Names(root).FirstOrDefault() ?? title, title, p?["title"]?["zh"]?.Text ?? title, level, Class(root, tags), tags,
            happened?["en"]?.Text ?? description, happened?["zh"]?.Text ?? description, todo?["en"]?.Text ?? "", todo?["zh"]?.Text ?? "")
        {
            Techniques = [.. tags.Where(IsTechnique).Select(x => x["attack.".Length..].ToUpperInvariant())],
            Kind = kind,
        };

        void Warn(string code, int line, string message) => diagnostics.Add(new Diagnostic(code, file, line, message, false));
    }

    // Tags appendix: a namespace, a dot, and a name.
    private static bool IsTag(string tag) => tag.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && dot < tag.Length - 1;

    private static bool IsTechnique(string tag) =>
        tag.StartsWith("attack.t", StringComparison.OrdinalIgnoreCase) && tag.Length > 8 && char.IsAsciiDigit(tag[8]);

    private static string Class(YamlNode root, List<string> tags)
    {
        if (root["palisade"]?["class"] is { } said)
            return RuleClasses.All.Contains(said.Text) ? said.Text : throw new RuleException("SIG015", said.Line, $"the class '{said.Text}' is not in the list of classes");
        foreach (var tag in tags)
        {
            if (!tag.StartsWith("attack.", StringComparison.Ordinal)) continue;
            var tactic = tag["attack.".Length..].Replace('-', '_');
            if (RuleClasses.All.Contains(tactic)) return tactic;
        }
        return "other";
    }

    /// <summary>A text or a list of texts; with a code, anything else is refused instead of left out.</summary>
    private static List<string> Strings(YamlNode node, string? code = null) => node.Kind switch
    {
        YamlKind.Sequence when code is not null && node.Items.Find(i => !i.IsText) is { } odd => throw new RuleException(code, odd.Line, "a name is expected here"),
        YamlKind.Mapping when code is not null => throw new RuleException(code, node.Line, "a name or a list of names is expected here"),
        YamlKind.Sequence => [.. node.Items.Where(i => i.IsText).Select(i => i.Text)],
        YamlKind.Scalar when node.IsText => [node.Text],
        _ => [],
    };
}

/// <summary>The closed list of classes a finding may have.</summary>
internal static class RuleClasses
{
    public static readonly HashSet<string> All = new(StringComparer.Ordinal)
    {
        "sqli", "nosqli", "xss", "path_traversal", "lfi", "rfi", "cmdi", "rce", "ssti", "ssrf", "xxe", "ldapi", "crlf", "open_redirect", "deserialization",
        "log4shell", "webshell", "scanner", "probe", "brute_force", "credential_stuffing", "http_flood", "scraper", "idor", "sms_abuse", "coupon_abuse",
        "payment_forgery", "data_export", "authentication", "execution", "persistence", "privilege_escalation", "defense_evasion", "credential_access",
        "discovery", "lateral_movement", "collection", "command_and_control", "exfiltration", "impact", "initial_access", "reconnaissance", "policy", "other",
    };
}
