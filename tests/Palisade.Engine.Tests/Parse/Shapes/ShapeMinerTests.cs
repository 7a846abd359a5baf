using System.Text;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Own;
using Palisade.Engine.Parse.Shapes;

namespace Palisade.Engine.Tests.Parse.Shapes;

public sealed class ShapeMinerTests
{
    private const string Pay1 = "2026/11/24 10:00:00 pay[gw-1] DENY order=A1009 user=\"li \\\"x\\\" wei\" from=203.0.113.9:51514 code=403 took=0.032";
    private const string Pay2 = "2026/11/24 10:00:01 pay[gw-2] OK order=A1010 user=\"wang\" from=198.51.100.7:40022 code=200 took=1.5";
    private static readonly ParserSet Empty = ParserSet.Load([], out _);

    private static ShapeMiner Mine(params string[] lines)
    {
        var miner = new ShapeMiner(100);
        foreach (var line in lines) miner.Add(1, Encoding.UTF8.GetBytes(line));
        return miner;
    }

    /// <summary>The suggestion, saved as a source, reads every line; the fields it gives.</summary>
    private static List<Dictionary<string, string>> Fields(string pattern, params string[] lines)
    {
        var source = OwnSource.Compile(OwnSource.Write("mine", pattern), out var problems);
        Assert.Empty(problems);
        var tried = ParserTrial.Run(Empty, source!, lines, 1_795_536_000_000);
        Assert.All(tried, t => Assert.True(t.IsRead, $"{pattern} stops at {t.Reached}, wants {t.Expected}"));
        return [.. tried.Select(t => t.Fields.GroupBy(f => f.Name).ToDictionary(g => g.Key, g => g.First().Value))];
    }

    [Fact]
    public void Lines_of_one_shape_are_one_group_and_the_suggestion_names_their_fields()
    {
        var group = Assert.Single(Mine(Pay1, Pay2).Groups);
        Assert.Equal(2, group.Count);
        Assert.Equal("<time> pay[<word>] <word> order=<word> user=\"<text>\" from=<address> code=<number> took=<number>", group.Template);
        Assert.Equal(
            "%{@timestamp:slashes} pay[%{labels.pay:word}] %{labels.word:word} order=%{labels.order:word} user=\"%{user.name:quoted}\" from=%{source:endpoint_port} code=%{http.response.status_code:int} took=%{event.duration:seconds}",
            group.Pattern);
        var read = Fields(group.Pattern, Pay1, Pay2);
        Assert.Equal(("203.0.113.9", "51514", "403", "32000000", "A1009"), (read[0]["source.ip"], read[0]["source.port"], read[0]["http.response.status_code"], read[0]["event.duration"], read[0]["labels.order"]));
        Assert.Equal("wang", read[1]["user.name"]);
    }

