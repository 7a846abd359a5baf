using System.Text;
using CsCheck;
using Palisade.Server.Ingest;
using Palisade.Tests;

namespace Palisade.Server.Tests.Ingest;

public sealed class HecDecoderTests
{
    private static List<string> Read(ReadOnlySpan<byte> body, int maxEvent = 1024)
    {
        var decoder = new HecDecoder(body, maxEvent);
        var record = new RecordJson();
        var items = new List<string>();
        while (decoder.TryRead(out var item))
        {
            if (item.Code != HecCode.Success) { items.Add("!" + (int)item.Code); continue; }
            HecRecord.Write(record, item);
            items.Add(Encoding.UTF8.GetString(record.Bytes));
        }
        return items;
    }

    private static List<string> Read(string body, int maxEvent = 1024) => Read(Encoding.UTF8.GetBytes(body), maxEvent);

    [Fact]
    public void A_text_becomes_the_message_and_the_envelope_gets_names_of_ECS() => Assert.Equal(
        ["""{"@timestamp":"2026-11-25T12:00:00.250Z","host.name":"web-01","log.file.path":"/var/log/a.log","splunk.sourcetype":"nginx","splunk.index":"main","message":"a \"quoted\" line","env":"prod"}"""],
        Read("""{"time":1795608000.25,"host":"web-01","source":"/var/log/a.log","sourcetype":"nginx","index":"main","event":"a \"quoted\" line","fields":{"env":"prod"}}"""));

    [Fact]
    public void An_object_gives_its_own_members() => Assert.Equal(
        ["""{"host.name":"h","user":"root","n":{"a":1}}""", "{}", """{"message":"12"}""", """{"message":[1,"b"]}"""],
        Read("""{"host":"h","event":{ "user":"root","n":{"a":1} }}{"event":{}}{"event":12}{"event":[1,"b"]}"""));

    [Fact]
    public void Events_stand_one_behind_the_other_with_or_without_blanks() =>
        Assert.Equal(3, Read("{\"event\":\"a\"}{\"event\":\"b\"} \r\n\n {\"event\":\"c\"}\n").Count(i => i.StartsWith("{\"message\"", StringComparison.Ordinal)));

    [Theory]
    [InlineData("""{"event":"a"}{"host":"x"}{"event":"b"}""", "a !12 b"), InlineData("""{"event":""}{"event":null}{"event":"b"}""", "!13 !13 b")]
    [InlineData("""{"event":"a","fields":"x"}{"event":"b","fields":null}""", "!15 b"), InlineData("""{"event":"a"}noise{"event":"b"}""", "a !6")]
    [InlineData("""[{"event":"a"}]""", "!6"), InlineData("""{"event":"a" """, "!6"), InlineData("\"text\"", "!6"), InlineData("   ", "")]
    public void What_is_wrong_has_Splunks_number_and_the_good_around_it_stays(string body, string expected) =>
        Assert.Equal(expected, string.Join(' ', Read(body).Select(i => i[0] == '!' ? i : i["{\"message\":\"".Length..^2])));

    [Fact]
    public void A_name_with_half_a_surrogate_pair_is_a_name_of_nobody_and_one_written_in_escapes_is_the_name() => Assert.Equal(
        ["""{"message":"a"}""", """{"message":"b"}""", "!12"],
        Read("""{"ti\ud800me":1,"event":"a"}{"\u0065v\u0065nt":"b"}{"ev\nnt":"c"}"""));

    [Fact]
    public void Too_much_or_too_deep_is_refused()
    {
        Assert.Equal(["!27", """{"message":"b"}"""], Read("{\"event\":\"" + new string('x', 2000) + "\"}{\"event\":\"b\"}"));
        Assert.Equal(["!6"], Read("{\"event\":" + string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 41)));
    }

    [Theory]
    [InlineData("1795608000", 1795608000000), InlineData("1795608000.123456789", 1795608000123), InlineData("1795608000123", 1795608000123)]
    [InlineData("1795608000123456", 1795608000123), InlineData("1795608000123456789", 1795608000123), InlineData("0.5", 500)]
    public void Time_is_seconds_unless_that_would_be_absurd(string text, long ms)
    {
        Assert.True(HecRecord.TrySeconds(Encoding.UTF8.GetBytes(text), out var read));
        Assert.Equal(ms, read);
    }

    [Theory]
    [InlineData("now"), InlineData("-1"), InlineData("1e99"), InlineData("12 "), InlineData("99999999999999999999999")]
    public void Other_times_are_kept_as_they_came(string text)
    {
        Assert.False(HecRecord.TrySeconds(Encoding.UTF8.GetBytes(text), out _));
        Assert.Equal([$$"""{"splunk.time":"{{text}}","message":"a"}"""], Read($$"""{"time":"{{text}}","event":"a"}"""));
    }

    [Fact]
    public void No_bytes_break_it() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        Read(bytes);
        Read([.. "{\"event\":"u8, .. bytes, .. "}{\"event\":\"b\"}"u8]);
    });

    [Fact]
    public void Reading_allocates_nothing()
    {
        var body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $$"""{"time":{{i}}.5,"host":"h","event":"line {{i}}"}""")));
        var record = new RecordJson();
        void Run()
        {
            var decoder = new HecDecoder(body, 1 << 20);
            while (decoder.TryRead(out var item)) HecRecord.Write(record, item);
        }
        Run();
        Assert.Equal(0, Allocated.Least(Run));
    }
}
