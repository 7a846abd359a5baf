using System.Net;
using System.Net.Sockets;
using Palisade.Server.Configuration;

namespace Palisade.Server.Tests.Api;

/// <summary>Who a request comes from when a proxy says so; all on loopback, where every 127.x address is one's own.</summary>
public sealed class ProxiesTests
{
    private static Task<TestApp> StartAsync(params string[] trusted) => TestApp.StartAsync(o => o with
    {
        Http = o.Http with { TrustedProxies = trusted },
        Identity = o.Identity with { AttemptsPerMinute = 2 },
    });

    /// <summary>A client whose connections come from this address.</summary>
    private static HttpClient From(TestApp app, string address) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        ConnectCallback = async (context, stop) =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
    }) { BaseAddress = app.Url };

    /// <summary>Where a wrong sign-in is sent to, and whether the page's cookie was Secure.</summary>
    private static async Task<(string Location, bool Secure, bool Hsts)> TryAsync(HttpClient client, string? forwardedFor, string? proto = "https")
    {
        async Task<HttpResponseMessage> Send(HttpMethod method, string path, string? forgery = null)
        {
            using var request = new HttpRequestMessage(method, path);
            if (forwardedFor is not null) request.Headers.Add("X-Forwarded-For", forwardedFor);
            if (proto is not null) request.Headers.Add("X-Forwarded-Proto", proto);
            if (forgery is not null) request.Content = new FormUrlEncodedContent([new("email", "nobody@nowhere.example"), new("password", "x"), new("__RequestVerificationToken", forgery)]);
            return await client.SendAsync(request);
        }
        using var page = await Send(HttpMethod.Get, "/sign-in");
        var html = await page.Content.ReadAsStringAsync();
        var start = html.IndexOf("name=\"__RequestVerificationToken\" value=\"", StringComparison.Ordinal) + "name=\"__RequestVerificationToken\" value=\"".Length;
        var secure = page.Headers.TryGetValues("Set-Cookie", out var cookies) && cookies.Any(c => c.Contains("; secure", StringComparison.OrdinalIgnoreCase));
        using var answer = await Send(HttpMethod.Post, "/sign-in", html[start..html.IndexOf('"', start)]);
        return (answer.Headers.Location?.OriginalString ?? $"{answer.StatusCode}", secure, page.Headers.Contains("Strict-Transport-Security"));
    }

    private static async Task<string> LimitedAfterTwoAsync(TestApp app, string address, Func<int, string?> forwardedFor)
    {
        var location = "";
        for (var i = 0; i < 3; i++)
        {
            using var client = From(app, address);
            (location, _, _) = await TryAsync(client, forwardedFor(i), proto: null);
        }
        return location;
    }

    [Fact]
    public async Task Of_a_proxy_that_is_named_address_and_scheme_are_believed()
    {
        await using var app = await StartAsync("127.0.0.9", "127.1.0.0/16");
        foreach (var proxy in new[] { "127.0.0.9", "127.1.2.3" })
        {
            using var client = From(app, proxy);
            // Over https the cookies are Secure; this client, which speaks http, then keeps them to itself.
            var (location, secure, hsts) = await TryAsync(client, "198.51.100.1");
            Assert.True(secure && hsts, location);
        }
        // Each address has its own limit …
        Assert.Equal("/sign-in?error=credentials", await LimitedAfterTwoAsync(app, "127.0.0.9", i => $"198.51.100.{i + 10}"));
        Assert.Equal("/sign-in?error=rate", await LimitedAfterTwoAsync(app, "127.0.0.9", _ => "198.51.100.20"));
        // … and what a client put in front of the proxy's own word is not read.
        Assert.Equal("/sign-in?error=rate", await LimitedAfterTwoAsync(app, "127.0.0.9", i => $"203.0.113.{i}, 198.51.100.30"));
        // Proxies behind each other: the nearest that is none of ours.
        Assert.Equal("/sign-in?error=rate", await LimitedAfterTwoAsync(app, "127.0.0.9", i => $"203.0.113.{i + 50}, 198.51.100.40, 127.1.0.{i + 1}"));
    }

    [Theory, InlineData("127.0.0.9"), InlineData()]
    public async Task Of_anybody_else_nothing_is_believed(params string[] trusted)
    {
        await using var app = await StartAsync(trusted);
        using var client = From(app, "127.0.0.1");
        var (_, secure, hsts) = await TryAsync(client, "198.51.100.1");
        Assert.False(secure || hsts);
        Assert.Equal("/sign-in?error=rate", await LimitedAfterTwoAsync(app, "127.0.0.8", i => $"198.51.100.{i}"));
    }

    [Fact]
    public void What_is_no_address_and_what_is_everybody_are_mistakes()
    {
        string[] Problems(params string[] trusted) => [.. new HttpOptions { TrustedProxies = trusted }.Problems()];
        Assert.Empty(Problems("127.0.0.1", "::1", "10.0.0.0/8", "2001:db8::/32"));
        Assert.Equal(["Http:TrustedProxies:0 is neither an IP address nor a network such as 10.0.0.0/8", "Http:TrustedProxies:1 is neither an IP address nor a network such as 10.0.0.0/8"], Problems("nginx", "10.0.0.0/40"));
        Assert.All(Problems("0.0.0.0/0", "::/0"), p => Assert.Contains("would believe every sender", p));
        Assert.Equal(2, Problems("0.0.0.0/0", "::/0").Length);
    }
}