    public static TheoryData<string, string[]> Kinds => new()
    {
        { "iso", ["2026-11-24T10:00:00.123+08:00 WARN worker 7: disk /var/lib/x at 91% full", "2026-11-24T10:00:01.5Z ERROR worker 12: disk /srv at 3% full"] },
        { "clf", ["[25/Oct/2016:14:49:33 +0200] 192.0.2.1 \"GET /a HTTP/1.1\" - 12ms", "[25/Oct/2016:14:49:34 +0200] 192.0.2.2 \"POST /b?c=1 HTTP/2.0\" - 7ms"] },
        { "day and month told by the lines", ["03/04/2026 10:00:00|login|u=a", "25/04/2026 10:00:01|login|u=b"] },
        { "month and day told by the lines", ["03/04/2026 10:00:00|login|u=a", "03/25/2026 10:00:01|login|u=b"] },
        { "dotted", ["24.11.2026 10:00:00,123 [main-1] Starting job nightly", "25.11.2026 10:00:00,123 [main-2] Starting job weekly"] },
        { "compact", ["20261124T100000 j=12 n='x y' end", "20261125T100000 j=13 n='' end"] },
        { "epoch", ["1795536000.123 conn=7 state=OPEN", "1795536001.500 conn=8 state=CLOSED"] },
        { "nothing for a number", ["svc: a=12 b=1.5 ip=192.0.2.1 z", "svc: a=- b=2 ip=- z"] },
        { "IPv6", ["drop 2001:db8::1 -> 2001:db8::2 len 60", "drop fe80::1 -> ::1 len 1500"] },
        { "capture marks in the text", ["tpl %{x} [?y?] a=1", "tpl %{x} [?y?] a=2"] },
        { "quotes and apostrophes", ["it's 'fine here' said \"O\\\"Neil\" id=5", "it's 'bad' said \"\" id=6"] },
        { "lines of several lines", ["job 1 failed\n  at step=build code=3", "job 2 failed\n  at step=test code=4"] },
        { "sentence ends", ["user root logged in from 192.0.2.1.", "user li logged in from 192.0.2.77."] },
        { "Chinese", ["支付网关 订单=A1 金额=12.50 用户=李伟 结果：成功", "支付网关 订单=A2 金额=3 用户=王芳 结果：失败"] },
        { "two addresses and no keys", ["fw1 192.0.2.1 10.0.0.1 443 deny", "fw2 192.0.2.9 10.0.0.2 22 deny"] },
        { "a path behind an address", ["scan 10.0.0.0/8 done 12", "scan 192.168.0.0/16 done 3"] },
        { "the same key twice", ["mv id=1 id=2 ip=192.0.2.1 ip=192.0.2.2", "mv id=3 id=4 ip=192.0.2.3 ip=192.0.2.4"] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_suggestion_fits_every_line_of_its_group(string what, string[] lines)
    {
        var miner = Mine(lines);
        Assert.NotEmpty(what);
        foreach (var group in miner.Groups)
        {
            Assert.NotEqual("", group.Pattern);
            Fields(group.Pattern, [.. group.Samples.Select(Encoding.UTF8.GetString)]);
        }
        Assert.Equal(lines.Length, miner.Groups.Sum(g => g.Count));
        if (what is not ("sentence ends" or "Chinese" or "a path behind an address")) Assert.Single(miner.Groups);
    }

    [Fact]
    public void What_the_lines_have_tells_day_and_month_apart()
    {
        var european = Mine("03/04/2026 10:00:00|login|u=a", "25/04/2026 10:00:01|login|u=b").Groups[0];
        var american = Mine("03/04/2026 10:00:00|login|u=a", "03/25/2026 10:00:01|login|u=b").Groups[0];
        Assert.StartsWith("%{@timestamp:time dd/MM/yyyy HH:mm:ssf}", european.Pattern);
        Assert.StartsWith("%{@timestamp:time MM/dd/yyyy HH:mm:ssf}", american.Pattern);
    }

    [Fact]
    public void A_line_that_does_not_fit_makes_the_suggestion_wider()
    {
        var miner = Mine("job 17 took 5 on web", "job 18 took 6 on web");
        Assert.Equal("job %{labels.job:int} took %{labels.took:int} on web", miner.Groups[0].Pattern);
        miner.Add(1, "job x19 took 0.5 on db"u8);
        var group = Assert.Single(miner.Groups);
        Assert.Equal(3, group.Count);
        Fields(group.Pattern, "job 17 took 5 on web", "job x19 took 0.5 on db");
    }

    [Fact]
    public void Lines_that_tell_of_different_things_are_different_groups_and_scopes_do_not_mix()
    {
        Assert.Equal(2, Mine("cache miss for key 17", "disk full on volume 3").Groups.Count);
        var miner = new ShapeMiner(10);
        miner.Add(1, "cache miss 1"u8);
        miner.Add(2, "cache miss 1"u8);
        Assert.Equal([1u, 2u], miner.Groups.Select(g => g.Scope));
    }

    [Fact]
    public void Words_alone_give_no_pattern_that_would_read_anything()
    {
        var miner = Mine("a1 b2", "c3 d4");
        Assert.Equal("", Assert.Single(miner.Groups).Pattern);
    }

    [Fact]
    public void Groups_lines_and_samples_are_bounded()
    {
        var miner = new ShapeMiner(3);
        foreach (var word in new[] { "alpha:", "beta:-", "gamma=", "delta;;", "eps,," }) miner.Add(1, Encoding.UTF8.GetBytes($"{word} zzz"));
        Assert.Equal((3, 2L), (miner.Groups.Count, miner.TurnedAway));
        var wide = new ShapeMiner(3);
        for (var i = 0; i < 50; i++) wide.Add(1, Encoding.UTF8.GetBytes($"job=x{i} " + string.Concat(Enumerable.Repeat($"k{i}, ", 3000))));
        var group = Assert.Single(wide.Groups);
        Assert.Equal((50L, ShapeGroup.MaxSamples), (group.Count, group.Samples.Count));
        Assert.All(group.Samples, s => Assert.InRange(s.Length, 1, 4100));
        Assert.EndsWith(":rest}", group.Pattern);
    }

    [Fact]
    public void A_group_taken_up_by_its_samples_is_the_same_group()
    {
        var group = Mine(Pay1, Pay2).Groups[0];
        var miner = new ShapeMiner(10);
        var again = miner.Restore(1, group.Samples)!;
        Assert.Equal((group.Template, group.Pattern), (again.Template, again.Pattern));
        Assert.Same(again, miner.Add(1, "2026/11/24 11:11:11 pay[gw-9] DENY order=B1 user=\"z\" from=192.0.2.1:1 code=500 took=3.1"u8));
        miner.Remove(again);
        Assert.Empty(miner.Groups);
        Assert.NotSame(again, miner.Add(1, Encoding.UTF8.GetBytes(Pay1)));
    }

    [Fact]
    public void Bytes_of_any_kind_are_taken_without_a_crash_and_in_the_same_way_twice()
    {
        string Run()
        {
            var (miner, state, text) = (new ShapeMiner(50), 12345u, new StringBuilder());
            var alphabet = "ab1290 .:/\\\"'=%{}[]?<>|,;-_\t\n\u00e9\u4e2d\0(#@+T"u8.ToArray();
            for (var n = 0; n < 4000; n++)
            {
                var line = new byte[n % 90];
                for (var i = 0; i < line.Length; i++)
                {
                    state = state * 1664525 + 1013904223;
                    line[i] = alphabet[(state >> 16) % alphabet.Length];
                }
                miner.Add(1, line);
            }
            foreach (var group in miner.Groups) text.AppendLine($"{group.Count} {group.Template} {group.Pattern}");
            return text.ToString();
        }
        Assert.Equal(Run(), Run());
    }
}
