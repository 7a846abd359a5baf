using System.Text;
using CsCheck;
using Palisade.Engine.Detect.Web;

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
    public void A_megabyte_of_anything_ends_soon(string target)
    {
        var started = TimeProvider.System.GetTimestamp();
        WebSamples.ClassOf(target);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 0, 20);
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
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 200; i++) Both();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Both()
        {
            WebSamples.Detector.Classify(new WebRequest { Target = target, UserAgent = "Mozilla/5.0"u8, Status = "200"u8 }, verdicts);
            WebSamples.Detector.Classify(new WebRequest { Target = attack, UserAgent = "Mozilla/5.0"u8, Status = "200"u8 }, verdicts);
        }
    }

    private static string Repeat(string piece, int length) => new StringBuilder(length).Insert(0, piece, length / piece.Length).ToString();
}
