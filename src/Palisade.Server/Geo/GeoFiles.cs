using System.Net;
using System.Net.Sockets;
using System.Text;
using MaxMind.Db;
using Palisade.Engine.Enrich;

namespace Palisade.Server.Geo;

/// <summary>
/// Country and network of an address from local files: a MaxMind-format country database and two tables of autonomous
/// systems. A file that is missing leaves its part unknown.
/// </summary>
public sealed class GeoFiles : IGeoLookup, IDisposable
{
    private readonly Reader? countries;
    private readonly Lazy<AsnTable?> asn4, asn6;   // read when first needed: half a second, some tens of MB

    /// <param name="countryFile">A .mmdb file with country_code or country.iso_code; null: countries stay unknown.</param>
    /// <param name="asnFolder">Folder with asn-ipv4.csv and asn-ipv6.csv; null: networks stay unknown.</param>
    public GeoFiles(string? countryFile, string? asnFolder)
    {
        if (countryFile is not null && File.Exists(countryFile)) countries = new Reader(countryFile, FileAccessMode.MemoryMapped);
        asn4 = new(() => Table(asnFolder, "asn-ipv4.csv"));
        asn6 = new(() => Table(asnFolder, "asn-ipv6.csv"));
    }

    /// <summary>What is there, in words for the log.</summary>
    public string Contents => $"{(countries is null ? "no countries" : $"countries ({countries.Metadata.DatabaseType})")}, {asn4.Value?.Count ?? 0} + {asn6.Value?.Count ?? 0} networks";

    /// <summary>The packages restored from npm, in node_modules beside or above the program.</summary>
    public static GeoFiles Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var packages = Path.Combine(folder.FullName, "node_modules", "@ip-location-db");
            if (!Directory.Exists(packages)) continue;
            return new GeoFiles(Path.Combine(packages, "geo-whois-asn-country-mmdb", "geo-whois-asn-country.mmdb"), Path.Combine(packages, "asn"));
        }
        return new GeoFiles(null, null);
    }

    public bool TryLookup(ReadOnlySpan<byte> ip, out GeoInfo info)
    {
        info = null!;
        Span<char> text = stackalloc char[64];
        if (ip.Length > text.Length || !Encoding.ASCII.TryGetChars(ip, text, out var n) || !IPAddress.TryParse(text[..n], out var address)) return false;
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (IPAddress.IsLoopback(address)) return false;
        var code = Country(address);
        var table = address.AddressFamily == AddressFamily.InterNetwork ? asn4.Value : asn6.Value;
        uint asn = 0;
        string? organization = null;
        if (table is not null && table.TryFind(address, out asn, out var found)) organization = found;
        if (code is null && asn == 0) return false;
        info = new GeoInfo(code, asn, organization);
        return true;
    }

    private string? Country(IPAddress address)
    {
        var found = countries?.Find<Dictionary<string, object>>(address);
        if (found is null) return null;
        if (found.GetValueOrDefault("country_code") is string code) return code;
        return found.GetValueOrDefault("country") is Dictionary<string, object> country ? country.GetValueOrDefault("iso_code") as string : null;
    }

    private static AsnTable? Table(string? folder, string name) =>
        folder is not null && Path.Combine(folder, name) is var path && File.Exists(path) ? AsnTable.Read(path) : null;

    public void Dispose() => countries?.Dispose();
}
