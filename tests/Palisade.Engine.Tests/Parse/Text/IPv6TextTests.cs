using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Parse.Text;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse.Text;

public sealed partial class IPv6TextTests
{
    [GeneratedRegex(@"\.0+\d", RegexOptions.None, 1000)] private static partial Regex Padded();

    private static UInt128? Read(string text) => IPv6Text.TryRead(Encoding.UTF8.GetBytes(text), out var value) ? value : null;

    // what the run-time reads of the same text; it also takes zones, brackets and ports
    private static UInt128? Known(string text)
    {
        if (text.AsSpan().ContainsAny("[]%/") || !IPAddress.TryParse(text, out var ip) || ip.AddressFamily != AddressFamily.InterNetworkV6) return null;
        return BinaryPrimitives.ReadUInt128BigEndian(ip.GetAddressBytes());
    }

    [Theory]
    [InlineData("::"), InlineData("::1"), InlineData("1::"), InlineData("fe80::44af:a0ee:c7f9:e9ed"), InlineData("2001:DB8:0:0:8:800:200C:417A"), InlineData("::ffff:192.0.2.1")]
    [InlineData("1:2:3:4:5:6:7::"), InlineData("::2:3:4:5:6:7:8"), InlineData("1:2:3:4:5:6:1.2.3.4"), InlineData("1::8")]
    public void An_address_is_read_as_the_run_time_reads_it(string text)
    {
        Assert.NotNull(Known(text));
        Assert.Equal(Known(text), Read(text));
    }

    [Theory]
    [InlineData(""), InlineData(":"), InlineData(":::"), InlineData("1:"), InlineData(":1"), InlineData("1::2::3"), InlineData("12345::"), InlineData("1:2:3:4:5:6:7:8:9"), InlineData("1:2:3:4::5:6:7:8")]
    [InlineData("::1.2.3"), InlineData("::1.2.3.256"), InlineData("::01.2.3.4"), InlineData("1:2:3:4:5:6:7:1.2.3.4"), InlineData("g::"), InlineData("192.0.2.1"), InlineData("::1.2.3.4:5")]
    public void What_is_none_is_refused(string text)
    {
        Assert.Null(Known(text));
        Assert.Null(Read(text));
    }

    [Fact]
    public void Random_texts_are_read_as_the_run_time_reads_them()
    {
        var random = new Random(6);
        string[] pieces = ["0", "1", "a", "F", "12", "fff", "abcd", "00001", ":", ":", ":", ":", "::", ".", "255", "1.2.3.4", "g", "0.0.0.0", "::ffff:"];
        var read = 0;
        for (var i = 0; i < 200_000; i++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 18)).Select(_ => pieces[random.Next(pieces.Length)]));
            // the run-time lets some numbers with leading zeros through
            if (text.Length > 64 || Padded().IsMatch(text)) continue;
            var known = Known(text);
            if (known != Read(text)) Assert.Fail($"'{text}': {known} is read as {Read(text)}");
            if (known is not null) read++;
        }
        Assert.InRange(read, 1_000, 190_000);
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        var text = "fe80::44af:a0ee:c7f9:e9ed"u8.ToArray();
        IPv6Text.TryRead(text, out _);
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var i = 0; i < 100; i++) IPv6Text.TryRead(text, out _);
        }));
    }
}
