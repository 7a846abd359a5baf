using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Palisade.Engine.Detect.Sigma.Match;
using Palisade.Engine.Detect.Sigma.Oracle;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma.Oracle;

/// <summary>Random rules over random events: engine and oracle must agree. PALISADE_SOAK=1 runs it for PALISADE_FUZZ_SECONDS from a new seed.</summary>
public sealed class OracleFuzzTests
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1";

    [Fact]
    public void Engine_and_oracle_agree_on_random_rules_and_events()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ_SEED"), out var given) ? given : Soak ? Environment.TickCount : 20261126;
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("PALISADE_FUZZ_SECONDS"), out var s) ? s : 60;
        var started = TimeProvider.System.GetTimestamp();
        var random = new RandomSigma(seed);
        long agreed = 0, hits = 0;
        for (var round = 0; Soak ? TimeProvider.System.GetElapsedTime(started).TotalSeconds < seconds : round < 60; round++)
        {
            var files = Enumerable.Range(0, 25).Select(i => ($"rules/{i}.yml", Encoding.UTF8.GetBytes(random.Rule(i)))).ToList();
            var options = new RuleLoadOptions { AnyLogSource = true, Placeholders = RandomSigma.Placeholders };
            var set = RuleSet.Load(files, options, out _);
            var comparison = new OracleComparison(set, SigmaOracle.Load(files, options));
            var batch = new EventBatch();
            for (var i = 0; i < 30; i++) SigmaWorld.Add(batch, (ulong)i, 0, random.Event());
            foreach (var difference in comparison.Compare(batch).Concat(AsJson(set, comparison, batch)))
            {
                var rule = files[int.Parse(difference.RuleId, CultureInfo.InvariantCulture)].Item2;
                Assert.Fail($"PALISADE_FUZZ_SEED={seed}, round {round}: the engine says {difference.Engine} of event {Show(batch, (int)difference.Sequence)} and rule\n{Encoding.UTF8.GetString(rule)}");
            }
            Assert.Empty(comparison.Unread);
            agreed += comparison.Agreed;
            hits += new Palisade.Engine.Detect.Sigma.SigmaDetector(set).Verdicts(batch).Sum(v => v.Count);
        }
        // agreement on rules that never match would prove little
        Assert.InRange(hits, agreed / 50, agreed - agreed / 50);
    }

    [Fact]
    public void An_expression_that_trying_everything_would_never_end_is_judged_all_the_same()
    {
        (string, byte[])[] files = [("rules/0.yml", Encoding.UTF8.GetBytes(SigmaWorld.Rule("0", "s: { CommandLine|re: '^(a|aa)+$' }\ncondition: s")))];
        var options = new RuleLoadOptions { AnyLogSource = true };
        var set = RuleSet.Load(files, options, out _);
        var comparison = new OracleComparison(set, SigmaOracle.Load(files, options));
        var batch = new EventBatch();
        SigmaWorld.Add(batch, 0, 0, [("CommandLine", new string('a', 200) + "b")]);
        SigmaWorld.Add(batch, 1, 0, [("CommandLine", new string('a', 200))]);
        Assert.Empty(comparison.Compare(batch));
        Assert.Equal(2, comparison.Agreed);
    }

    /// <summary>The same events as JSON, judged while they are read; twice, for what is remembered from the first time.</summary>
    private static IEnumerable<OracleDifference> AsJson(RuleSet set, OracleComparison comparison, EventBatch batch)
    {
        var reader = new JsonEventReader(set);
        var one = new EventBatch();
        for (var i = 0; i < batch.Count * 2; i++)
        {
            var line = Json(batch, i % batch.Count);
            one.Clear();
            Assert.Equal(Palisade.Engine.ParseRefusal.None, reader.Add(one, line, (ulong)(i % batch.Count)));
            foreach (var difference in comparison.Compare(one, line)) yield return difference;
        }
    }

    private static byte[] Json(EventBatch batch, int index)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            var ids = batch.FieldIds(index);
            for (var slot = 0; slot < ids.Length; slot++)
            {
                writer.WritePropertyName(FieldNames.Name(ids[slot]));
                if (batch.IsNull(index, slot)) writer.WriteNullValue();
                else writer.WriteStringValue(batch.ValueAt(index, slot));
            }
            writer.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static string Show(EventBatch batch, int index)
    {
        var text = new StringBuilder();
        var ids = batch.FieldIds(index);
        for (var slot = 0; slot < ids.Length; slot++)
            text.Append(FieldNames.Name(ids[slot])).Append('=').Append(batch.IsNull(index, slot) ? "(null)" : '"' + Encoding.UTF8.GetString(batch.ValueAt(index, slot)) + '"').Append(' ');
        return text.ToString();
    }
}

