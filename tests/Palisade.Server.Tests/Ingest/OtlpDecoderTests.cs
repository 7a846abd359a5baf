using System.Text;
using CsCheck;
using Palisade.Server.Ingest;
using Palisade.Tests;

namespace Palisade.Server.Tests.Ingest;

/// <summary>Protobuf messages written field by field, as the wire format has them.</summary>
internal sealed class Proto
{
    private readonly MemoryStream bytes = new();

    public byte[] Bytes => bytes.ToArray();

    public Proto Number(int field, ulong value) { Varint((ulong)field << 3); Varint(value); return this; }
    public Proto Fixed(int field, ulong value) { Varint((ulong)field << 3 | 1); bytes.Write(BitConverter.GetBytes(value)); return this; }
    public Proto Add(int field, byte[] value) { Varint((ulong)field << 3 | 2); Varint((ulong)value.Length); bytes.Write(value); return this; }
    public Proto Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));
    public Proto Add(int field, Proto value) => Add(field, value.Bytes);
    public Proto Pair(int field, string key, Proto any) => Add(field, new Proto().Add(1, key).Add(2, any));

    public static Proto Text(string text) => new Proto().Add(1, text);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7) bytes.WriteByte((byte)(value | 0x80));
        bytes.WriteByte((byte)value);
    }
}

public sealed class OtlpDecoderTests
{
    private static List<string> Read(ReadOnlySpan<byte> body, bool json)
    {
        if (!(json ? OtlpJson.TryCount(body, out var count) : OtlpProtobuf.TryCount(body, out count))) return ["!"];
        var items = new List<string>();
        var record = new RecordJson();
        if (json)
        {
            var decoder = new OtlpJson(body);
            while (decoder.TryRead(record, out var good)) items.Add(good ? Encoding.UTF8.GetString(record.Bytes) : "-");
        }
        else
        {
            var decoder = new OtlpProtobuf(body);
            while (decoder.TryRead(record, out var good)) items.Add(good ? Encoding.UTF8.GetString(record.Bytes) : "-");
        }
        Assert.Equal(count, items.Count);
        return items;
    }

    private const string Expected =
        """{"service.name":"shop","otel.scope.name":"web","otel.scope.version":"1.2","@timestamp":"2026-11-25T12:00:00.000Z","event.created":"2026-11-25T12:00:01.000Z","log.level":"INFO","event.severity":9,"event.name":"login","trace.id":"0102030405060708090a0b0c0d0e0f10","span.id":"0102030405060708","message":"a \"line\"","n":-5,"f":1.5,"ok":true,"list":["x",2],"map":{"k":{"d":"v"}},"b":"AQI=","none":null}""";

    private static Proto Export(params Proto[] records)
    {
        var scope = new Proto();
        foreach (var record in records) scope.Add(2, record);       // the scope itself behind its records, as the wire format allows
        scope.Add(1, new Proto().Add(1, "web").Add(2, "1.2"));
        return new Proto().Add(1, new Proto().Add(2, scope).Add(1, new Proto().Pair(1, "service.name", Proto.Text("shop"))));
    }

