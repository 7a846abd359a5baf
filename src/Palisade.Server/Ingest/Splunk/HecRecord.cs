using System.Buffers.Text;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>
/// The record that is journalled for an event of Splunk's protocol. A text stands in <c>message</c>, so that the parsers see the
/// line as its program wrote it; an object gives its own members. What the envelope said of it goes by names of ECS.
/// </summary>
internal static class HecRecord
{
    public static void Write(RecordJson to, in HecDecoder.Item item)
    {
        to.Begin();
        if (TrySeconds(item.Time, out var ms)) to.Time("@timestamp"u8, ms);
        else if (!item.Time.IsEmpty) to.Copied("splunk.time"u8, item.Time);
        if (!item.Host.IsEmpty) to.Copied("host.name"u8, item.Host);
        if (!item.Source.IsEmpty) to.Copied("log.file.path"u8, item.Source);
        if (!item.SourceType.IsEmpty) to.Copied("splunk.sourcetype"u8, item.SourceType);
        if (!item.Index.IsEmpty) to.Copied("splunk.index"u8, item.Index);
        switch (item.Kind)
        {
            case JsonTokenType.EndObject: to.Members(item.Event); break;
            case JsonTokenType.EndArray: to.Value("message"u8, item.Event); break;
            default: to.Copied("message"u8, item.Event); break;
        }
        if (!item.Fields.IsEmpty) to.Members(item.Fields);
        to.End();
    }

    /// <summary>One line of the raw endpoint with what the address said of all of them.</summary>
    public static void Write(RecordJson to, ReadOnlySpan<byte> shared, ReadOnlySpan<byte> line)
    {
        to.Begin();
        to.Raw(shared);
        to.Text("message"u8, line);
        to.End();
    }

    /// <summary>
    /// Seconds since 1970 with up to nine decimals, to milliseconds. Senders that mean milliseconds, micro- or nanoseconds are
    /// known by the size: as seconds they would lie thousands of years ahead.
    /// </summary>
    public static bool TrySeconds(ReadOnlySpan<byte> text, out long ms)
    {
        ms = 0;
        if (!Utf8Parser.TryParse(text, out decimal value, out var used) || used != text.Length || value is < 0 or >= 1e19m) return false;
        var scale = value switch { < 1e11m => 1000m, < 1e14m => 1m, < 1e17m => 0.001m, _ => 0.000001m };
        ms = (long)(value * scale);
        return true;
    }
}
