using System.Text;
using CsCheck;
using Palisade.Engine.Detect.Web;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class HostileRequestTests
{
    public static TheoryData<string> Floods => new()
    {
        "/?q=" + new string('\'', 1 << 20),
        "/?q=" + new string('%', 1 << 20),
        "/?q=" + Repeat("%25", 1 << 20),
        "/?q=" + Repeat("<a on", 1 << 20),
        "/?q=" + Repeat("or 1=1 ", 1 << 20),
        "/?q=" + Repeat("../", 1 << 20),
        "/?" + Repeat("a=b&", 1 << 20),
        "/?q=" + Repeat("\0\u00ff", 1 << 20),
        "/?q=" + Repeat("((((", 1 << 20),
        "/?q=" + Repeat("etc/passwd", 1 << 20),
        "/" + new string('/', 1 << 20),
    };

    [Theory]
    [MemberData(nameof(Floods))]
    public void The_time_of_a_megabyte_of_anything_grows_with_its_length_only(string target)
    {
        // Four times the bytes take four times as long, sixteen times if a reader went back and forth. What else the machine does can only
        // make a round look worse than it is, so one quiet round of five tells. The first round brings in the automata, as a flood would.
        var told = "";
        for (var round = 0; round < 5; round++)
        {
            Quietest(target);
            var quarter = Quietest(target[..(target.Length / 4)]);
            var whole = Quietest(target);
            if (whole < TimeSpan.FromMilliseconds(100) || whole / quarter < 11) return;
            told += $"{quarter.TotalMilliseconds} ms, then {whole.TotalMilliseconds} ms; ";
        }
        Assert.Fail(told);
    }

    private static TimeSpan Quietest(string target)
    {
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < 3; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            WebSamples.ClassOf(target);
            var took = TimeProvider.System.GetElapsedTime(started);
            if (took < best) best = took;
        }
        return best;
    }

    [Fact]
    public void Arbitrary_bytes_never_throw() => Check.Sample(Gen.Byte.Array[0, 400], bytes =>
    {
        var verdicts = new WebVerdict[4];
        var request = new WebRequest { Target = bytes, UserAgent = bytes, Referrer = bytes, Status = "200"u8 };
        var n = WebSamples.Detector.Classify(request, verdicts);
        for (var i = 0; i < n; i++) Assert.InRange(verdicts[i].Offset + verdicts[i].Length, 0, bytes.Length);
    }, iter: 2000);

    [Fact]
    public void Judging_allocates_nothing_once_warm()
    {
        var target = Encoding.UTF8.GetBytes("/api/orders?id=12&q=men%27s%20watch&next=https%3A%2F%2Fwww.example.com%2F");
        var attack = Encoding.UTF8.GetBytes("/item?id=7%27%20union%20select%201,2--%20");
        var verdicts = new WebVerdict[4];
        for (var i = 0; i < 50; i++) Both();
        // an automaton may still come in where the machine was slow
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var i = 0; i < 200; i++) Both();
        }));

        void Both()
        {
            WebSamples.Detector.Classify(new WebRequest { Target = target, UserAgent = "Mozilla/5.0"u8, Status = "200"u8 }, verdicts);
            WebSamples.Detector.Classify(new WebRequest { Target = attack, UserAgent = "Mozilla/5.0"u8, Status = "200"u8 }, verdicts);
        }
    }

    private static string Repeat(string piece, int length) => new StringBuilder(length).Insert(0, piece, length / piece.Length).ToString();
}
