using System.Buffers;
using System.Text.Json;

namespace Palisade.Cli.Send;

/// <summary>Lines by plain HTTP, as they are.</summary>
internal sealed class RawSender(Uri server, string? token) : HttpLineSender(server, "/ingest/raw", "text/plain", "Bearer", token)
{
    protected override void Encode(ReadOnlySpan<byte> lines) => Body.Write(lines);

    protected override int CountRefused(byte[] answer)
    {
        using var json = JsonDocument.Parse(answer);
        return json.RootElement.GetProperty("refused").EnumerateObject().Sum(static r => r.Value.GetInt32());
    }
}
