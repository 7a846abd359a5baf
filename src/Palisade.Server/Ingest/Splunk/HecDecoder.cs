using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>
/// Reads the body of Splunk's event endpoint: JSON objects one behind the other, with or without blanks between them. Pure, no
/// allocation. An object without a usable event is refused alone; where the JSON itself breaks, the rest cannot be told apart.
/// </summary>
/// <remarks>
/// <code>
/// {"time":1764115200.123,"host":"web-01","source":"/var/log/nginx/access.log","sourcetype":"nginx","index":"main",
///  "event":"the line" | {"any":"object"},"fields":{"env":"prod"}}{"event":…}
/// </code>
/// </remarks>
internal ref struct HecDecoder(ReadOnlySpan<byte> body, int maxEvent)
{
    /// <summary>Nesting of an event, and the envelope around it.</summary>
    private const int MaxDepth = 33;
    private ReadOnlySpan<byte> rest = body;

    /// <summary>One event, or why there is none. Texts are as they stand between the quotes, still escaped; empty when absent.</summary>
    public ref struct Item
    {
        public HecCode Code;
        public JsonTokenType Kind;
        /// <summary>A text without its quotes; everything else as it stands.</summary>
        public ReadOnlySpan<byte> Event;
        public ReadOnlySpan<byte> Time, Host, Source, SourceType, Index;
        /// <summary>A JSON object; empty when absent.</summary>
        public ReadOnlySpan<byte> Fields;
    }

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => rest.Length;

    /// <summary>The next event; false at the end of the body.</summary>
    public bool TryRead(out Item item)
    {
        item = default;
        rest = rest.TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty) return false;
        var reader = new Utf8JsonReader(rest, new JsonReaderOptions { MaxDepth = MaxDepth, AllowMultipleValues = true });
        Item read = default;
        try
        {
            read.Code = ReadObject(ref reader, ref read);
        }
        catch (JsonException)
        {
            read.Code = HecCode.InvalidData;
        }
        var broken = read.Code == HecCode.InvalidData;
        if (!broken && reader.BytesConsumed > maxEvent) read.Code = HecCode.TooLarge;
        rest = broken ? default : rest[(int)reader.BytesConsumed..];
        item = read;
        return true;
    }

    private readonly HecCode ReadObject(scoped ref Utf8JsonReader reader, ref Item item)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return HecCode.InvalidData;
        var code = HecCode.EventRequired;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.Is("event"u8)) code = ReadEvent(ref reader, ref item);
            else if (reader.Is("fields"u8)) item.Fields = Whole(ref reader);
            else if (reader.Is("time"u8)) item.Time = Scalar(ref reader);
            else if (reader.Is("host"u8)) item.Host = Scalar(ref reader);
            else if (reader.Is("source"u8)) item.Source = Scalar(ref reader);
            else if (reader.Is("sourcetype"u8)) item.SourceType = Scalar(ref reader);
            else if (reader.Is("index"u8)) item.Index = Scalar(ref reader);
            else { reader.Read(); reader.Skip(); }
        }
        if (reader.TokenType != JsonTokenType.EndObject || reader.CurrentDepth != 0) return HecCode.InvalidData;
        if (code == HecCode.Success && !item.Fields.IsEmpty && item.Fields[0] != '{')
            return item.Fields.SequenceEqual("null"u8) ? Nothing(ref item) : HecCode.FieldsInvalid;
        return code;
    }

    private static HecCode Nothing(ref Item item)
    {
        item.Fields = default;
        return HecCode.Success;
    }

    private readonly HecCode ReadEvent(scoped ref Utf8JsonReader reader, ref Item item)
    {
        item.Event = Whole(ref reader);
        item.Kind = reader.TokenType;
        if (item.Kind == JsonTokenType.Null) return HecCode.EventBlank;
        if (item.Kind != JsonTokenType.String) return HecCode.Success;
        item.Event = item.Event[1..^1];
        return item.Event.IsEmpty ? HecCode.EventBlank : HecCode.Success;
    }

    /// <summary>A value as it stands, quotes and braces included.</summary>
    private readonly ReadOnlySpan<byte> Whole(scoped ref Utf8JsonReader reader)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return rest[start..(int)reader.BytesConsumed];
    }

    /// <summary>A text without its quotes, or a number; nothing of other values.</summary>
    private readonly ReadOnlySpan<byte> Scalar(scoped ref Utf8JsonReader reader)
    {
        var whole = Whole(ref reader);
        return reader.TokenType == JsonTokenType.String ? whole[1..^1] : reader.TokenType == JsonTokenType.Number ? whole : default;
    }
}
