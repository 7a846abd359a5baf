using System.Buffers.Text;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>
/// Reads an ExportLogsServiceRequest in OTLP's JSON form, record by record: names in lowerCamelCase, ids in hexadecimal, 64-bit
/// numbers as texts or numbers, bytes in base64; what it does not know it passes over. Pure, no allocation.
/// </summary>
internal ref struct OtlpJson(ReadOnlySpan<byte> body)
{
    private JsonElements resources = new(JsonParts.Member(body.TrimStart(" \t\r\n"u8), "resourceLogs"u8)), scopes, records;
    private int shared, attributesShared;
    private bool sharedGood;

    /// <summary>Counts the records; false when the body is no JSON object.</summary>
    public static bool TryCount(ReadOnlySpan<byte> body, out int count)
    {
        count = 0;
        body = body.Trim(" \t\r\n"u8);
        if (!JsonParts.IsObject(body)) return false;
        var resources = new JsonElements(JsonParts.Member(body, "resourceLogs"u8));
        while (resources.MoveNext())
        {
            var scopes = new JsonElements(JsonParts.Member(resources.Current, "scopeLogs"u8));
            while (scopes.MoveNext())
                for (var records = new JsonElements(JsonParts.Member(scopes.Current, "logRecords"u8)); records.MoveNext();) count++;
        }
        return true;
    }

    /// <summary>Writes the next record; false at the end.</summary>
    /// <param name="good">False: it is no object, nested too deeply, or has too many attributes.</param>
    public bool TryRead(RecordJson to, out bool good)
    {
        good = false;
        while (!records.MoveNext())
        {
            while (!scopes.MoveNext())
            {
                if (!resources.MoveNext()) return false;
                scopes = new JsonElements(JsonParts.Member(resources.Current, "scopeLogs"u8));
            }
            records = new JsonElements(JsonParts.Member(scopes.Current, "logRecords"u8));
            WriteShared(to);
        }
        to.Rewind(shared);
        good = sharedGood && TryWrite(to, records.Current);
        to.End();
        return true;
    }

    private void WriteShared(RecordJson to)
    {
        to.Begin();
        attributesShared = 0;
        sharedGood = TryAttributes(to, JsonParts.Member(JsonParts.Member(resources.Current, "resource"u8), "attributes"u8), ref attributesShared, 0);
        var scope = JsonParts.Member(scopes.Current, "scope"u8);
        Text(to, "otel.scope.name"u8, JsonParts.Member(scope, "name"u8));
        Text(to, "otel.scope.version"u8, JsonParts.Member(scope, "version"u8));
        sharedGood &= TryAttributes(to, JsonParts.Member(scope, "attributes"u8), ref attributesShared, 0);
        shared = to.Length;
    }

    private readonly bool TryWrite(RecordJson to, ReadOnlySpan<byte> record)
    {
        if (record[0] != '{') return false;
        ulong time = 0, observed = 0, severity = 0;
        ReadOnlySpan<byte> level = default, any = default, name = default, trace = default, span = default, own = default;
        var reader = JsonParts.Reader(record);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.Is("timeUnixNano"u8)) time = Number(JsonParts.Value(ref reader, record));
            else if (reader.Is("observedTimeUnixNano"u8)) observed = Number(JsonParts.Value(ref reader, record));
            else if (reader.Is("severityNumber"u8)) severity = Number(JsonParts.Value(ref reader, record));
            else if (reader.Is("severityText"u8)) level = JsonParts.Value(ref reader, record);
            else if (reader.Is("body"u8)) any = JsonParts.Value(ref reader, record);
            else if (reader.Is("attributes"u8)) own = JsonParts.Value(ref reader, record);
            else if (reader.Is("eventName"u8)) name = JsonParts.Value(ref reader, record);
            else if (reader.Is("traceId"u8)) trace = JsonParts.Value(ref reader, record);
            else if (reader.Is("spanId"u8)) span = JsonParts.Value(ref reader, record);
            else JsonParts.Value(ref reader, record);
        }
        OtlpRecord.Times(to, time, observed);
        OtlpRecord.Severity(to, JsonParts.Scalar(level), severity, escaped: true);
        Text(to, "event.name"u8, name);
        Id(to, "trace.id"u8, JsonParts.Scalar(trace), 32);
        Id(to, "span.id"u8, JsonParts.Scalar(span), 16);
        var attributes = attributesShared;
        return TryBody(to, any, ref attributes) && TryAttributes(to, own, ref attributes, 0);
    }

    private static ulong Number(ReadOnlySpan<byte> value) =>
        JsonParts.Scalar(value) is var text && Utf8Parser.TryParse(text, out ulong number, out var used) && used == text.Length ? number : 0;

    private static void Text(RecordJson to, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.Length > 2 && value[0] == '"') to.Copied(name, value[1..^1]);
    }

    private static void Id(RecordJson to, ReadOnlySpan<byte> name, ReadOnlySpan<byte> hex, int length)
    {
        Span<byte> id = stackalloc byte[16];
        if (hex.Length != length || Convert.FromHexString(hex, id, out _, out var n) != System.Buffers.OperationStatus.Done) return;
        if (!id[..n].ContainsAnyExcept((byte)0)) return;
        to.Name(name);
        to.Hex(id[..n]);
    }

    private static bool TryBody(RecordJson to, ReadOnlySpan<byte> any, ref int attributes)
    {
        if (any.IsEmpty || any[0] != '{') return any.IsEmpty || any[0] == 'n';
        var map = JsonParts.Member(any, "kvlistValue"u8);
        if (!map.IsEmpty) return TryAttributes(to, JsonParts.Member(map, "values"u8), ref attributes, 0);
        to.Name("message"u8);
        return TryAny(to, any, 0);
    }

    private static bool TryAttributes(RecordJson to, ReadOnlySpan<byte> pairs, ref int count, int depth)
    {
        for (var pair = new JsonElements(pairs); pair.MoveNext();)
        {
            if (++count > OtlpRecord.MaxAttributes) return false;
            var key = JsonParts.Member(pair.Current, "key"u8);
            if (key.Length <= 2 || key[0] != '"') continue;
            to.Name(key[1..^1]);
            if (!TryAny(to, JsonParts.Member(pair.Current, "value"u8), depth)) return false;
        }
        return true;
    }

    private static bool TryAny(RecordJson to, ReadOnlySpan<byte> any, int depth)
    {
        if (depth > OtlpRecord.MaxDepth) return false;
        if (any.IsEmpty || any[0] != '{') { to.Raw("null"u8); return true; }
        var reader = JsonParts.Reader(any);
        reader.Read();
        if (!reader.Read() || reader.TokenType != JsonTokenType.PropertyName) { to.Raw("null"u8); return true; }
        bool array = reader.Is("arrayValue"u8), map = reader.Is("kvlistValue"u8), integer = reader.Is("intValue"u8);
        var value = JsonParts.Value(ref reader, any);
        if (array) return TryArray(to, JsonParts.Member(value, "values"u8), depth);
        if (map)
        {
            to.Raw("{"u8);
            var count = 0;
            var good = TryAttributes(to, JsonParts.Member(value, "values"u8), ref count, depth + 1);
            to.Raw("}"u8);
            return good;
        }
        // A 64-bit number comes as a text (proto3 JSON mapping); written as the number it is, where it is one to its end. The rest is written as it stands.
        Span<byte> digits = stackalloc byte[20];
        if (integer && JsonParts.Scalar(value) is var text && Utf8Parser.TryParse(text, out long number, out var used) && used == text.Length && Utf8Formatter.TryFormat(number, digits, out var n)) to.Raw(digits[..n]);
        else to.Raw(value[0] is (byte)'{' or (byte)'[' ? "null"u8 : value);
        return true;
    }

    private static bool TryArray(RecordJson to, ReadOnlySpan<byte> values, int depth)
    {
        to.Raw("["u8);
        var count = 0;
        for (var element = new JsonElements(values); element.MoveNext();)
        {
            if (++count > OtlpRecord.MaxAttributes) return false;
            to.Comma();
            if (!TryAny(to, element.Current, depth + 1)) return false;
        }
        to.Raw("]"u8);
        return true;
    }
}