/// <summary>Rules and events out of a small alphabet, so that they meet often.</summary>
internal sealed class RandomSigma(int seed)
{
    public static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> Placeholders =
        new Dictionary<string, IReadOnlyList<string>> { ["p"] = ["a", "B*"], ["q"] = ["x?", "-n", "é"] };

    private static readonly string[] Fields = ["f", "g", "h", "Image"];
    private static readonly string[] Pieces =
    [
        "a", "b", "A", "B", "ab", "abc", "needle", "-n", "/n", "–n", "é", "É", "σ", "ς", "K", "ａ", "𝒳", " ", ".", "x", "C:\\", "\\", "1", "7", "10", "cmd.exe", "%", "ß", "\u0000",
    ];
    private static readonly string[] Numbers = ["0", "1", "7", "10", "-3", "1.5", "1e3", "0x10", "0o17", "010", "1_000", "1000", "16", "+5", "5", "1.50"];
    private static readonly string[] Words = ["yes", "no", "on", "true", "True", "false", "null", "~", "2026-11-24", "12:30"];
    private static readonly string[] Addresses = ["10.0.0.1", "10.0.0.200", "192.168.1.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.9", "2001:db8::5", "10.0.0.1:80", "[::1]:80", "10.1", "300.1.1.1", "010.0.0.1"];
    private static readonly string[] Networks = ["10.0.0.0/8", "10.0.0.0/25", "10.0.0.7/24", "::/0", "::1", "2001:db8::/32", "0.0.0.0/0", "::ffff:10.0.0.0/104", "192.168.1.1"];
    private static readonly string[] Times = ["2026-11-24T03:59:00+08:00", "2026-01-01T00:00:00Z", "1795000000", "1795000000000", "2026-11-24 03:59:00", "no time"];
    private static readonly string[] Expressions =
        ["a+b", "^a", "b$", "[ab]{2,3}", "a.c", "(?i)ABC", "[[:digit:]]+", "[^[:alpha:]]", @"\d+", @"\bneedle\b", "^$", "x|y", "(ab)*c", "n.*e", @"C:\\", "a|^b", @"\w\s\w", "é"];

    private readonly Random random = new(seed);
    private string[] lines = [];

    private T Any<T>(params IReadOnlyList<T> of) => of[random.Next(of.Count)];
    private bool Chance(int percent) => random.Next(100) < percent;

    private string Text(int most) => string.Concat(Enumerable.Range(0, random.Next(most + 1)).Select(_ => Any(Pieces)));

    public (string, string?)[] Event()
    {
        if (lines.Length == 0) lines = [.. Enumerable.Range(0, 12).Select(_ => Text(6))];
        var fields = new List<(string, string?)>();
        foreach (var field in Fields.Append("process.executable"))
        {
            for (var n = Any(0, 1, 1, 1, 2); n > 0; n--) fields.Add((field, Value()));
        }
        return [.. fields];
    }

    private string? Value() => random.Next(12) switch
    {
        0 => null,
        1 => "",
        2 => Any(Numbers),
        3 => Any(Addresses),
        4 => Any(Times),
        5 => Any(Words),
        6 => Convert.ToBase64String(Encoding.UTF8.GetBytes(Text(3))),
        7 => Convert.ToBase64String(Encoding.Unicode.GetBytes(Text(3))),
        // of lines that come again in other values
        8 when Chance(30) => string.Join('\n', Enumerable.Range(0, Any(3, 80, 400)).Select(_ => Any(lines))),
        _ => Text(5),
    };

