using System.Buffers;
using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class RelpFramerTests
{
    /// <summary>Frames of a stream that comes in pieces of a length, as "TXNR COMMAND data", "!" in front of one too long, then "BAD" or "MORE".</summary>
    private static List<string> Read(string stream, int piece = int.MaxValue, int max = 1000)
    {
        var bytes = Encoding.Latin1.GetBytes(stream);
        var framer = new RelpFramer(max);
        var result = new List<string>();
        var (start, end) = (0, 0);
        while (true)
        {
            end = (int)Math.Min(bytes.Length, end + (long)piece);
            var buffer = new ReadOnlySequence<byte>(bytes, start, end - start);
            RelpStatus status;
            while ((status = framer.TryRead(ref buffer, out var frame)) == RelpStatus.Frame)
                result.Add($"{(frame.Refusal == IngestRefusal.None ? "" : "!")}{frame.Transaction} {frame.Command} {Encoding.Latin1.GetString(frame.Data)}".TrimEnd(' '));
            start = end - (int)buffer.Length;
            if (status == RelpStatus.Bad) { result.Add("BAD"); return result; }
            if (end < bytes.Length) continue;
            if (buffer.Length > 0) result.Add("MORE");
            return result;
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(7), InlineData(int.MaxValue)]
    public void Frames_are_the_same_however_the_stream_is_cut(int piece)
    {
        const string Stream = "1 open 14 relp_version=0\n2 syslog 5 a\nb c\n999999999 syslog 0\n3 syslog 0 \n4 starttls 2 xy\n5 close 0\n";
        Assert.Equal(
            ["1 Open relp_version=0", "2 Syslog a\nb c", "999999999 Syslog", "3 Syslog", "4 Unknown xy", "5 Close"], Read(Stream, piece));
    }

    [Theory]
    [InlineData("x"), InlineData(" 1 syslog 1 a\n"), InlineData("1234567890 syslog 1 a\n"), InlineData("1  syslog 1 a\n"), InlineData("1 sys-log 1 a\n"), InlineData("1 syslog x a\n"),
        InlineData("1 syslog 1234567890 a\n"), InlineData("1 syslog -1 a\n"), InlineData("1 syslog 5\n"), InlineData("<13>Jan  1 00:00:00 h a: b\n"), InlineData("GET / HTTP/1.1\r\n"),
        InlineData("1 abcdefghijklmnopqrstuvwxyzabcdefg 1 a\n")]
    public void What_is_not_relp_is_bad(string stream)
    {
        Assert.Equal(["BAD"], Read(stream));
        Assert.Equal(["BAD"], Read(stream, 1));
    }

    [Fact]
    public void A_length_that_lies_is_found_out()
    {
        Assert.Equal(["BAD"], Read("1 syslog 2 abc\n"));
        Assert.Equal(["BAD"], Read("1 syslog 6 abc\n2 syslog 1 a\n"));
        Assert.Equal(["MORE"], Read("1 syslog 99 abc\n"));
    }

    [Theory]
    [InlineData(1), InlineData(64), InlineData(int.MaxValue)]
    public void Data_above_the_limit_are_skipped_and_the_next_frame_is_read(int piece)
    {
        Assert.Equal(["!1 Syslog", "2 Syslog ok"], Read($"1 syslog 1001 {new string('x', 1001)}\n2 syslog 2 ok\n", piece));
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_loop()
    {
        var random = new Random(5);
        for (var i = 0; i < 2000; i++)
        {
            var bytes = new byte[random.Next(200)];
            for (var k = 0; k < bytes.Length; k++) bytes[k] = (byte)"0123456789 sylogpenc\n\0\xff"[random.Next(23)];
            Read(Encoding.Latin1.GetString(bytes), random.Next(1, 20), 50);
        }
    }
}
