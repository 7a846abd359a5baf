using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Palisade.Cli.Send;

/// <summary>OTLP/HTTP in JSON: every line is the body of a log record.</summary>
internal sealed class OtlpSender(Uri server, string? token) : HttpLineSender(server, "/ingest/otlp/v1/logs", "application/json", "Bearer", token)
{
    protected override void Encode(ReadOnlySpan<byte> lines)
    {
        Body.Write("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["u8);
        EncodeEach(lines, "{\"body\":{\"stringValue\":\""u8, "\"}}"u8, ","u8);
        Body.Write("]}]}]}"u8);
    }

    protected override int CountRefused(byte[] answer)
    {
        using var json = JsonDocument.Parse(answer);
        return json.RootElement.TryGetProperty("partialSuccess", out var partial) && partial.TryGetProperty("rejectedLogRecords", out var refused)
            ? int.Parse(refused.ToString(), CultureInfo.InvariantCulture) : 0;
    }
}
