using System.Text;
using System.Text.Json;

namespace Palisade.Engine.Rules.Explain;

/// <summary>An event as a person pastes it.</summary>
public static class EventText
{
    /// <summary>
    /// Adds an event to the pipeline's batch. A JSON object that a source reads (its own form of log) is read by it; any other is taken as fields, flat or nested;
    /// everything else is a log line.
    /// </summary>
    /// <returns>False when it begins like a JSON object and is none.</returns>
    public static bool TryAdd(Pipeline pipeline, in RecordInfo info, string text)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        if (!text.StartsWith('{'))
        {
            pipeline.Add(info, Encoding.UTF8.GetBytes(text));
            return true;
        }
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 64 });
            pipeline.Add(info, Encoding.UTF8.GetBytes(text));
            if (pipeline.Events.Header(0).Refusal == ParseRefusal.None && pipeline.Events.TryGet(0, FieldNames.GetOrAdd("event.dataset"), out _)) return true;
            pipeline.Events.Clear();
            pipeline.Events.Begin(info, []);
            Flatten(pipeline.Events, "", document.RootElement);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Flatten(EventBatch batch, string name, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject()) Flatten(batch, name.Length == 0 ? property.Name : $"{name}.{property.Name}", property.Value);
                return;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) Flatten(batch, name, item);
                return;
        }
        var field = FieldNames.GetOrAdd(Encoding.UTF8.GetBytes(name));
        if (field == 0) return;
        if (value.ValueKind == JsonValueKind.Null) batch.AddNull(field);
        else batch.Add(field, Encoding.UTF8.GetBytes(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
    }
}
