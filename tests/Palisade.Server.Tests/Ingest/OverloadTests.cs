using System.Net;
using System.Net.Sockets;
using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>Every way in when its source has its share of what waits for the engine.</summary>
public sealed class OverloadTests
{
    private static byte[] Body(string text) => Encoding.UTF8.GetBytes("{\"create\":{}}\n{\"message\":\"" + text + "\"}\n");

    /// <summary>The engine runs, and as much of this source waits as may.</summary>
    private static void Fill(Backlog backlog, IngestLane lane, int burst = 1)
    {
        backlog.IsOpen = false;
        while (backlog.HasRoom(lane, burst)) backlog.Add(lane, 1 << 16);
    }

    private static async Task<IngestLane> FirstAsync(IngestServer server)
    {
        var header = (await server.ReadAsync(1))[0].Header;
        return new IngestLane(header.Tenant, header.Source);
    }

    [Fact]
    public async Task A_request_is_told_to_come_back_and_nothing_of_it_is_kept()
    {
        await using var server = await IngestServer.StartAsync();
        using (var first = await server.PostAsync("/ingest/elastic/_bulk", Body("first"))) Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Fill(server.Backlog, await FirstAsync(server));

        using var answer = await server.PostAsync("/ingest/elastic/_bulk", Body("early"));
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
        Assert.Contains("overloaded", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using (var other = await server.PostAsync("/ingest/elastic/_bulk", Body("other"), "Bearer good-2")) Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        server.Backlog.IsOpen = true;
        using (var again = await server.PostAsync("/ingest/elastic/_bulk", Body("again"))) Assert.Equal(HttpStatusCode.OK, again.StatusCode);

        Assert.Equal(["{\"message\":\"other\"}", "{\"message\":\"again\"}"], (await server.ReadAsync(2)).Select(f => Encoding.UTF8.GetString(f.Payload)));
    }

    [Fact]
    public async Task A_connection_waits_its_turn_and_loses_nothing()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Tcp, TestContext.Current.CancellationToken);
        client.GetStream().Write("<13>first\n"u8);
        Fill(server.Backlog, await FirstAsync(server));

        client.GetStream().Write("<13>second\n"u8);
        using (var other = await server.PostAsync("/ingest/elastic/_bulk", Body("other"), "Bearer good-2")) Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        Assert.Equal("{\"message\":\"other\"}", Encoding.UTF8.GetString((await server.ReadAsync(1))[0].Payload));
        server.Backlog.IsOpen = true;
        Assert.Equal("<13>second", Encoding.UTF8.GetString((await server.ReadAsync(1))[0].Payload));
    }

    [Fact]
    public async Task A_connection_with_much_to_bring_ends_its_turn_while_others_wait()
    {
        const int Much = 48;
        await using var server = await IngestServer.StartAsync();
        using TcpClient busy = new(), quiet = new();
        foreach (var client in new[] { busy, quiet })
        {
            await client.ConnectAsync(server.Tcp, TestContext.Current.CancellationToken);
            client.GetStream().Write("<13>first\n"u8);
        }
        var header = (await server.ReadAsync(2))[0].Header;
        var lane = new IngestLane(header.Tenant, header.Source);
        Fill(server.Backlog, lane);

        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        busy.GetStream().Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("<13>" + new string('x', 1019) + "\n", Much))));
        while (server.Backlog.Waiting < 1) await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        quiet.GetStream().Write("<13>one line\n"u8);
        while (server.Backlog.Waiting < 2) await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        // Room for one turn at a time, as the engine goes on: the first is over when who has it waits again, or brought all; the second when its line is there.
        var frames = server.ReadAsync(Much + 1);
        var before = Advance();
        while (server.Backlog.Waiting < 2 && server.Backlog.Bytes < before + Much * 1023) await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        before = Advance();
        while (server.Backlog.Bytes <= before) await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        while (!frames.IsCompleted)
        {
            Advance();
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        var lines = (await frames).Select(f => Encoding.ASCII.GetString(f.Payload)).ToList();
        Assert.InRange(lines.IndexOf("<13>one line"), 1, Backlog.TurnBytes / 1023 + 1);

        long Advance()
        {
            while (!server.Backlog.HasRoom(lane)) server.Backlog.Judged(ulong.MaxValue, lane, 0);
            var held = server.Backlog.Bytes;
            server.Backlog.Advance(isBusy: false);
            return held;
        }
    }

    [Fact]
    public async Task A_datagram_beyond_the_burst_is_counted()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { UdpBurst = 2 });
        using var client = new UdpClient();
        await client.SendAsync("<13>first"u8.ToArray(), server.Udp, TestContext.Current.CancellationToken);
        var lane = await FirstAsync(server);
        Fill(server.Backlog, lane);
        await client.SendAsync("<13>within the burst"u8.ToArray(), server.Udp, TestContext.Current.CancellationToken);
        Assert.Equal("<13>within the burst", Encoding.UTF8.GetString((await server.ReadAsync(1))[0].Payload));
        Fill(server.Backlog, lane, burst: 2);
        await client.SendAsync("<13>too much"u8.ToArray(), server.Udp, TestContext.Current.CancellationToken);
        Assert.Equal(new() { [IngestRefusal.Overloaded] = 1 }, await server.RefusalsAsync(1));
    }
}
