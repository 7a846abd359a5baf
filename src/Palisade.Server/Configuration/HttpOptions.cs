using System.Net;

namespace Palisade.Server.Configuration;

/// <summary>The console's and the API's own address.</summary>
public sealed record HttpOptions
{
    public const string Section = "Http";

    /// <summary>ADDRESS:PORT to listen on. Port 0 takes a free one. Default 127.0.0.1:8080.</summary>
    public string Listen { get; init; } = "127.0.0.1:8080";
    /// <summary>How people and senders reach us, when a proxy stands in front. Empty: the address above.</summary>
    public string PublicUrl { get; init; } = "";
    /// <summary>Addresses or networks (CIDR) of reverse proxies whose X-Forwarded headers are believed. Default: none.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Every problem, each with its key path.</summary>
    public IEnumerable<string> Problems()
    {
        if (!IPEndPoint.TryParse(Listen, out _)) yield return $"{Section}:Listen is not ADDRESS:PORT";
        if (PublicUrl.Length > 0 && !(Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            yield return $"{Section}:PublicUrl is not an http or https URL";
        for (var i = 0; i < TrustedProxies.Count; i++)
        {
            if (!IPAddress.TryParse(TrustedProxies[i], out _) && !IPNetwork.TryParse(TrustedProxies[i], out _))
                yield return $"{Section}:TrustedProxies:{i} is neither an IP address nor a network such as 10.0.0.0/8";
            else if (IPNetwork.TryParse(TrustedProxies[i], out var network) && network.PrefixLength == 0)
                yield return $"{Section}:TrustedProxies:{i} would believe every sender; name the proxies";
        }
    }
}
