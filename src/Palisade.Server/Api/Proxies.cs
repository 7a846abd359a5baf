using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Palisade.Server.Configuration;

namespace Palisade.Server.Api;

/// <summary>Whose address and scheme a request has when a reverse proxy stands in front.</summary>
public static class Proxies
{
    /// <summary>
    /// Believes X-Forwarded-For, -Proto and -Host of the proxies that are named, from the nearest back to the first that is
    /// none of them; with none named, no header is believed. Must come before everything that looks at address or scheme.
    /// </summary>
    public static void UseProxies(this WebApplication app)
    {
        var named = app.Services.GetRequiredService<ServerOptions>().Http.TrustedProxies;
        if (named.Count == 0) return;
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            ForwardLimit = null,
        };
        // The framework believes loopback unasked: only who is named is believed.
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var proxy in named)
        {
            if (IPAddress.TryParse(proxy, out var address)) options.KnownProxies.Add(address);
            else options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        }
        app.UseForwardedHeaders(options);
    }
}
