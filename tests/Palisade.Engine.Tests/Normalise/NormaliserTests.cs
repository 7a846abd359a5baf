using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Normalise;

public sealed class NormaliserTests
{
    private const string Source = "name: n\ndetect: 10\npatterns: [ { match: 'from %{source:endpoint_port} to %{destination.ip}' } ]\n";

    private static EventBatch Read(string line)
    {
        var pipeline = new Pipeline(EngineContent.Load([("sources/n/source.yml", Encoding.UTF8.GetBytes(Source))], out _), NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        return pipeline.Events;
    }

    [Theory]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("::FFFF:203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:cb00:7109", "203.0.113.9")]
    [InlineData("0:0:0:0:0:ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:0:0", "0.0.0.0")]
    [InlineData("::203.0.113.9", "::203.0.113.9")]
    [InlineData("64:ff9b::203.0.113.9", "64:ff9b::203.0.113.9")]
    [InlineData("2001:db8::ffff:1", "2001:db8::ffff:1")]
    [InlineData("::1", "::1")]
    [InlineData("0.0.0.0", "0.0.0.0")]
    public void An_IPv4_address_that_was_written_as_IPv6_is_an_IPv4_address(string written, string expected)
    {
        var batch = Read($"from [{written}]:51514 to {written}");
        Assert.Equal(expected, batch.GetString(0, Fields.SourceIp));
        Assert.Equal(expected, batch.GetString(0, Fields.DestinationIp));
        Assert.Equal(expected, batch.GetString(0, Fields.RelatedIp));
        Assert.Equal(written, batch.GetString(0, Fields.SourceAddress));
        Assert.Equal("51514", batch.GetString(0, Fields.SourcePort));
    }

    [Theory]
    [InlineData("2001:db8::9:51514", "2001:db8::9", "51514")]
    [InlineData("::ffff:203.0.113.9:22", "203.0.113.9", "22")]
    [InlineData("2001:db8::9:22", "2001:db8::9:22", "")]
    [InlineData("2001:db8:1:2:3:4:5:6:22", "2001:db8:1:2:3:4:5:6", "22")]
    public void A_port_behind_an_IPv6_address_without_brackets_is_one_where_it_can_be_nothing_else(string written, string address, string port)
    {
        var batch = Read($"from {written} to 192.0.2.1");
        Assert.Equal(address, batch.GetString(0, Fields.SourceIp));
        Assert.Equal(port, batch.GetString(0, Fields.SourcePort));
    }
}
