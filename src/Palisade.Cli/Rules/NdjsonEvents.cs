using System.Buffers;
using System.Text;
using System.Text.Json;
using Palisade.Engine;

namespace Palisade.Cli.Rules;

/// <summary>Puts JSON events, flat or nested, into a batch: nested names joined by dots, a list's items as several values.</summary>
internal sealed class NdjsonEvents
{
    private readonly byte[] name = new byte[4096];
    private byte[] text = new byte[4096];
    private long clock;

    /// <summary>Adds one event. Its raw record is left empty: keywords look at values only.</summary>
    /// <exception cref="JsonException">The line is no JSON object.</exception>
    public void Add(EventBatch batch, ReadOnlySpan<byte> line, ulong sequence)
    {
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = 64 });
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("an event is a JSON object");
        var index = batch.Begin(new RecordInfo(sequence, 0, 1, 0, RecordInfo.AutoParser), []);
        Object(ref reader, batch, 0);
        while (reader.Read()) { }
        ref var header = ref batch.Header(index);
        if (Time(batch, index) is { } time)
        {
            header.TimeMs = time;
            header.Flags &= ~EventFlags.NoTime;
        }
        else header.TimeMs = clock;
        clock = Math.Max(clock, header.TimeMs);
        header.ReceivedMs = clock;
    }

    private static long? Time(EventBatch batch, int index)
    {
        foreach (var field in new[] { "@timestamp", "timestamp" })
        {
            if (batch.TryGet(index, FieldNames.GetOrAdd(field), out var value)
                && DateTimeOffset.TryParse(Encoding.UTF8.GetString(value), null, System.Globalization.DateTimeStyles.AssumeUniversal, out var time))
                return time.ToUnixTimeMilliseconds();
        }
        return null;
    }

    private void Object(ref Utf8JsonReader reader, EventBatch batch, int prefix)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var n = prefix;
            if (prefix > 0) name[n++] = (byte)'.';
            var key = Unescaped(ref reader);
            if (n + key.Length > name.Length) throw new JsonException("a field name is too long");
            key.CopyTo(name.AsSpan(n));
            n += key.Length;
            reader.Read();
            Value(ref reader, batch, n);
        }
    }

    private void Value(ref Utf8JsonReader reader, EventBatch batch, int length)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                Object(ref reader, batch, length);
                return;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) Value(ref reader, batch, length);
                return;
        }
        var field = FieldNames.GetOrAdd(name.AsSpan(0, length));
        if (field == 0) return;
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: batch.AddNull(field); break;
            case JsonTokenType.True: batch.Add(field, "true"u8); break;
            case JsonTokenType.False: batch.Add(field, "false"u8); break;
            case JsonTokenType.String: batch.Add(field, Unescaped(ref reader)); break;
            default: batch.Add(field, reader.ValueSpan); break;
        }
    }

    private ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan;
        if (text.Length < reader.ValueSpan.Length) text = new byte[reader.ValueSpan.Length * 2];
        return text.AsSpan(0, reader.CopyString(text));
    }
}
