using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>
/// What Sigma's log sources and field names are in ECS: data (content/lookups), read as
/// <code>
/// sigma:
///   fields: { CommandLine: process.command_line, c-ip: [source.ip] }
///   logsources:
///     - match: { product: linux, service: sshd }
///       when: { process.name: sshd }
/// </code>
/// </summary>
internal sealed class Taxonomy
{
    private readonly List<(LogSource Match, YamlNode When)> sources = [];

    public Dictionary<string, IReadOnlyList<string>> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether any log sources are known; without any, every rule sees every event.</summary>
    public bool KnowsLogSources => sources.Count > 0;

    public bool Read(string file, YamlNode root, List<Diagnostic> diagnostics)
    {
        if (root.Kind != YamlKind.Mapping || root["sigma"] is not { Kind: YamlKind.Mapping } sigma) return false;
        foreach (var (name, targets) in sigma["fields"]?.Pairs ?? [])
            Fields[name.Text] = targets.Kind == YamlKind.Sequence ? [.. targets.Items.Select(t => t.Text)] : [targets.Text];
        foreach (var entry in sigma["logsources"]?.Items ?? [])
        {
            if (entry["match"] is not { } match || entry["when"] is not { Kind: YamlKind.Mapping } when)
            {
                diagnostics.Add(new Diagnostic("SIG040", file, entry.Line, "a log source needs 'match' and 'when'", true));
                continue;
            }
            sources.Add((new LogSource(match["category"]?.Text, match["product"]?.Text, match["service"]?.Text), when));
        }
        return true;
    }

    /// <summary>
    /// The condition an event must fulfil to be of a log source: all the most specific entries that say nothing the rule does not.
    /// A category, product or service that no such entry says may be said by some that say more (<c>process_creation</c> of Windows, of Linux): then any of those.
    /// Null: one of them is said by none.
    /// </summary>
    public Node? Route(LogSource source, ValueCompiler compiler)
    {
        var fitting = sources.Where(s => Within(s.Match, source)).ToList();
        if (Gap(source, fitting.ConvertAll(s => s.Match)) is { } gap) return Wider(source, gap, compiler);
        var widest = fitting.Where(s => !fitting.Exists(o => o.Match != s.Match && Within(s.Match, o.Match)));
        var whens = widest.GroupBy(s => s.Match).Select(g => Node.Or([.. g.Select(s => When(s.When, compiler))]));
        return Node.And([.. whens]);
    }

    private Node? Wider(LogSource source, Func<LogSource, string?> gap, ValueCompiler compiler)
    {
        var more = sources.Select(s => s.Match).Where(m => gap(m) is not null && m.Compatible(source))
            .Select(m => new LogSource(source.Category ?? m.Category, source.Product ?? m.Product, source.Service ?? m.Service)).Where(m => m != source).Distinct().ToList();
        // one that says more than another is within it
        more.RemoveAll(m => more.Exists(o => o != m && Within(o, m)));
        Node[] routes = [.. more.Select(m => Route(m, compiler)).OfType<Node>()];
        return routes.Length == 0 ? null : Node.Or(routes);
    }

    /// <summary>What the source says and none of the entries does; null: nothing.</summary>
    private static Func<LogSource, string?>? Gap(LogSource source, List<LogSource> entries) =>
        Array.Find<Func<LogSource, string?>>([m => m.Category, m => m.Product, m => m.Service], of => of(source) is not null && !entries.Exists(e => of(e) is not null));

    private static Node When(YamlNode when, ValueCompiler compiler) =>
        Node.And([.. when.Pairs.Select(p => compiler.Compile(p.Key.Text, p.Key.Line, p.Value))]);

    private static bool Within(LogSource narrow, LogSource wide) =>
        Same(narrow.Category, wide.Category) && Same(narrow.Product, wide.Product) && Same(narrow.Service, wide.Service);

    private static bool Same(string? said, string? asked) => said is null || said.Equals(asked, StringComparison.OrdinalIgnoreCase);
}
