using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Protocol;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse;

/// <summary>What the keys of a source do, one by one: docs/reference/sources.md.</summary>
public sealed class SourceFormatTests
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>An engine of these sources; each YAML begins with its name.</summary>
    private static Pipeline Engine(params string[] sources)
    {
        var files = sources.Select((s, i) => ($"sources/s{i}/source.yml", Encoding.UTF8.GetBytes(s)));
        var snapshot = EngineContent.Load(files, out var problems);
        Assert.Empty(problems);
        return new Pipeline(snapshot, NoGeoLookup.Instance);
    }

    private static EventBatch Read(Pipeline engine, params string[] records)
    {
        foreach (var record in records) engine.Add(new RecordInfo(1, Received, 1, 7, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(record));
        return engine.Events;
    }

    private static string? Text(EventBatch batch, string field, int index = 0) =>
        batch.TryGet(index, FieldNames.GetOrAdd(field), out var value) ? Encoding.UTF8.GetString(value) : null;

    private static string[] Texts(EventBatch batch, string field)
    {
        var id = FieldNames.GetOrAdd(field);
        var ids = batch.FieldIds(0).ToArray();
        return [.. Enumerable.Range(0, ids.Length).Where(i => ids[i] == id).Select(i => Encoding.UTF8.GetString(batch.ValueAt(0, i)))];
    }

    private static string Source(Pipeline engine, int index = 0) => engine.Snapshot.Parsers.NameOf(engine.Events.Header(index).Parser);

    private static string Time(EventBatch batch, int index = 0) => DateTimeOffset.FromUnixTimeMilliseconds(batch.Header(index).TimeMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ");

    private const string Alerts = "name: alerts\nformat: json\ndetect: 10\nhas: [event_type, src_ip]\nwhere: [ { field: event_type, eq: alert } ]\nfields: { timestamp: '@timestamp', src_ip: source:endpoint, alert.signature: rule.name, event_type: '-' }\nset: { event.category: intrusion_detection }\n";
    private const string Json = "name: json\nformat: json\ndetect: 1000\nfields: { msg: message, took: 'event.duration:ms', path: '-:url' }\n";
    private const string Syslog = "name: syslog\nformat: syslog\ndetect: 5\n";

    [Fact]
    public void A_JSON_record_is_read_by_the_first_source_that_knows_its_names_and_values()
    {
        var engine = Engine(Alerts, Json);
        var batch = Read(engine, """{"timestamp":"2026-11-24T10:00:00Z","event_type":"alert","src_ip":"192.0.2.1","alert":{"signature":"x"},"extra":{"n":1}}""",
            """{"event_type":"flow","src_ip":"192.0.2.1"}""");
        Assert.Equal("alerts", Source(engine));
        Assert.Equal("json", Source(engine, 1));
        Assert.Equal(("192.0.2.1", "192.0.2.1", "x", "1"), (Text(batch, "source.ip"), Text(batch, "source.address"), Text(batch, "rule.name"), Text(batch, "extra.n")));
        Assert.Equal("2026-11-24T10:00:00.000Z", Time(batch));
        Assert.Null(Text(batch, "event_type"));
    }

    [Fact]
    public void Digits_in_quotes_are_no_hexadecimal_text()
    {
        var batch = Read(Engine("name: exec\nformat: kv\ndetect: 10\nhas: [a0]\nfields: { a0: 'args:hex', a1: 'args:hex', a2: 'args:hex', a3: 'args:hex' }\n"),
            "a0=\"chmod\" a1=\"1000\" a2=2F746D702F612062 a3=\"E4B8AD\"");
        Assert.Equal(["chmod", "1000", "/tmp/a b", "E4B8AD"], Texts(batch, "args"));
    }

    [Fact]
    public void Members_are_converted_as_their_targets_say()
    {
        var batch = Read(Engine(Json), """{"took":12.5,"path":"/a/b.php?x=1","msg":"-"}""");
        Assert.Equal(("12500000", "/a/b.php", "x=1", "php"), (Text(batch, "event.duration"), Text(batch, "url.path"), Text(batch, "url.query"), Text(batch, "url.extension")));
        Assert.Null(Text(batch, "message"));
    }

    [Fact]
    public void Objects_of_a_key_and_a_value_also_give_a_field_of_that_name()
    {
        var batch = Read(Engine(Json), """{"params":[{"key":"user","value":"li"},{"name":"n","value":3}],"tag":{"key":"k"},"z":1}""");
        Assert.Equal(("li", "3", "user", "1", "k"), (Text(batch, "params.user"), Text(batch, "params.n"), Text(batch, "params.key"), Text(batch, "z"), Text(batch, "tag.key")));
    }

    private const string Windows = "name: win\nformat: xml\ndetect: 10\nhas: [System.EventID]\nfields: { System.EventID: event.code, System.TimeCreated.SystemTime: '@timestamp', EventData.IpAddress: source:endpoint, EventData.TargetUserName: user.name }\n";

    [Fact]
    public void An_XML_element_gives_dotted_fields()
    {
        var engine = Engine(Windows, Json);
        var batch = Read(engine, "<?xml version='1.0'?>- <Event xmlns='http://schemas.example.com/e'> - <System><Provider Name=\"P>Q\" Guid='{1}'/><EventID Qualifiers='0'>4625</EventID><TimeCreated SystemTime='2026-11-24T10:00:00.1234567Z'/></System><EventData><Data Name='TargetUserName'>li &amp; w&#x65;i</Data><Data Name='IpAddress'>192.0.2.9</Data><Data Name='Empty'/></EventData></Event>",
            "<Event><System><EventID>1</System>", "<Other><x>1</x></Other>");
        Assert.Equal("win", Source(engine));
        Assert.Equal(("4625", "P>Q", "li & wei", "192.0.2.9", "0"), (Text(batch, "event.code"), Text(batch, "System.Provider.Name"), Text(batch, "user.name"), Text(batch, "source.ip"), Text(batch, "System.EventID.Qualifiers")));
        Assert.Equal("2026-11-24T10:00:00.123Z", Time(batch));
        Assert.Equal([ParseRefusal.None, ParseRefusal.Malformed, ParseRefusal.UnknownFormat], Enumerable.Range(0, 3).Select(i => batch.Header(i).Refusal));
    }

    [Fact]
    public void A_condition_holds_when_any_of_several_values_fits()
    {
        var batch = Read(Engine("name: t\nformat: json\ndetect: 10\nhas: [tags]\nwhen: [ { field: tags, eq: error, set: { a: x } }, { field: tags, ne: error, set: { b: x } }, { field: tags, ne: none, set: { c: x } } ]\n"), """{"tags":["status","error"]}""");
        Assert.Equal(("x", null, "x"), (Text(batch, "a"), Text(batch, "b"), Text(batch, "c")));
    }

    [Fact]
    public void A_record_inside_records_comes_out_as_what_it_is_and_the_inner_time_counts()
    {
        var engine = Engine(Alerts, Json, Syslog);
        var batch = Read(engine, """{"log":"x","msg":"<13>Nov 24 11:00:00 h1 suricata[7]: {\"timestamp\":\"2026-11-24T10:00:00Z\",\"event_type\":\"alert\",\"src_ip\":\"192.0.2.9\"}"}""");
        Assert.Equal("alerts", Source(engine));
        Assert.Equal(("192.0.2.9", "h1", "suricata"), (Text(batch, "source.ip"), Text(batch, "host.name"), Text(batch, "process.name")));
        Assert.Equal("2026-11-24T10:00:00.000Z", Time(batch));
    }

    [Fact]
    public void Pairs_may_be_bare_quoted_or_open_and_words_between_them_are_stepped_over()
    {
        var bare = Read(Engine("name: p\nformat: kv\ndetect: 10\nhas: [acct]\nfields: { acct: user.name, cmd: 'process.command_line:hex' }\n"),
            "type=X flag acct=\"li wei\" cmd=2F62696E2F6C73002D6C n=5, empty= q='a=1 b'");
        Assert.Equal(("X", "li wei", "/bin/ls -l", "5", "a=1 b"), (Text(bare, "type"), Text(bare, "user.name"), Text(bare, "process.command_line"), Text(bare, "n"), Text(bare, "q")));
        Assert.Null(Text(bare, "empty"));
        var open = Read(Engine("name: c\ndetect: 10\npairs: { open: true }\nfields: { msg: message, src: source:endpoint }\npatterns: [ { match: 'CEF:0|%{rule.name}|%{-:kv}' } ]\n"),
            "CEF:0|r|msg=two words a\\=b C:\\\\d\\n src=192.0.2.1 spt=1");
        // What CEF escapes comes without its backslash; one that escapes nothing stays.
        Assert.Equal(("two words a=b C:\\d\\n", "192.0.2.1", "1"), (Text(open, "message"), Text(open, "source.ip"), Text(open, "spt")));
    }

    [Fact]
    public void Pairs_that_must_begin_with_a_text_end_the_capture_before_them()
    {
        var batch = Read(Engine("name: fw\ndetect: 10\nfields: { IN: observer.ingress.interface.name, SRC: source:endpoint }\npatterns: [ { match: '%{rule.name}%{-:kv IN=}' } ]\n"), "DROP it: IN=eth0 OUT= SRC=192.0.2.1 SYN");
        Assert.Equal(("DROP it: ", "eth0", "192.0.2.1"), (Text(batch, "rule.name"), Text(batch, "observer.ingress.interface.name"), Text(batch, "source.ip")));
    }

    private const string Csv = """
        name: csv
        format: delimited
        detect: 10
        has: [ip]
        delimited: { separator: ',', header: '#cols,', comment: '#' }
        fields: { day: '@timestamp:date', at: '@timestamp:clock', ip: 'source.ip:ip', who: user.name }
        layouts:
          - [day, at, ip, who]
          - [day, at, who, "http.response.status_code:int"]
        """;

    [Fact]
    public void Columns_are_read_by_the_first_layout_that_fits_and_a_header_names_them()
    {
        var engine = Engine(Csv);
        var batch = Read(engine, "2026-11-24,10:00:00.5,192.0.2.1,\"li \"\"x\"\", wei\"", "2026-11-24,10:00:00,bo,404", "2026-11-24,10:00:00,bo,no number", "# a remark", "#cols,who,ip,more", "eve,192.0.2.7,z");
        Assert.Equal(("192.0.2.1", "li \"x\", wei", "2026-11-24T10:00:00.500Z"), (Text(batch, "source.ip"), Text(batch, "user.name"), Time(batch)));
        Assert.Equal(("bo", "404"), (Text(batch, "user.name", 1), Text(batch, "http.response.status_code", 1)));
        Assert.Equal(ParseRefusal.UnknownFormat, batch.Header(2).Refusal);
        Assert.Equal(ParseRefusal.Empty, batch.Header(3).Refusal);
        Assert.Equal(ParseRefusal.Empty, batch.Header(4).Refusal);
        Assert.Equal(("eve", "192.0.2.7", "z"), (Text(batch, "user.name", 5), Text(batch, "source.ip", 5), Text(batch, "more", 5)));
    }

    [Fact]
    public void A_header_goes_to_the_source_that_knows_its_columns_and_a_comment_to_none()
    {
        const string first = "name: first\nformat: delimited\ndetect: 10\nhas: [a, b]\ndelimited: { separator: ' ', header: '#fields ', comment: '#' }\nfields: { a: user.name, b: user.id }\n";
        const string second = "name: second\nformat: delimited\ndetect: 20\nhas: [c, d]\ndelimited: { separator: ' ', header: '#Fields: ', comment: '#' }\nfields: { c: user.name, d: user.id }\n";
        var engine = Engine(first, second);
        var batch = Read(engine, "#Software: x", "#Fields: c d", "alice 7");
        Assert.Equal(("second", "alice", "7"), (Source(engine, 2), Text(batch, "user.name", 2), Text(batch, "user.id", 2)));
    }

    [Fact]
    public void A_loose_source_is_asked_last_also_in_a_stream_that_it_has_read_before()
    {
        var engine = Engine("name: strict\ndetect: 99\npatterns: [ { match: 'a %{user.name}' } ]\n", "name: loose\ndetect: 100\npatterns: [ { match: '%{message:rest}' } ]\n");
        _ = Read(engine, "whatever", "a bob", "whatever");
        Assert.Equal(["loose", "strict", "loose"], Enumerable.Range(0, 3).Select(i => Source(engine, i)));
    }

    [Fact]
    public void A_condition_holds_where_one_of_several_values_does()
    {
        const string yaml = """
            name: tags
            format: json
            detect: 10
            has: [tags]
            when:
              - { field: tags, eq: error, set: { event.type: error } }
              - { field: tags, starts: plugin, set: { event.kind: event } }
              - { field: tags, ne: error, set: { event.action: calm } }
            """;
        var batch = Read(Engine(yaml), """{"tags":["status","plugin:x","Error"]}""", """{"tags":["status","info"]}""");
        Assert.Equal(("error", "event", null), (Text(batch, "event.type"), Text(batch, "event.kind"), Text(batch, "event.action")));
        Assert.Equal((null, "calm"), (Text(batch, "event.type", 1), Text(batch, "event.action", 1)));
    }

    [Theory]
    [InlineData("dd/MM/yyyy HH:mm:ssf zzz", "24/11/2026 10:00:00.25 +0800", "2026-11-24T02:00:00.250Z")]
    [InlineData("M/d/yy h:mm:ss tt", "1/2/26 12:30:00 AM", "2026-01-02T00:30:00.000Z")]
    [InlineData("EEE MMM d HH:mm:ss zzz yyyy", "Tue Nov  3 10:00:00 UTC 2026", "2026-11-03T10:00:00.000Z")]
    [InlineData("dd-MMM-yyyy HH:mm:ssf", "24-Nov-2026 10:00:00", "2026-11-24T10:00:00.000Z")]
    [InlineData("MMM dd HH:mm:ss", "Dec 31 23:59:59", "2025-12-31T23:59:59.000Z")]
    [InlineData("yyyyMMdd'T'HHmmss", "20261124T100000", "2026-11-24T10:00:00.000Z")]
    [InlineData("yyyy-MM-dd HH:mm:ssf zzz", "2026-11-24 10:00:00.123 CST", "2026-11-24T02:00:00.123Z")]
    [InlineData("yyyy-MM-dd HH:mm:ssf zzz", "2026-11-24 10:00:00 XYZT", "2026-11-24T10:00:00.000Z")]
    [InlineData("yyyy-MM-dd H:mm:ssf", "2026-11-24  9:00:00", "2026-11-24T09:00:00.000Z")]
    public void A_layout_reads_the_time_it_spells(string layout, string text, string expected)
    {
        var batch = Read(Engine($"name: t\ndetect: 10\npatterns: [ {{ match: \"at %{{@timestamp:time {layout}}}|\" }} ]\n"), $"at {text}|");
        Assert.Equal(expected, Time(batch));
        Assert.Equal(EventFlags.AutoDetected, batch.Header(0).Flags & (EventFlags.AutoDetected | EventFlags.NoTime));
    }

    [Fact]
    public void A_record_is_set_parsed_further_looked_up_and_tested_in_this_order()
    {
        var batch = Read(Engine("""
            name: e
            detect: 10
            define: { head: '%{day} %{at} ' }
            patterns:
              - match: '%{&head}%{palisade.code:int} %{http.request.method:in GET|POST} %{message:rest}'
                set: { '@timestamp:time dd.MM.yyyy HH:mm': '%{day} %{at}', day: '', at: '', event.type: [a, b] }
            parse: [ { field: message, patterns: [ { match: 'user %{user.name} from %{source:endpoint}', set: { event.action: login } } ] } ]
            lookups: [ { field: palisade.code, to: event.outcome, values: { '0': success }, default: failure } ]
            when:
              - { field: event.outcome, eq: failure, set: { event.reason: 'code %{palisade.code} of %{user.name}', nothing: '%{not.there}' } }
              - { field: user.name, missing: true, set: { user.name: nobody } }
            """), "24.11.2026 10:15 7 get user li from 192.0.2.5");
        Assert.Equal("2026-11-24T10:15:00.000Z", Time(batch));
        Assert.Equal(("li", "192.0.2.5", "login", "failure", "code 7 of li"), (Text(batch, "user.name"), Text(batch, "source.ip"), Text(batch, "event.action"), Text(batch, "event.outcome"), Text(batch, "event.reason")));
        Assert.Equal(["a", "b"], Texts(batch, "event.type"));
        Assert.Equal((null, null), (Text(batch, "day"), Text(batch, "nothing")));
    }

    [Fact]
    public void A_message_of_an_unknown_program_goes_to_the_sources_for_any_program_and_loose_ones_stay_out()
    {
        var engine = Engine(Syslog, "name: strict\nprograms: ['*']\ndetect: 20\npatterns: [ { match: 'S %{a:ip}' } ]\n", "name: loose\ndetect: 200\npatterns: [ { match: '%{b} %{c:rest}' } ]\n");
        Read(engine, "<13>Nov 24 11:00:00 h app: S 192.0.2.1", "<13>Nov 24 11:00:00 h app: anything at all", "loose it is");
        Assert.Equal(["strict", "syslog", "loose"], Enumerable.Range(0, 3).Select(i => Source(engine, i)));
    }

    [Theory]
    [InlineData("10.5.102.222, 198.51.100.7, 203.0.113.1", "198.51.100.7")]
    [InlineData("\"10.1.1.1\"", "10.1.1.1")]
    [InlineData("172.20.0.1,2001:db8::7", "2001:db8::7")]
    [InlineData("-, 100.64.0.1", "100.64.0.1")]
    [InlineData("fd00::7, [fd00::1]:54321", "fd00::7")]
    [InlineData("10.0.0.1, [2001:db8::8]:443", "2001:db8::8")]
    [InlineData("203.0.113.9:51000, 10.0.0.1", "203.0.113.9")]
    public void The_client_of_a_forwarded_list_is_its_first_public_address(string list, string client) =>
        Assert.Equal(client, Text(Read(Engine("name: f\ndetect: 10\npatterns: [ { match: 'f %{source:forwarded} | end' } ]\n"), $"f {list} | end"), "source.ip"));

    [Theory]
    [InlineData("GET /a?x=<script>alert(\"t\")</script> HTTP/1.0", "GET", "/a?x=<script>alert(\"t\")</script>", "1.0")]
    [InlineData("GET /a\\\"b HTTP/1.1", "GET", "/a\\\"b", "1.1")]
    [InlineData("\\x16\\x03\\x01", null, "\\x16\\x03\\x01", null)]
    public void A_request_goes_to_the_quote_behind_which_the_line_goes_on(string request, string? method, string url, string? version)
    {
        var batch = Read(Engine("name: f\ndetect: 10\npatterns: [ { match: '\"%{-:request}\" %{http.response.status_code:int} %{http.response.body.bytes:int}[? \"%{user_agent.original:quoted}\"?]' } ]\n"), $"\"{request}\" 404 1164 \"x\"");
        Assert.Equal((method, url, version, "404", "x"), (Text(batch, "http.request.method"), Text(batch, "url.original"), Text(batch, "http.version"), Text(batch, "http.response.status_code"), Text(batch, "user_agent.original")));
    }

    [Fact]
    public void A_list_gives_one_value_a_part_and_plus_stands_for_a_blank()
    {
        var batch = Read(Engine("name: l\ndetect: 10\npatterns: [ { match: 'l %{related.ip:list}; %{user_agent.original:plus} %{q:string} end' } ]\n"), "l 192.0.2.1, 192.0.2.2,-; a+b \"c d\" end");
        Assert.Equal(["192.0.2.1", "192.0.2.2"], Texts(batch, "related.ip"));
        Assert.Equal(("a b", "c d"), (Text(batch, "user_agent.original"), Text(batch, "q")));
    }

    [Fact]
    public void A_record_inside_a_frame_does_not_swallow_what_follows()
    {
        const string source = "name: app\ndetect: 10\njoin: { start: '%{-:iso} ' }\npatterns: [ { match: '[?%{container.name:word} | ?]%{@timestamp:iso} %{log.level:in ERROR|INFO} %{message:rest}' } ]\n";
        Assert.Equal(["shop | 2026-11-24T10:00:00Z ERROR boom\n  at a.b", "shop | 2026-11-24T10:00:01Z INFO ok", "other"],
            Join(source, "shop | 2026-11-24T10:00:00Z ERROR boom", "  at a.b", "shop | 2026-11-24T10:00:01Z INFO ok", "other"));
    }

    private static string[] Join(string source, params string[] lines)
    {
        var set = Engine(source).Snapshot.Parsers;
        var joiner = new RecordJoiner(set, RecordInfo.AutoParser, Received);
        var records = new List<string>();
        foreach (var line in lines)
            if (joiner.TryAdd(Encoding.UTF8.GetBytes(line), out var record)) records.Add(Encoding.UTF8.GetString(record));
        if (joiner.TryEnd(out var last)) records.Add(Encoding.UTF8.GetString(last));
        return [.. records];
    }

    [Fact]
    public void Lines_are_joined_where_a_record_of_their_source_goes_on()
    {
        const string start = "name: app\ndetect: 10\njoin: { start: '%{-:iso} ' }\npatterns: [ { match: '%{@timestamp:iso} %{log.level:in ERROR|INFO} %{message:rest}' } ]\n";
        Assert.Equal(["2026-11-24T10:00:00Z ERROR boom\njava.lang.X: y\n\tat a.b(C.java:1)", "2026-11-24T10:00:01Z INFO ok"],
            Join(start, "2026-11-24T10:00:00Z ERROR boom", "java.lang.X: y", "\tat a.b(C.java:1)", "2026-11-24T10:00:01Z INFO ok"));
        const string key = "name: audit\nformat: kv\ndetect: 10\nhas: [msg]\njoin: { key: 'type=%{-} msg=audit(%{palisade.key}):' }\n";
        Assert.Equal(["type=A msg=audit(1.0:7): x=1\ntype=B msg=audit(1.0:7): y=2", "type=A msg=audit(1.0:8): x=1"],
            Join(key, "type=A msg=audit(1.0:7): x=1", "type=B msg=audit(1.0:7): y=2", "type=A msg=audit(1.0:8): x=1"));
        Assert.Equal(["one", "two\n  more", "three"], Join(Json, "one", "two", "  more", "three"));
        const string part = "name: cri\ndetect: 10\njoin: { part: '%{-:iso} %{-:in stdout|stderr} %{-:word} ', tag: P }\npatterns: [ { match: '%{@timestamp:iso} %{-:word} %{-:in F|P} %{message:rest}' } ]\n";
        Assert.Equal(["2026-11-24T10:00:00Z stdout P one, two, three", "2026-11-24T10:00:03Z stderr F four", "2026-11-24T10:00:04Z stdout P five"],
            Join(part, "2026-11-24T10:00:00Z stdout P one, ", "2026-11-24T10:00:01Z stdout P two, ", "2026-11-24T10:00:02Z stdout F three", "2026-11-24T10:00:03Z stderr F four", "2026-11-24T10:00:04Z stdout P five"));
    }

    [Fact]
    public void A_line_that_repeats_the_beginning_of_a_record_goes_on_where_the_record_says_that_more_comes()
    {
        const string more = "name: app\ndetect: 10\njoin: { start: '%{-:iso} <%{-:int}> ', more: ':' }\npatterns: [ { match: '%{@timestamp:iso} <%{process.pid:int}> %{message:rest}' } ]\n";
        Assert.Equal(["2026-11-24T10:00:00Z <7> failed:\nwrong password", "2026-11-24T10:00:00Z <7> closed", "2026-11-24T10:00:01Z <7> failed:", "2026-11-24T10:00:02Z <7> other", "2026-11-24T10:00:03Z <8> failed:\nno head\nmore", "2026-11-24T10:00:03Z <9> x"],
            Join(more, "2026-11-24T10:00:00Z <7> failed:", "2026-11-24T10:00:00Z <7> wrong password", "2026-11-24T10:00:00Z <7> closed", "2026-11-24T10:00:01Z <7> failed:", "2026-11-24T10:00:02Z <7> other",
                "2026-11-24T10:00:03Z <8> failed:", "no head", "more", "2026-11-24T10:00:03Z <9> x"));
    }

    [Fact]
    public void A_record_may_begin_in_several_ways()
    {
        const string either = "name: app\ndetect: 10\njoin: { start: ['%{-:iso} ', 'at %{-:int} '] }\npatterns: [ { match: '%{@timestamp:iso} %{message:rest}' }, { match: 'at %{@timestamp:epoch} %{message:rest}' } ]\n";
        Assert.Equal(["2026-11-24T10:00:00Z a\nb", "at 1795514400 c\nd", "at 1795514401 e", "2026-11-24T10:00:02Z f"],
            Join(either, "2026-11-24T10:00:00Z a", "b", "at 1795514400 c", "d", "at 1795514401 e", "2026-11-24T10:00:02Z f"));
        EngineContent.Load([("sources/x/source.yml", "name: x\njoin: { start: ['a ', '%{b:wrod} '] }\npatterns: [ { match: 'a %{b}' } ]\n"u8.ToArray())], out var problems);
        Assert.Equal("SRC013", Assert.Single(problems).Code);
    }

    [Theory]
    [InlineData("'%{a:in one|two[? three?]}'")]
    [InlineData("'%{a:in one|two?]}'")]
    [InlineData("'x %{a:in one|%{b:word}}'")]
    [InlineData("'%{a:time yyyy[?-MM?]} x'")]
    [InlineData("'%{-:kv [?type?]=}'")]
    public void What_has_a_meaning_in_patterns_is_refused_inside_the_kind_of_a_capture(string match)
    {
        EngineContent.Load([("sources/x/source.yml", Encoding.UTF8.GetBytes($"name: x\npatterns:\n  - {{ match: {match} }}\n"))], out var problems);
        Assert.True(Assert.Single(problems) is { Code: "SRC006", File: "sources/x/source.yml", Line: 3 } problem && problem.Message.Contains("stands in the kind", StringComparison.Ordinal));
    }

    [Fact]
    public void A_record_of_many_lines_is_cut_at_its_limit_and_nothing_is_lost()
    {
        var lines = Enumerable.Range(0, 1200).Select(i => i == 0 ? "first" : $" {i}").ToArray();
        var records = Join(Json, lines);
        Assert.Equal(3, records.Length);
        Assert.Equal(lines, records.SelectMany(r => r.Split('\n')));
    }

    [Fact]
    public void Mistakes_in_the_newer_keys_are_said()
    {
        EngineContent.Load([("sources/x/source.yml", "name: x\nparse: [ { field: a } ]\nlookups: [ { field: a } ]\nwhen: [ { field: a, eq: b, sett: 1 } ]\ndelimited: { separator: ab }\npatterns: [ { match: '%{&no}' }, { match: '%{a:time qq}' } ]\n"u8.ToArray())], out var problems);
        Assert.Equal(["SRC002", "SRC006", "SRC006", "SRC010", "SRC011", "SRC012"], problems.Select(p => p.Code).Order());
    }

    [Theory]
    [InlineData(Json, """{"took":12,"path":"/a","msg":"x","n":{"m":1}}""")]
    [InlineData(Csv, "2026-11-24,10:00:00.5,192.0.2.1,li")]
    [InlineData("name: p\nformat: kv\ndetect: 10\nhas: [acct]\nfields: { acct: user.name }\nset: { user.domain: '%{user.name}@x' }\n", "type=X acct=\"li wei\" n=5")]
    public void A_steady_stream_of_any_format_allocates_nothing(string source, string record)
    {
        var engine = Engine(source);
        var raw = Encoding.UTF8.GetBytes(record);
        void Round()
        {
            for (var n = 0; n < 2000; n++) engine.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), raw);
            engine.Clear();
        }
        Assert.Equal(ParseRefusal.None, Read(engine, record).Header(0).Refusal);
        engine.Clear();
        Round();
        Round();
        Assert.Equal(0, Allocated.Least(Round));
    }
}