    [Theory]
    [InlineData("\"7\"", "7")]
    [InlineData("-5", "-5")]
    [InlineData("\"-9223372036854775808\"", "-9223372036854775808")]
    [InlineData("\"007\"", "7")]
    [InlineData("\"+7\"", "7")]
    [InlineData("\"7[\"", "\"7[\"")]
    [InlineData("\"7 \"", "\"7 \"")]
    [InlineData("\"9223372036854775808\"", "\"9223372036854775808\"")]
    public void What_is_called_a_whole_number_stays_a_text_where_it_is_none(string value, string expected)
    {
        var body = $$$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"n","value":{"intValue":{{{value}}}}}]}]}]}]}""";
        Assert.Equal([$$"""{"n":{{expected}}}"""], Read(Encoding.UTF8.GetBytes(body), json: true));
    }

    [Fact]
    public void Protobuf_gives_the_record_with_everything_around_it()
    {
        var id = Enumerable.Range(1, 16).Select(i => (byte)i).ToArray();
        var record = new Proto().Fixed(1, 1795608000000000000).Fixed(11, 1795608001000000000).Number(2, 9).Add(3, "INFO").Add(5, Proto.Text("a \"line\""))
            .Pair(6, "n", new Proto().Number(3, unchecked((ulong)-5L))).Pair(6, "f", new Proto().Fixed(4, BitConverter.DoubleToUInt64Bits(1.5)))
            .Pair(6, "ok", new Proto().Number(2, 1)).Pair(6, "list", new Proto().Add(5, new Proto().Add(1, Proto.Text("x")).Add(1, new Proto().Number(3, 2))))
            .Pair(6, "map", new Proto().Add(6, new Proto().Pair(1, "k", new Proto().Add(6, new Proto().Pair(1, "d", Proto.Text("v"))))))
            .Pair(6, "b", new Proto().Add(7, [1, 2])).Pair(6, "none", new Proto()).Add(9, id).Add(10, id[..8]).Add(12, "login").Number(99, 1);
        Assert.Equal([Expected], Read(Export(record).Bytes, json: false));
    }

    [Fact]
    public void Json_gives_the_same() => Assert.Equal([Expected], Read("""
        {"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1795608000000000000","observedTimeUnixNano":1795608001000000000,"severityNumber":9,"severityText":"INFO",
        "body":{"stringValue":"a \"line\""},"eventName":"login","traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0102030405060708","unknown":[{}],
        "attributes":[{"key":"n","value":{"intValue":"-5"}},{"key":"f","value":{"doubleValue":1.5}},{"key":"ok","value":{"boolValue":true}},
        {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":2}]}}},{"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"kvlistValue":{"values":[{"key":"d","value":{"stringValue":"v"}}]}}}]}}},
        {"key":"b","value":{"bytesValue":"AQI="}},{"key":"none","value":{}}]}],"scope":{"name":"web","version":"1.2"}}],"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]}}]}
        """u8, json: true));

    [Theory]
    [InlineData("\r\n\t ", "body"), InlineData("", "bo\\u0064y"), InlineData(" ", "\\ud800")]
    public void Json_may_begin_with_blanks_and_write_names_in_escapes(string before, string name) => Assert.Equal(
        [name == "\\ud800" ? "{}" : """{"message":"a"}"""], Read(Encoding.UTF8.GetBytes(before + "{\"\\udfffx\":1,\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"" + name + "\":{\"stringValue\":\"a\"}}]}]}]}"), json: true));

    [Fact]
    public void A_body_that_is_a_map_gives_its_members() =>
        Assert.EndsWith(""","user":"root"}""", Read(Export(new Proto().Add(5, new Proto().Add(6, new Proto().Pair(1, "user", Proto.Text("root"))))).Bytes, json: false)[0], StringComparison.Ordinal);

    [Fact]
    public void Severity_without_a_text_has_its_name() =>
        Assert.Contains("\"log.level\":\"error\",\"event.severity\":18", Read(Export(new Proto().Number(2, 18)).Bytes, json: false)[0], StringComparison.Ordinal);

    [Fact]
    public void Too_deep_and_too_many_attributes_are_refused_alone()
    {
        var deep = Proto.Text("x");
        for (var i = 0; i < 40; i++) deep = new Proto().Add(5, new Proto().Add(1, deep));
        var many = new Proto();
        for (var i = 0; i < 1001; i++) many.Pair(6, "k" + i, Proto.Text("v"));
        var items = Read(Export(new Proto().Add(5, Proto.Text("a")), new Proto().Pair(6, "deep", deep), many, new Proto().Add(5, Proto.Text("b"))).Bytes, json: false);
        Assert.Equal([false, true, true, false], items.Select(i => i == "-"));
        var json = "{\"stringValue\":\"x\"}";
        for (var i = 0; i < 40; i++) json = "{\"arrayValue\":{\"values\":[" + json + "]}}";
        Assert.Equal(["-"], Read(Encoding.UTF8.GetBytes("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":" + json + "}]}]}]}"), json: true));
    }

    [Fact]
    public void Broken_containers_are_refused_whole_and_empty_ones_are_nothing()
    {
        var good = Export(new Proto().Add(5, Proto.Text("a"))).Bytes;
        Assert.Equal(["!"], Read(good.AsSpan(0, good.Length - 1), json: false));
        Assert.Equal(["!"], Read([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], json: false));
        Assert.Empty(Read([], json: false));
        Assert.Empty(Read("{}"u8, json: true));
        Assert.Equal(["!"], Read("[]"u8, json: true));
        Assert.Equal(["!"], Read("{\"resourceLogs\":["u8, json: true));
    }

    [Fact]
    public void No_bytes_break_it()
    {
        var good = Export(new Proto().Add(5, Proto.Text("a")).Pair(6, "k", new Proto().Add(5, new Proto().Add(1, Proto.Text("x"))))).Bytes;
        Gen.Select(Gen.Byte.Array[0, 60], Gen.Int[0, good.Length - 1], Gen.Byte).Sample((noise, at, value) =>
        {
            Read(noise, json: false);
            var changed = good.ToArray();
            changed[at] = value;
            Read(changed, json: false);
            Read(Encoding.UTF8.GetBytes($$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{{Convert.ToBase64String(noise)}}}]}]}]}"""), json: true);
        });
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var body = Export([.. Enumerable.Range(0, 500).Select(i => new Proto().Fixed(1, 1795608000000000000).Number(2, 9).Add(5, Proto.Text("line " + i)).Pair(6, "n", new Proto().Number(3, 7)))]).Bytes;
        var record = new RecordJson();
        void Run()
        {
            var decoder = new OtlpProtobuf(body);
            while (decoder.TryRead(record, out _)) { }
        }
        Run();
        Assert.Equal(0, Allocated.Least(Run));
    }
}
