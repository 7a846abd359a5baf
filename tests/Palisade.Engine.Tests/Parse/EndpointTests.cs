using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse;

public class EndpointTests
{
    [Theory]
    [InlineData("203.0.113.9", true)]
    [InlineData("203.0.113.256", false)]
    [InlineData("2001:db8::9", true)]
    [InlineData("[2001:db8::9]", true)]
    [InlineData("fe80::1%eth0", true)]
    [InlineData("::ffff:203.0.113.9", true)]
    [InlineData("2001:db8::9::1", false)]
    [InlineData("10:00:00", false)]
    [InlineData("db:cafe", false)]
    public void An_address_is_told_from_what_looks_like_one(string text, bool expected) => Assert.Equal(expected, Endpoint.IsAddress(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("203.0.113.9:443", "203.0.113.9", "443")]
    [InlineData("[2001:db8::9]:443", "2001:db8::9", "443")]
    [InlineData("2001:db8::9", "2001:db8::9", null)]
    [InlineData("2001:db8::9:51522", "2001:db8::9", "51522")]                  // no brackets: five digits are no part of an address
    [InlineData("2001:db8:0:0:0:0:0:9:443", "2001:db8:0:0:0:0:0:9", "443")]    // a ninth part is none
    [InlineData("::1:443", "::1", "443")]
    [InlineData("-:80", null, "80")]                                            // nobody, at a known port
    [InlineData("2001:db8::9:443", "2001:db8::9:443", null)]                   // an address as it stands
    public void A_port_is_told_from_the_end_of_an_address(string text, string? address, string? port)
    {
        var content = EngineContent.Load([("sources/x/source.yml", "name: x\ndetect: 10\npatterns: [ { match: 'from %{source:endpoint_port}' } ]\n"u8.ToArray())], out _);
        var pipeline = new Pipeline(content, NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes($"from {text}"));
        Assert.Equal(address, Value("source.ip"));
        Assert.Equal(port, Value("source.port"));

        string? Value(string field) => pipeline.Events.TryGet(0, FieldNames.GetOrAdd(field), out var value) ? Encoding.UTF8.GetString(value) : null;
    }
}
