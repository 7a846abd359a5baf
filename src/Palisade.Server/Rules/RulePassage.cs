using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Palisade.Engine;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Pipelines;
using Palisade.Server.Control;

namespace Palisade.Server.Rules;

/// <summary>What a tenant's own rules pass through before they are compiled, read from what is stored.</summary>
internal static class RulePassage
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Pipelines by name, which is their order where priorities are equal, and the values of placeholders. Which files pass through is for the caller to say.</summary>
    /// <returns>Problems: pipelines that cannot be carried out any more; they are left out.</returns>
    public static async Task<(RuleLoadOptions Options, IReadOnlyList<Diagnostic> Problems)> ReadAsync(ControlDbFactory factory, uint tenant, CancellationToken stop)
    {
        await using var db = factory.For(tenant);
        var rows = await db.Set<RulePipeline>().AsNoTracking().ToListAsync(stop);
        var placeholders = await db.Set<RulePlaceholders>().AsNoTracking().FirstOrDefaultAsync(stop);
        var pipelines = new List<ProcessingPipeline>();
        var problems = new List<Diagnostic>();
        foreach (var row in rows.OrderBy(r => r.Name, StringComparer.Ordinal))
        {
            if (Parse(row.Name, row.Yaml, out var wrong) is { } pipeline) pipelines.Add(pipeline);
            else problems.AddRange(wrong.Where(d => d.IsError));
        }
        return (new RuleLoadOptions { Tenant = tenant, Pipelines = pipelines, Placeholders = Values(placeholders?.Json) }, problems);
    }

    /// <summary>Reads a pipeline; null, with diagnostics, when any part of it cannot be carried out.</summary>
    public static ProcessingPipeline? Parse(string name, string yaml, out IReadOnlyList<Diagnostic> diagnostics) => ProcessingPipeline.Read(name, Encoding.UTF8.GetBytes(yaml), out diagnostics);

    /// <summary>Values as they are stored; null: none.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Values(string? json) =>
        json is null ? new Dictionary<string, IReadOnlyList<string>>() : JsonSerializer.Deserialize<Dictionary<string, IReadOnlyList<string>>>(json)!;

    /// <summary>Values as they are stored: names in order, so that the same values are the same text.</summary>
    public static string Json(IReadOnlyDictionary<string, IReadOnlyList<string>> values) => JsonSerializer.Serialize(new SortedDictionary<string, IReadOnlyList<string>>(values.ToDictionary(), StringComparer.Ordinal), Plain);

    /// <summary>Values as people edit them: YAML, every value quoted, which a JSON string does too.</summary>
    public static string Yaml(IReadOnlyDictionary<string, IReadOnlyList<string>> values)
    {
        var text = new StringBuilder();
        foreach (var (name, list) in values.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            text.Append(JsonSerializer.Serialize(name, Plain)).Append(":\n");
            foreach (var value in list) text.Append("  - ").Append(JsonSerializer.Serialize(value, Plain)).Append('\n');
        }
        return text.ToString();
    }
}
