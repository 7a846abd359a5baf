using System.Text.Json;

namespace Palisade.Cli.Send;

/// <summary>Elasticsearch's _bulk: every line is a document {"message": line}.</summary>
internal sealed class BulkSender(Uri server, string? token) : HttpLineSender(server, "/ingest/elastic/_bulk", "application/x-ndjson", "Bearer", token)
{
    protected override void Encode(ReadOnlySpan<byte> lines) => EncodeEach(lines, "{\"create\":{}}\n{\"message\":\""u8, "\"}\n"u8, ""u8);

    protected override int CountRefused(byte[] answer)
    {
        if (answer.AsSpan(0, Math.Min(answer.Length, 200)).IndexOf("\"errors\":false"u8) >= 0) return 0;
        using var json = JsonDocument.Parse(answer);
        if (!json.RootElement.GetProperty("errors").GetBoolean()) return 0;
        var errors = 0;
        foreach (var item in json.RootElement.GetProperty("items").EnumerateArray())
        {
            foreach (var action in item.EnumerateObject())
            {
                if (action.Value.GetProperty("status").GetInt32() >= 300) errors++;
            }
        }
        return errors;
    }
}
