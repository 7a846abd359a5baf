using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>Parts of JSON that has been read through once and is known to be sound. Pure, no allocation.</summary>
internal static class JsonParts
{
    /// <summary>OTLP wraps every value twice or three times; its own nesting is counted elsewhere.</summary>
    public const int MaxDepth = 160;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    public static Utf8JsonReader Reader(ReadOnlySpan<byte> json) => new(json, Options);

    /// <summary>Is it one sound JSON object?</summary>
    public static bool IsObject(ReadOnlySpan<byte> json)
    {
        var reader = Reader(json);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read()) { }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>A member's value as it stands, of an object; empty when it is not there.</summary>
    public static ReadOnlySpan<byte> Member(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        if (json.IsEmpty || json[0] != '{') return default;
        var reader = Reader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var here = reader.Is(name);
            var value = Value(ref reader, json);
            if (here) return value;
        }
        return default;
    }

    /// <summary>The value behind a name, as it stands.</summary>
    public static ReadOnlySpan<byte> Value(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        reader.Read();
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    /// <summary>A text without its quotes, still escaped; a number as it stands; else nothing.</summary>
    public static ReadOnlySpan<byte> Scalar(ReadOnlySpan<byte> value) =>
        value.IsEmpty || value[0] is (byte)'{' or (byte)'[' or (byte)'n' ? default : value[0] == '"' ? value[1..^1] : value;
}

/// <summary>Walks the elements of a JSON array; of anything else it finds none.</summary>
internal ref struct JsonElements
{
    private readonly ReadOnlySpan<byte> json;
    private Utf8JsonReader reader;
    private readonly bool any;

    public JsonElements(ReadOnlySpan<byte> array)
    {
        json = array;
        if (array.IsEmpty || array[0] != '[') return;
        reader = JsonParts.Reader(array);
        reader.Read();
        any = true;
    }

    public ReadOnlySpan<byte> Current { get; private set; }

    public bool MoveNext()
    {
        if (!any || !reader.Read() || reader.TokenType == JsonTokenType.EndArray) return false;
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        Current = json[start..(int)reader.BytesConsumed];
        return true;
    }
}
