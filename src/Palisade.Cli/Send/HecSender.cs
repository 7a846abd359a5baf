namespace Palisade.Cli.Send;

/// <summary>Splunk's HTTP Event Collector: every line is an event. It has one answer for all of them.</summary>
internal sealed class HecSender(Uri server, string? token) : HttpLineSender(server, "/ingest/splunk/services/collector/event", "application/json", "Splunk", token)
{
    protected override void Encode(ReadOnlySpan<byte> lines) => EncodeEach(lines, "{\"event\":\""u8, "\"}"u8, "\n"u8);

    protected override int CountRefused(byte[] answer) => 0;
}
