using System.Net;
using Palisade.Server.Geo;

namespace Palisade.Server.Tests.Geo;

public sealed class AsnTableTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("palisade-geo-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void An_address_finds_the_range_it_lies_in()
    {
        File.WriteAllText(Path.Combine(directory, "asn-ipv4.csv"), "192.0.2.0,192.0.2.127,64496,\"Example, Inc.\"\n198.51.100.0,198.51.100.255,64497,Other\nnoise\n");
        File.WriteAllText(Path.Combine(directory, "asn-ipv6.csv"), "2001:db8::,2001:db8::ffff,64500,Six\n");
        using var files = new GeoFiles(null, directory);
        Assert.True(files.TryLookup("192.0.2.127"u8, out var info));
        Assert.Equal((64496u, "Example, Inc.", null), (info.AsNumber, info.AsOrganization, info.CountryIsoCode));
        Assert.True(files.TryLookup("::ffff:198.51.100.9"u8, out info));
        Assert.Equal("Other", info.AsOrganization);
        Assert.True(files.TryLookup("2001:db8::42"u8, out info));
        Assert.Equal(64500u, info.AsNumber);
        foreach (var unknown in new[] { "192.0.2.128", "1.2.3.4", "255.255.255.255", "2001:db9::", "::1", "127.0.0.1", "", "noise", "999.1.1.1" })
            Assert.False(files.TryLookup(System.Text.Encoding.ASCII.GetBytes(unknown), out _), unknown);
    }

    [Fact]
    public void Ranges_out_of_order_are_said()
    {
        var path = Path.Combine(directory, "asn.csv");
        File.WriteAllText(path, "198.51.100.0,198.51.100.255,2,b\n192.0.2.0,192.0.2.255,1,a\n");
        Assert.Throws<InvalidDataException>(() => AsnTable.Read(path));
    }

    [Fact]
    public void Missing_files_leave_everything_unknown()
    {
        using var files = new GeoFiles(Path.Combine(directory, "none.mmdb"), directory);
        Assert.False(files.TryLookup("192.0.2.1"u8, out _));
        Assert.Equal("no countries, 0 + 0 networks", files.Contents);
    }
}
