using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Times;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse;

public sealed class ParserTests
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private const string Access = """
        name: web
        detect: 10
        set: { event.category: web }
        patterns:
          - match: '%{source:endpoint} - %{user.name} [%{@timestamp:clf}] "%{-:request}" %{http.response.status_code:int} %{http.response.body.bytes:int} "%{http.request.referrer:quoted}" "%{user_agent.original:quoted}"'
        """;

    private static Pipeline Create(string yaml = Access) =>
        new(EngineContent.Load([("sources/web/source.yml", Encoding.UTF8.GetBytes(yaml)), ("sources/json/source.yml", "name: json\nformat: json\ndetect: 1\n"u8.ToArray())], out _), NoGeoLookup.Instance);

    private static ParseRefusal Refusal(byte[] raw)
    {
        var pipeline = Create();
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), raw);
        return pipeline.Events.Header(0).Refusal;
    }

    [Fact]
    public void What_cannot_be_read_gives_an_event_with_a_named_reason()
    {
        Assert.Equal(ParseRefusal.Empty, Refusal([]));
        Assert.Equal(ParseRefusal.Empty, Refusal("  \r\n"u8.ToArray()));
        Assert.Equal(ParseRefusal.UnknownFormat, Refusal("no source knows this"u8.ToArray()));
        Assert.Equal(ParseRefusal.Binary, Refusal([.. Enumerable.Range(0, 1000).Select(i => (byte)(i % 7))]));
        Assert.Equal(ParseRefusal.Malformed, Refusal("{\"a\":"u8.ToArray()));
        Assert.Equal(ParseRefusal.Malformed, Refusal(new byte[2 << 20].Select(_ => (byte)'a').ToArray()));
        Assert.Equal(ParseRefusal.TooDeep, Refusal(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40))));
        Assert.Equal(ParseRefusal.TooManyFields, Refusal(Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 1100).Select(i => $"\"f{i}\":1")) + "}")));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_replaced_and_said_and_the_record_is_kept()
    {
        var raw = Encoding.Latin1.GetBytes("192.0.2.1 - - [24/Nov/2026:10:00:00 +0000] \"GET /caf\u00e9 HTTP/1.1\" 200 1 \"-\" \"x\"");
        var pipeline = Create();
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), raw);
        Assert.Equal(ParseRefusal.None, pipeline.Events.Header(0).Refusal);
        Assert.True(pipeline.Events.Header(0).Flags.HasFlag(EventFlags.Transcoded));
        Assert.Equal("/caf\uFFFD", pipeline.Events.GetString(0, Protocol.Fields.UrlPath));
        Assert.Equal(raw, pipeline.Events.Raw(0).ToArray());
    }

    [Theory]
    [InlineData("[70,97,105,108,27]", "Fail\u001b")]
    [InlineData("[99,97,102,233]", "caf\uFFFD")]
    [InlineData("[80,443]", "80")]
    [InlineData("[1,\"x\"]", "1")]
    public void A_message_of_the_journal_that_is_no_text_comes_as_its_bytes(string value, string expected)
    {
        var pipeline = Create();
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes($"{{\"MESSAGE\":{value},\"codes\":[65,66]}}"));
        Assert.Equal(expected, pipeline.Events.GetString(0, FieldNames.GetOrAdd("MESSAGE")));
        Assert.Equal("65", pipeline.Events.GetString(0, FieldNames.GetOrAdd("codes")));
    }

    [Theory]
    [InlineData(" user li")]
    [InlineData("user li\\n")]
    [InlineData("   user li \\r\\n")]
    public void A_message_in_JSON_is_read_without_the_blanks_around_it(string message)
    {
        const string Shipped = "name: json\nformat: json\ndetect: 1000\nfields: { msg: message, programname: process.name }\n", Daemon = "name: d\nprograms: [d]\npatterns: [ { match: 'user %{user.name}' } ]\n";
        var pipeline = new Pipeline(EngineContent.Load([("sources/json/source.yml", Encoding.UTF8.GetBytes(Shipped)), ("sources/d/source.yml", Encoding.UTF8.GetBytes(Daemon))], out _), NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes($"{{\"msg\":\"{message}\",\"programname\":\"d\"}}"));
        Assert.Equal("li", pipeline.Events.GetString(0, Protocol.Fields.UserName));
    }

    [Theory]
    [InlineData("geti /products/42 HTTP/1.1", "geti", "/products/42", "")]
    [InlineData("CONNECT relay.example.com:25 HTTP/1.1", "CONNECT", "relay.example.com:25", "relay.example.com")]
    [InlineData("GET http://a.example.com:81/x HTTP/1.0", "GET", "http://a.example.com:81/x", "a.example.com")]
    [InlineData("GET ftp://u:p@b.example.com/x HTTP/1.0", "GET", "ftp://u:p@b.example.com/x", "b.example.com")]
    [InlineData("hello there", "", "hello there", "")]
    public void A_request_line_gives_method_target_and_host(string request, string method, string target, string domain)
    {
        var pipeline = Create();
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes($"192.0.2.1 - - [24/Nov/2026:10:00:00 +0000] \"{request}\" 200 1 \"-\" \"x\""));
        Assert.Equal(method, pipeline.Events.GetString(0, Protocol.Fields.HttpRequestMethod));
        Assert.Equal(target, pipeline.Events.GetString(0, Protocol.Fields.UrlOriginal));
        Assert.Equal(domain, pipeline.Events.GetString(0, Protocol.Fields.UrlDomain));
    }

    [Fact]
    public void A_source_of_a_small_number_is_tried_before_syslog_frames()
    {
        (string, byte[]) Source(string name, int detect) =>
            ($"sources/{name}/source.yml", Encoding.UTF8.GetBytes($"name: {name}\ndetect: {detect}\npatterns: [ {{ match: '%{{@timestamp:iso}} %{{process.thread.name:word}} %{{log.level:in WARN|INFO}} %{{message:rest}}' }} ]"));
        (string, byte[]) syslog = ("sources/syslog/source.yml", "name: syslog\nformat: syslog\ndetect: 5"u8.ToArray());
        var record = "2026-11-24T10:00:00,123Z exec-1 WARN login failed"u8.ToArray();
        foreach (var (detect, reader) in new[] { (4, "app"), (6, "syslog") })
        {
            var content = EngineContent.Load([Source("app", detect), syslog], out _);
            var pipeline = new Pipeline(content, NoGeoLookup.Instance);
            pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), record);
            Assert.Equal(reader, content.Parsers.NameOf(pipeline.Events.Header(0).Parser));
        }
    }

    [Fact]
    public void A_steady_stream_of_lines_allocates_nothing()
    {
        var pipeline = Create();
        var lines = Enumerable.Range(0, 200).Select(i => Encoding.UTF8.GetBytes($"192.0.2.{i} - - [24/Nov/2026:10:00:00 +0000] \"GET /p/{i}?q={i} HTTP/1.1\" 200 {i} \"-\" \"Mozilla/5.0\"")).ToArray();
        void Round()
        {
            for (var n = 0; n < 4000; n++) pipeline.Add(new RecordInfo((ulong)n, Received, 1, 1, RecordInfo.AutoParser), lines[n % lines.Length]);
            pipeline.Clear();
        }
        Round();
        Round();
        Assert.Equal(0, Allocated.Least(Round));
    }

    [Theory]
    [InlineData(TimeFormat.Clf, "25/Oct/2016:14:49:33 +0200", "2016-10-25T12:49:33.000Z")]
    [InlineData(TimeFormat.Iso, "2026-11-24T10:00:00.123456+08:00", "2026-11-24T02:00:00.123Z")]
    [InlineData(TimeFormat.Iso, "2026-11-24 10:00:00,5", "2026-11-24T10:00:00.500Z")]
    [InlineData(TimeFormat.Bsd, "Nov 24 10:00:00", "2026-11-24T10:00:00.000Z")]
    [InlineData(TimeFormat.Bsd, "Dec 31 23:59:59", "2025-12-31T23:59:59.000Z")]
    [InlineData(TimeFormat.Bsd, "Feb 29 10:00:00", "2024-02-29T10:00:00.000Z")]
    [InlineData(TimeFormat.Asctime, "Wed Oct 20 19:20:59.121211 2021", "2021-10-20T19:20:59.121Z")]
    [InlineData(TimeFormat.Slashes, "2026/11/24 10:00:00", "2026-11-24T10:00:00.000Z")]
    [InlineData(TimeFormat.Epoch, "1795514400.25", "2026-11-24T10:00:00.250Z")]
    [InlineData(TimeFormat.Epoch, "1795514400250", "2026-11-24T10:00:00.250Z")]
    public void A_time_is_read_to_the_millisecond(TimeFormat format, string text, string expected)
    {
        Assert.True(TimeReader.TryRead(format, Encoding.UTF8.GetBytes(text), Received, ZoneTable.Utc, out var ms, out var used));
        Assert.Equal(expected, DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-ddTHH:mm:ss.fffZ"));
        Assert.Equal(text.Length, used);
    }

    [Theory]
    [InlineData(TimeFormat.Clf, "32/Oct/2016:14:49:33 +0200")]
    [InlineData(TimeFormat.Iso, "2026-02-30T10:00:00Z")]
    [InlineData(TimeFormat.Bsd, "Nov 24 25:00:00")]
    [InlineData(TimeFormat.Epoch, "12")]
    [InlineData(TimeFormat.Asctime, "Wed Oct")]
    public void A_time_that_does_not_exist_is_not_read(TimeFormat format, string text) =>
        Assert.False(TimeReader.TryRead(format, Encoding.UTF8.GetBytes(text), Received, ZoneTable.Utc, out _, out _));

    [Fact]
    public void A_mistake_in_a_source_is_said_with_its_file_and_line()
    {
        var set = ParserSet.Load([("sources/x/source.yml", "name: x\npatterns:\n  - match: '%{a:nokind}'\n  - id: y\n"u8.ToArray()), ("sources/y/source.yml", "nam: y\n"u8.ToArray())], out var problems);
        Assert.Equal(1, set.Count);
        Assert.Contains(problems, p => p is { Code: "SRC006", File: "sources/x/source.yml", Line: 3 });
        Assert.Contains(problems, p => p is { Code: "SRC005", Line: 4 });
        Assert.Contains(problems, p => p is { Code: "SRC002", File: "sources/y/source.yml" });
        Assert.Contains(problems, p => p is { Code: "SRC003" });
    }
}
