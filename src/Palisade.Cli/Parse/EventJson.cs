using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Palisade.Engine;
using Palisade.Engine.Parse;
using Palisade.Protocol;

namespace Palisade.Cli.Parse;

/// <summary>Writes events as JSON lines with flat dotted ECS names. Fields with several values become arrays; numbers stay numbers.</summary>
internal sealed class EventJson : IDisposable
{
    private readonly ArrayBufferWriter<byte> buffer = new(1 << 17);
    private readonly Utf8JsonWriter writer;
    private JsonEncodedText?[] names = new JsonEncodedText?[FieldCatalogue.Count + 256];

    public EventJson() => writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public void Dispose() => writer.Dispose();

    /// <summary>Bytes not written out yet.</summary>
    public int Pending => buffer.WrittenCount;

    public void WriteTo(Stream output)
    {
        output.Write(buffer.WrittenSpan);
        buffer.ResetWrittenCount();
    }

    /// <summary>Adds one event as one line; <c>{}</c> for a record that carries nothing of its own.</summary>
    public void Add(EventBatch batch, int index, ParserSet parsers)
    {
        ref readonly var header = ref batch.Header(index);
        writer.Reset(buffer);
        writer.WriteStartObject();
        if (header.Refusal == ParseRefusal.None)
        {
            if ((header.Flags & EventFlags.NoTime) == 0) WriteTime(header.TimeMs);
            WriteFields(batch, index);
            writer.WriteString("palisade.source"u8, parsers.NameOf(header.Parser));
        }
        else if (header.Refusal != ParseRefusal.Empty)
        {
            writer.WriteString("error.message"u8, Reason(header.Refusal));
        }
        if (header.Refusal != ParseRefusal.Empty) WriteRaw(batch.Raw(index));
        writer.WriteEndObject();
        writer.Flush();
        buffer.GetSpan(1)[0] = (byte)'\n';
        buffer.Advance(1);
    }

    /// <summary>Why a record was not understood, for people.</summary>
    public static string Reason(ParseRefusal refusal) => refusal switch
    {
        ParseRefusal.UnknownFormat => "no known source fits this line",
        ParseRefusal.Malformed => "the line does not have the form of its source",
        ParseRefusal.TooManyFields => "more than 1,000 fields",
        ParseRefusal.TooDeep => "nested deeper than 32",
        ParseRefusal.Binary => "not text",
        _ => refusal.ToString(),
    };

    private void WriteTime(long ms)
    {
        Span<byte> text = stackalloc byte[24];
        DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime.TryFormat(text, out var n, "yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        writer.WriteString("@timestamp"u8, text[..n]);
    }

    private void WriteFields(EventBatch batch, int index)
    {
        var ids = batch.FieldIds(index);
        for (var i = 0; i < ids.Length; i++)
        {
            var id = ids[i];
            if (id == Fields.Timestamp || ids[..i].Contains(id)) continue;
            writer.WritePropertyName(NameOf(id));
            var more = ids[(i + 1)..].Contains(id) || IsArray(id);
            if (more) writer.WriteStartArray();
            WriteValue(id, batch.ValueAt(index, i));
            if (!more) continue;
            for (var j = i + 1; j < ids.Length; j++)
                if (ids[j] == id) WriteValue(id, batch.ValueAt(index, j));
            writer.WriteEndArray();
        }
    }

    private JsonEncodedText NameOf(ushort id)
    {
        if (id >= names.Length) Array.Resize(ref names, Math.Max(id + 1, names.Length * 2));
        return names[id] ??= JsonEncodedText.Encode(FieldNames.Name(id), JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
    }

    // ECS makes these arrays always.
    private static bool IsArray(ushort id) => id is Fields.EventCategory or Fields.EventType or Fields.RelatedIp or Fields.RelatedUser or Fields.RelatedHosts or Fields.RelatedHash;

    private void WriteValue(ushort id, ReadOnlySpan<byte> value)
    {
        if (id < FieldCatalogue.Count && FieldCatalogue.Type(id) == FieldType.Long && IsInteger(value)) writer.WriteRawValue(value, skipInputValidation: true);
        else writer.WriteStringValue(value);
    }

    private static bool IsInteger(ReadOnlySpan<byte> value)
    {
        if (value.Length is 0 or > 18) return false;
        if (value[0] == '-' && value.Length > 1) value = value[1..];
        return !value.ContainsAnyExceptInRange((byte)'0', (byte)'9') && (value[0] != '0' || value.Length == 1);
    }

    private void WriteRaw(ReadOnlySpan<byte> raw)
    {
        raw = raw.TrimEnd((byte)'\r');
        if (System.Text.Unicode.Utf8.IsValid(raw)) writer.WriteString("event.original"u8, raw);
        else writer.WriteString("event.original"u8, Encoding.UTF8.GetString(raw));
    }
}
