using System.Text.Json;
using System.Text.Json.Serialization;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;

namespace Palisade.Cli.Rules;

/// <summary><c>rules explain RULE EVENT</c>: why a rule did or did not match, part by part.</summary>
internal static class RulesExplain
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) } };

    /// <param name="rule">A rule file, or the id or name of a shipped rule.</param>
    /// <param name="eventText">A JSON object or log line, a file that holds one, or - for standard input.</param>
    /// <param name="options">How the rule loads; of its file alone what pipelines say is carried out.</param>
    public static int Run(string rule, string eventText, RuleLoadOptions options, bool json)
    {
        var snapshot = ContentFiles.Load();
        var (text, others) = Find(rule, snapshot.Library);
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        var info = new RecordInfo(1, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), 1, 0, RecordInfo.AutoParser);
        var record = Read(eventText);
        if (string.IsNullOrWhiteSpace(record)) throw new CliException(ExitCodes.BadInput, "the event is empty: give a log line, a JSON object, or a file that holds one.");
        if (!EventText.TryAdd(pipeline, info, record)) throw new CliException(ExitCodes.BadInput, Several(record) ? "these are several events, and explain takes one. For the first: head -1 FILE | palisade rules explain RULE -" : "the event begins like a JSON object and is none.");
        var told = new RuleExplainer(snapshot.Library.Lookups, options with { PipedFiles = new HashSet<string>(StringComparer.Ordinal) { text.File } }).Explain(text, others, pipeline.Events, 0);
        if (json) Console.WriteLine(JsonSerializer.Serialize(told, Json));
        else Write(told, options.AnyLogSource, "", Console.Out);
        return ExitCodes.Done;
    }

    private static bool Several(string record) => record.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 1 } lines && Array.TrueForAll(lines, static l => l.StartsWith('{'));

    private static (RuleText Rule, IReadOnlyList<RuleText> Others) Find(string rule, RuleLibrary library)
    {
        if (!File.Exists(rule)) return (library.Find(rule) ?? throw new CliException(ExitCodes.BadInput, $"{rule}: neither a file nor a shipped rule's id or name"), library.Texts);
        var bytes = File.ReadAllBytes(rule);
        var texts = RuleTexts.Read(rule, bytes);
        if (texts.Count == 0)
        {
            RuleSet.Load([(rule, bytes)], new RuleLoadOptions(), out var problems);
            RulePaths.Say(problems, Console.Error, warnings: false);
            throw new CliException(ExitCodes.BadInput, $"{rule}: holds no rule");
        }
        // Of several documents the correlation is what ties the others together.
        return (texts.FirstOrDefault(t => t.Kind == "correlation") ?? texts[0], [.. texts, .. library.Texts]);
    }

    private static string Read(string given)
    {
        if (given == "-") return Console.In.ReadToEnd();
        if (given.StartsWith('{') || !File.Exists(given)) return given;
        return File.ReadAllText(given);
    }

    private static void Write(RuleExplanation told, bool any, string indent, TextWriter to)
    {
        to.WriteLine($"{indent}{Mark(told.Matched)} {Plain(told.Title)} ({told.Id}): {(told.Matched ? "matches" : "does not match")}");
        foreach (var d in told.Diagnostics.Where(d => d.IsError)) to.WriteLine($"{indent}    {d.Code} line {d.Line}: {Plain(d.Message)}");
        if (told.Correlation is { } correlation)
        {
            to.WriteLine($"{indent}  a correlation: it counts what these rules find, each in events of its own");
            foreach (var value in correlation.Group) to.WriteLine($"{indent}  grouped by {value.Field} = {Plain(value.Value)}");
            foreach (var field in correlation.GroupMissing) to.WriteLine($"{indent}  ✗ the event has no {field} to group by: it would not be counted");
            foreach (var name in correlation.Missing) to.WriteLine($"{indent}  ✗ no rule is named {name}");
            foreach (var rule in correlation.Rules) Write(rule, any, indent + "  ", to);
            return;
        }
        var source = any ? "not asked for" : told.OfLogSource switch { null => "no known source gives it: the rule never matches anything", true => "the event is of it", false => "the event is not of it" };
        to.WriteLine($"{indent}  {Mark(told.OfLogSource == true)} log source {told.LogSource}: {source}");
        foreach (var condition in told.Conditions) Write(condition, indent + "  ", to, "condition: ");
        foreach (var identifier in told.Identifiers)
        {
            to.WriteLine($"{indent}  {Mark(identifier.Holds)} {identifier.Name}");
            foreach (var (number, alternative) in identifier.Alternatives.Index())
            {
                if (identifier.Alternatives.Count > 1) to.WriteLine($"{indent}    {Mark(alternative.Holds)} alternative {number + 1}");
                foreach (var item in alternative.Items) Write(item, indent + "      ", to);
            }
        }
    }

    private static void Write(ConditionPart part, string indent, TextWriter to, string before = "")
    {
        to.WriteLine($"{indent}{Mark(part.Holds)} {before}{part.Text}");
        foreach (var inner in part.Parts) Write(inner, indent + "  ", to);
    }

    private static void Write(ItemPart item, string indent, TextWriter to)
    {
        var name = item.Field.Length == 0 ? "keywords" : item.Field;
        to.WriteLine($"{indent}{Mark(item.Holds)} {name}{(item.Modifiers.Length > 0 ? " | " + item.Modifiers : "")}");
        if (item.Field.Length > 0) to.WriteLine($"{indent}    event: {(item.Found.Count == 0 ? "has no such field" : string.Join(", ", item.Found.Select(f => $"{f.Field} = {Plain(f.Value)}")))}");
        foreach (var value in item.Values.OrderByDescending(v => v.Holds).Take(12)) to.WriteLine($"{indent}    {Mark(value.Holds)} {Plain(value.Text)}");
        var more = item.MoreValues + Math.Max(0, item.Values.Count - 12);
        if (more > 0) to.WriteLine($"{indent}    … {more} more values");
    }

    private static string Mark(bool holds) => holds ? "✓" : "✗";

    /// <summary>Nothing of a rule or log reaches the terminal as a command.</summary>
    private static string Plain(string text) => PlainText.Of(text, 300);
}
