using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The reader of JSON events, against the run-time's own reader.</summary>
public sealed class JsonEventReaderTests
{
    // a keyword rule, so that every field is kept
    private static readonly RuleSet Rules = SigmaWorld.Load(SigmaWorld.Rule("case", "s: [zzz]\ncondition: s"));
    private static readonly JsonEventReader All = new(Rules);
    // one that remembers what stood in the events before
    private static readonly EventState Known = new(Rules);
    private static readonly JsonEventReader Watched = new(Rules, Known);

    [Theory]
    [InlineData("""{}""", "")]
    [InlineData("""{"a":"x","b":1,"c":true,"d":null,"e":false}""", "a=x;b=1;c=true;d=null;e=false")]
    [InlineData("""{"a":{"b":{"c":"x"},"d":-1.5e+3},"e":[1,[2,{"f":"y"}],"z"]}""", "a.b.c=x;a.d=-1.5e+3;e=1;e=2;e.f=y;e=z")]
    [InlineData("""{"a":"x","a":"y"}""", "a=x;a=y")]
    [InlineData("""{"p":"C:\\Windows\\a \"b\"\n\u00e9\ud83d\ude00\/"}""", "p=C:\\Windows\\a \"b\"\né😀/")]
    [InlineData("""{"\u0061\"":"v"}""", "a\"=v")]
    [InlineData("""{"a":"\ud83d","b":"\ude00x"}""", "a=\uFFFD;b=\uFFFDx")]
    public void Values_come_out_as_they_were_meant(string json, string expected) => Assert.Equal(expected, Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_long_string_is_read_whole_wherever_its_escapes_lie()
    {
        for (var length = 0; length < 200; length++)
        {
            var value = new string('x', length) + "\\" + new string('y', 200 - length) + "\"" + new string('z', length % 70);
            Assert.Equal("a=" + value, Read(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["a"] = value })));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"a\":1}x")]
    [InlineData("{\"a\":01}")]
    [InlineData("{\"a\":1.}")]
    [InlineData("{\"a\":\"\\x\"}")]
    [InlineData("{\"a\":\"\\u12g4\"}")]
    [InlineData("{\"a\":\"b\tc\"}")]
    [InlineData("{\"a\":\"b")]
    [InlineData("{\"a\":tru}")]
    [InlineData("{\"a\":1,}")]
    [InlineData("{a:1}")]
    public void What_is_no_JSON_object_is_refused_and_leaves_nothing(string json)
    {
        var batch = new EventBatch();
        Assert.Equal(ParseRefusal.Malformed, All.Add(batch, Encoding.UTF8.GetBytes(json), 1));
        Assert.Equal(0, batch.Count);
        Assert.Equal(0, batch.ArenaUsed);
    }

    [Fact]
    public void Bytes_that_are_no_text_stay()
    {
        var batch = new EventBatch();
        Assert.Equal(ParseRefusal.None, All.Add(batch, [.. "{\"a\":\""u8, 0xFF, 0xC3, .. "\"}"u8], 1));
        Assert.Equal([0xFF, 0xC3], batch.ValueAt(0, 0).ToArray());
    }

    [Fact]
    public void A_keyword_is_found_in_a_field_that_there_is_no_name_for()
    {
        var rules = SigmaWorld.Load(SigmaWorld.Rule("case", "s: [needle]\ncondition: s"));
        var detector = new JsonDetector(rules);
        foreach (var name in new[] { new string('n', FieldNames.MaxLength + 1), new string('n', 5_000), "" })
        {
            Assert.Single(detector.Verdict(new EventBatch(), Encoding.UTF8.GetBytes($$"""{"{{name}}": "a needle in it"}""")));
            Assert.Empty(detector.Verdict(new EventBatch(), Encoding.UTF8.GetBytes($$"""{"{{name}}": "nothing in it"}""")));
        }
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        var batch = new EventBatch();
        var deep = "{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}";
        Assert.Equal(ParseRefusal.TooDeep, All.Add(batch, Encoding.UTF8.GetBytes(deep), 1));
        Assert.Equal("", Read(Encoding.UTF8.GetBytes("{\"a\":" + new string('[', 63) + new string(']', 63) + "}")));
    }

    [Fact]
    public void Mutated_events_are_taken_and_read_as_the_run_time_does()
    {
        string[] seeds =
        [
            """{"EventID": 4688, "CommandLine": "\"C:\\Windows\\System32\\cmd.exe\" /c \"echo \u0041\ud83d\ude00\"", "n": {"x": [1, 2.5e-3, null, {"y": true}]}}""",
            """{"EventID":4688,"Image":"C:\\Windows\\System32\\cmd.exe","ProcessId":"0x7b0","CallTrace":"C:\\Windows\\SYSTEM32\\ntdll.dll+9fc24|C:\\Windows\\System32\\KERNELBASE.dll+212ee","User":"u","Level":0,"Task":12, "n": true}""",
            """{"ProcessId": "0x7b0", "Image": "C:\\Windows\\System32\\cmd.exe", "User": "a user whose name is just about forty-five bytes", "Level": 10, "EventID": 4688, "Task": "12"}""",
            """{"a":"plain value that is rather longer than sixty-four bytes, so that it spans chunks","b":"C:\\Program Files\\A\\B\\C\\D\\E\\F\\G\\H\\I\\J\\K\\L.exe","c":[[],{}],"d":-0}""",
        ];
        // A generator of our own: the same mutations on every run.
        var state = 88172645463325252UL;
        ReadOnlySpan<byte> signs = "\"\\{}[]:,u0d8 \t\n\x1f\0eE+-.9tfn/"u8;
        var taken = 0;
        for (var round = 0; round < 8_000; round++)
        {
            var text = Encoding.UTF8.GetBytes(seeds[round % seeds.Length]).ToList();
            for (var n = (int)(Next(ref state) % 4); n > 0; n--)
            {
                var at = (int)(Next(ref state) % (ulong)text.Count);
                var sign = signs[(int)(Next(ref state) % (ulong)signs.Length)];
                switch (Next(ref state) % 3)
                {
                    case 0: text[at] = sign; break;
                    case 1: text.Insert(at, sign); break;
                    default: text.RemoveAt(at); break;
                }
            }
            var json = text.ToArray();
            var expected = Reference(json);
            Assert.True(expected == Read(json), Encoding.UTF8.GetString(json));
            Assert.True(expected == Read(json, Watched), "read with what was before: " + Encoding.UTF8.GetString(json));
            if (expected is not null) taken++;
        }
        Assert.InRange(taken, 2_000, 7_000);
    }

    private static ulong Next(ref ulong state)
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state >> 11;
    }

    private static string? Read(byte[] json, JsonEventReader? by = null)
    {
        var batch = new EventBatch();
        if ((by ?? All).Add(batch, json, 1) != ParseRefusal.None) return null;
        if (by == Watched) Known.Open();
        var fields = new List<string>();
        var ids = batch.FieldIds(0);
        for (var slot = 0; slot < ids.Length; slot++)
            fields.Add(FieldNames.Name(ids[slot]) + "=" + (batch.IsNull(0, slot) ? "null" : Encoding.UTF8.GetString(batch.ValueAt(0, slot))));
        return string.Join(';', fields);
    }

    /// <summary>The same by the run-time's reader; null where it refuses.</summary>
    private static string? Reference(byte[] json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonEventReader.MaxDepth });
        var fields = new List<string>();
        var path = new Stack<string>();
        var name = "";
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        var key = Text(ref reader);
                        name = path.Count > 0 && path.Peek().Length > 0 ? path.Peek() + "." + key : key;
                        break;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray: path.Push(name); break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray: if (path.Count > 0) name = path.Pop(); break;
                    default:
                        // names that the engine has no id for (none, too long) are one
                        var id = FieldNames.GetOrAdd(Encoding.UTF8.GetBytes(name)) is var own and not 0 ? own : FieldNames.GetOrAdd("palisade.unnamed");
                        fields.Add(FieldNames.Name(id) + "=" + (reader.TokenType switch
                            {
                                JsonTokenType.String => Text(ref reader),
                                JsonTokenType.Null => "null",
                                JsonTokenType.True => "true",
                                JsonTokenType.False => "false",
                                _ => Encoding.UTF8.GetString(reader.ValueSpan),
                            }));
                        break;
                }
            }
        }
        catch (JsonException)
        {
            return null;
        }
        return string.Join(';', fields);
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return Encoding.UTF8.GetString(reader.ValueSpan);
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: the run-time gives nothing back, so it is unescaped by hand.
            return Unescape(Encoding.UTF8.GetString(reader.ValueSpan));
        }
    }

    private static string Unescape(string text)
    {
        var to = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\') { to.Append(text[i]); continue; }
            var c = text[++i];
            if (c == 'u') { to.Append((char)Convert.ToInt32(text.Substring(i + 1, 4), 16)); i += 4; }
            else to.Append(c switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', _ => c });
        }
        // halves of pairs become the sign of replacement on the way through UTF-8
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(to.ToString()));
    }
}
