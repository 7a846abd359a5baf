using System.Text;
using Palisade.Engine.Parse.Records;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse.Records;

/// <summary>Lines, and the elements of JSON documents that hold many records.</summary>
[Collection(AloneCollection.Name)]
public sealed class RecordCutterTests
{
    /// <summary>Records of a text that comes in parts of some bytes; elements are marked with a star.</summary>
    private static List<string> Cut(string text, int part = int.MaxValue)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var found = new List<string>();
        var cutter = new RecordCutter();
        int from = 0, to = Math.Min(part, bytes.Length);
        while (true)
        {
            if (cutter.TryCut(bytes.AsSpan(from, to - from), to == bytes.Length, out var start, out var length, out var used))
                found.Add((cutter.WasElement ? "*" : "") + Encoding.UTF8.GetString(bytes, from + start, length));
            else if (to == bytes.Length) return found;
            else to = Math.Min(bytes.Length, to + part);
            from += used;
        }
    }

    public static TheoryData<string, string[]> Documents => new()
    {
        { "a\nb\r\n\nc", ["a", "b\r", "", "c"] },
        { "{\"a\":1}\n{\"b\":[{\"c\":2}]}\n", ["{\"a\":1}", "{\"b\":[{\"c\":2}]}"] },
        { "{\"Records\":[{\"a\":\"}]\\\"{\"},{\"b\":{\"c\":[1,{}]}}]}", ["*{\"a\":\"}]\\\"{\"}", "*{\"b\":{\"c\":[1,{}]}}"] },
        { "{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":1}]}{\"records\": [ {} ]}\nline", ["*{\"a\":1}", "*{\"b\":1}", "*{}", "line"] },
        { "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n", ["*{\n    \"a\": 1\n  }", "*{\n    \"b\": 2\n  }"] },
        { "\uFEFF[{\"a\":1} , {\"b\":2}]\r\nx", ["*{\"a\":1}", "*{\"b\":2}", "x"] },
        { "[{\"a\":1}, 5, \"x,]\", [7,8], null]", ["*{\"a\":1}", "*5", "*\"x,]\"", "*[7,8]", "*null"] },
        { "{\"Findings\":[{\"a\":1}],\"NextToken\":\"}]{\\\"\"}\n{\"x\":1}", ["*{\"a\":1}", "{\"x\":1}"] },
        { "{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\",\"subscriptionFilters\":[\"a,}\"],\"logEvents\":[{\"id\":\"1\"},{\"id\":\"2\"}]}", ["*{\"id\":\"1\"}", "*{\"id\":\"2\"}"] },
        { "{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"metadata\":{},\"items\":[{\"kind\":\"Event\"}]}", ["*{\"kind\":\"Event\"}"] },
        // what only looks so is a line
        { "{\"level\":\"info\",\"Records\":[{\"a\":1}]}\n", ["{\"level\":\"info\",\"Records\":[{\"a\":1}]}"] },
        { "{\"items\":[{\"a\":1}]}\n[{worker}] started\n[2026-11-24] x\n[1,2]\n{\"Records\":[]}\n[", ["{\"items\":[{\"a\":1}]}", "[{worker}] started", "[2026-11-24] x", "[1,2]", "{\"Records\":[]}", "["] },
        // what does not go on as an array is read as lines, and nothing is lost
        { "{\"Records\":[{\"a\":\"cut off\n{\"Records\":[{\"b\":1}]}\n", ["{\"a\":\"cut off", "*{\"b\":1}"] },
        { "[{\"a\":1},{\"b\":", ["*{\"a\":1}", "{\"b\":"] },
        { "[{\"a\":{\"b\":1}\n[{\"c\":1}]\n", ["{\"a\":{\"b\":1}", "*{\"c\":1}"] },
        { "[{\"a\":1} x\ny", ["*{\"a\":1}", "x", "y"] },
        { "[{\"a\":1}}]\ny", ["*{\"a\":1}", "}]", "y"] },
        { "[{\"a\":1}]]\ny", ["*{\"a\":1}", "]", "y"] },
    };

    [Theory, MemberData(nameof(Documents))]
    public void A_text_is_cut_into_its_records_however_it_comes(string text, string[] records)
    {
        Assert.Equal(records, Cut(text));
        foreach (var part in (int[])[1, 2, 3, 7]) Assert.Equal(records, Cut(text, part));
    }

    [Fact]
    public void Behind_each_record_its_last_byte_tells_how_to_go_on()
    {
        foreach (var (text, records) in Documents.Select(d => d.Data))
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var found = new List<string>();
            for (var at = 0; ;)
            {
                var cutter = at == 0 ? default : RecordCutter.Behind(bytes[at - 1]);
                if (!cutter.TryCut(bytes.AsSpan(at), true, out var start, out var length, out var used)) break;
                found.Add((cutter.WasElement ? "*" : "") + Encoding.UTF8.GetString(bytes, at + start, length));
                at += used;
            }
            Assert.Equal(records, found);
        }
    }

    [Fact]
    public void A_record_longer_than_may_be_is_dropped_piece_by_piece_and_the_next_one_is_whole()
    {
        var bytes = Encoding.UTF8.GetBytes("[{\"a\":\"" + new string('{', 5_000) + "\\\\\"},{\"b\":1}]\n" + new string('[', 3_000) + "\nend\n");
        var cutter = new RecordCutter();
        var found = new List<string>();
        var dropping = false;
        for (int from = 0, to = 0; ;)
        {
            if (cutter.TryCut(bytes.AsSpan(from, to - from), to == bytes.Length, out var start, out var length, out var used))
            {
                if (!dropping) found.Add(Encoding.UTF8.GetString(bytes, from + start, length));
                dropping = false;
                from += used;
                continue;
            }
            from += used;
            if (to == bytes.Length) break;
            if (to - from >= 1_000)
            {
                from = to;
                cutter.Drop();
                dropping = true;
            }
            to = Math.Min(bytes.Length, to + 500);
        }
        Assert.Equal(["{\"b\":1}", "end"], found);
    }

    [Fact]
    public void Cutting_allocates_nothing()
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"Records\":[{\"a\":1},{\"b\":[2]}]}\nplain line\n", 200)));
        var records = 0;
        void Once()
        {
            var cutter = new RecordCutter();
            for (var at = 0; cutter.TryCut(bytes.AsSpan(at), true, out _, out _, out var used); at += used) records++;
        }
        Once();
        Assert.Equal(0, Allocated.Once(Once));
        Assert.Equal(1_200, records);
    }
}