    public string Rule(int number)
    {
        var names = Any<string[]>(["sel"], ["sel", "_hidden"], ["sel_a", "sel_b"], ["sel_a", "sel-b", "other"], ["notepad", "and_x", "them1"]);
        var text = new StringBuilder($"title: t\nid: '{number}'\nlogsource: {{ product: test }}\ndetection:\n");
        foreach (var name in names)
        {
            text.Append("  ").Append(name).Append(":\n");
            switch (random.Next(8))
            {
                case 0:
                    foreach (var _ in Enumerable.Range(0, random.Next(1, 4))) text.Append("    - ").Append(Quote(Keyword())).Append('\n');
                    break;
                case 1:
                    foreach (var _ in Enumerable.Range(0, random.Next(1, 3))) text.Append("    - ").Append(Field()).Append('\n');
                    break;
                default:
                    // a key may stand only once in a map
                    var keys = Enumerable.Range(0, random.Next(1, 3)).Select(_ => Field()).DistinctBy(f => f[..f.IndexOf(':', StringComparison.Ordinal)]).ToList();
                    foreach (var field in keys) text.Append("    ").Append(field).Append('\n');
                    break;
            }
        }
        return text.Append("  condition: ").Append(Condition(names, 0)).Append('\n').ToString();
    }

    private string Keyword() => Text(2) is { Length: > 0 } text ? text : "k";

    private string Condition(string[] names, int depth) => (depth > 3 ? 0 : random.Next(7)) switch
    {
        1 => $"not {Condition(names, depth + 1)}",
        2 => $"({Condition(names, depth + 1)} and {Condition(names, depth + 1)})",
        3 => $"{Condition(names, depth + 1)} or {Condition(names, depth + 1)}",
        4 => $"{Any("1", "all", "any")} of them",
        5 => $"{Any("1", "all")} of {names[0][..2]}*",
        6 => $"{Condition(names, depth + 1)} and not {Condition(names, depth + 1)}",
        _ => Any(names),
    };

    private string Field()
    {
        var field = Any(Fields);
        var neq = Chance(10) ? "|neq" : "";
        switch (random.Next(16))
        {
            case 0: return $"{field}|exists{neq}: {Any("true", "false")}";
            case 1: return $"{field}|{Any("lt", "lte", "gt", "gte")}{neq}: {Any("0", "1", "5", "10", "0x10", "1.5", "-4", "1e3")}";
            case 2: return $"{field}|{Any("minute", "hour", "day", "week", "month", "year")}{Any("", "|gt", "|lte")}{neq}: {Any("0", "1", "3", "11", "24", "48", "59", "2026")}";
            case 3: return $"{field}|cidr{neq}: {List(() => Quote(Any(Networks)))}";
            case 4 or 5: return $"{field}|re{Any("", "|i", "|m", "|s", "|i|s", "|startswith", "|endswith", "|contains")}{neq}: {List(() => Quote(Any(Expressions)))}";
            case 6: return $"{field}|fieldref{Any("", "|contains", "|startswith", "|endswith", "|cased")}{neq}: {Any(Fields)}";
            case 7: return $"{field}: {List(() => Any([.. Numbers, .. Words]))}";
            case 8: return $"{field}|{Any("expand", "expand|contains", "re|expand")}{neq}: {Quote(Any("%p%", "a%p%b", "%p%%q%", @"\%p%q%", "%q%"))}";
            case 9: return $"{field}|{Any("base64", "base64offset", "base64offset|contains", "wide|base64", "wide|base64offset|contains", "utf16be|base64offset|contains", "utf16|base64", "wide|contains")}: {Quote(Plain())}";
            case 10: return $"{field}{Any("|cased", "|cased|contains", "|endswith|cased", "|cased|windash")}{neq}: {List(() => Quote(Wild()))}";
            case 11: return $"{field}{Any("|windash", "|windash|contains", "|contains|windash", "|windash|contains|all", "|endswith|windash")}{neq}: {List(() => Quote(Wild()))}";
            case 12: return $"{field}|contains|all{neq}: [{Quote(Wild())}, {Quote(Wild())}]";
            default: return $"{field}{Any("", "", "|contains", "|startswith", "|endswith", "|startswith|endswith")}{neq}: {List(() => Quote(Wild()))}";
        }
    }

    private string List(Func<string> one) => Chance(60) ? one() : $"[{string.Join(", ", Enumerable.Range(0, random.Next(1, 4)).Select(_ => one()))}]";

    private string Plain() => Text(3).Replace("\\", "", StringComparison.Ordinal);

    private string Wild() => string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(6) switch { 0 => "*", 1 => "?", 2 => Any("\\*", "\\?", "\\\\", "\\\\*", "\\"), _ => Any(Pieces) }));

    private static string Quote(string text) => '"' + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\u0000", "\\0", StringComparison.Ordinal) + '"';
}
