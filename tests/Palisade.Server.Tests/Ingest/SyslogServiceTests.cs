using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SyslogServiceTests
{
    private static async Task<TcpClient> ConnectAsync(IngestServer server)
    {
        var client = new TcpClient();
        await client.ConnectAsync(server.Tcp);
        return client;
    }

    [Fact]
    public async Task Both_framings_arrive_in_order_over_tcp()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await ConnectAsync(server);
        var expected = new List<string>();
        for (var i = 0; i < 5000; i++)
        {
            var message = $"<13>Jan  2 03:04:05 web1 app: line {i}";
            expected.Add(message);
            client.GetStream().Write(Encoding.ASCII.GetBytes(i % 2 == 0 ? message + "\n" : $"{message.Length} {message}"));
        }
        var frames = await server.ReadAsync(5000);
        Assert.Equal(expected, frames.Select(f => Encoding.ASCII.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal((7u, RecordEncodings.Syslog), (f.Header.Tenant, f.Header.Encoding)));
        Assert.Equal("syslog", server.Lookups.NameOf(frames[0].Header.Source));
    }

    [Fact]
    public async Task Messages_in_GBK_and_UTF_16_become_UTF8_and_are_marked()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await ConnectAsync(server);
        const string text = "登录失败 user=李明";
        byte[] gbk = [.. "<13>Jan  2 03:04:05 h a: "u8, .. CodePagesEncodingProvider.Instance.GetEncoding("gb18030")!.GetBytes(text)];
        byte[] wide = [.. "<13>Jan  2 03:04:05 h a: "u8, 0xFF, 0xFE, .. Encoding.Unicode.GetBytes(text)];
        client.GetStream().Write([.. gbk, (byte)'\n', .. Encoding.ASCII.GetBytes($"{wide.Length} "), .. wide, .. Encoding.UTF8.GetBytes($"<13>Jan  2 03:04:05 h a: {text}\n")]);
        var frames = await server.ReadAsync(3);
        Assert.All(frames, f => Assert.Equal($"<13>Jan  2 03:04:05 h a: {text}", Encoding.UTF8.GetString(f.Payload)));
        const byte converted = RecordEncodings.Syslog | RecordEncodings.Converted;
        Assert.Equal([converted, converted, RecordEncodings.Syslog], frames.Select(f => f.Header.Encoding));
    }

    [Theory]
    [InlineData("utf-16"), InlineData("utf-16BE")]
    public async Task Lines_in_UTF_16_come_whole_over_tcp_and_their_token_is_found(string name)
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await ConnectAsync(server);
        var encoding = Encoding.GetEncoding(name);
        client.GetStream().Write(encoding.GetBytes("<13>1 - h a - - [palisade@32473 token=\"good-2\"] 登录失败\r\n<13>上海\n"));
        var frames = await server.ReadAsync(2);
        Assert.Equal([2u, 7u], frames.Select(f => f.Header.Tenant));
        Assert.Equal(["<13>1 - h a - - [palisade@32473 token=\"good-2\"] 登录失败", "<13>上海"], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal(RecordEncodings.Syslog | RecordEncodings.Converted, f.Header.Encoding));
    }

    [Fact]
    public async Task A_token_in_structured_data_names_the_tenant()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = await ConnectAsync(server);
        client.GetStream().Write("<13>1 - h a - - [palisade@32473 token=\"good-2\"] x\n<13>1 - h a - - [palisade@32473 token=\"nobody\"] y\n<13>z\n"u8);
        var frames = await server.ReadAsync(2);
        Assert.Equal([2u, 7u], frames.Select(f => f.Header.Tenant));
        Assert.Equal("web", server.Lookups.NameOf(frames[0].Header.Source));
        client.Close();
    }

    [Fact]
    public async Task Without_a_token_and_with_two_tenants_messages_are_counted_as_refused()
    {
        await using var server = await IngestServer.StartAsync();
        server.Lookups.OnlyTenant = 0;
        using var udp = new UdpClient();
        await udp.SendAsync("<13>a"u8.ToArray(), server.Udp);
        await udp.SendAsync("<13>1 - h a - - [palisade@32473 token=\"nobody\"] y"u8.ToArray(), server.Udp);
        Assert.Equal(new() { [IngestRefusal.NoToken] = 1, [IngestRefusal.BadToken] = 1 }, await server.RefusalsAsync(2));
    }

    [Fact]
    public async Task A_listener_may_belong_to_a_tenant()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { Syslog = [new() { Tenant = "acme", Source = "fw" }] });
        using var udp = new UdpClient();
        await udp.SendAsync("<13>a\n\0"u8.ToArray(), server.Udp);
        var frame = (await server.ReadAsync(1))[0];
        Assert.Equal((3u, "fw", "<13>a"), (frame.Header.Tenant, server.Lookups.NameOf(frame.Header.Source), Encoding.ASCII.GetString(frame.Payload)));
    }

    [Fact]
    public async Task Hostile_streams_are_counted_and_the_next_connection_works()
    {
        await using var server = await IngestServer.StartAsync();
        using (var client = await ConnectAsync(server))
        {
            var stream = client.GetStream();
            await stream.WriteAsync("<1>a\n"u8.ToArray());
            await stream.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 10 << 20) + "\n"));
            await stream.WriteAsync("9999999 <lying"u8.ToArray());
        }
        using (var client = await ConnectAsync(server))
        {
            await client.GetStream().WriteAsync("<1>b\n50 <1>half"u8.ToArray());
        }
        Assert.Equal(["<1>a", "<1>b"], (await server.ReadAsync(2)).Select(f => Encoding.ASCII.GetString(f.Payload)).Order());
    }

    [Fact]
    public async Task A_connection_without_a_message_is_closed()
    {
        var clock = new HandClock();
        await using var server = await IngestServer.StartAsync(new IngestOptions { Syslog = [new() { IdleSeconds = 30 }] }, clock);
        using var client = await ConnectAsync(server);
        await client.GetStream().WriteAsync("<1>a\n<1>b"u8.ToArray());
        await server.ReadAsync(1);
        await clock.AdvanceWhenWaitingAsync(TimeSpan.FromSeconds(30));
        // what was begun is kept as a message, as at any end of a stream
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1]));
        Assert.Equal("<1>b", Encoding.ASCII.GetString((await server.ReadAsync(1))[0].Payload));
    }

    [Fact]
    public async Task Too_many_connections_are_turned_away()
    {
        await using var server = await IngestServer.StartAsync(new IngestOptions { Syslog = [new() { MaxConnections = 1 }] });
        using var first = await ConnectAsync(server);
        await first.GetStream().WriteAsync("<1>a\n"u8.ToArray());
        await server.ReadAsync(1);
        using var second = await ConnectAsync(server);
        Assert.Equal(0, await second.GetStream().ReadAsync(new byte[1]));
        Assert.Equal(new() { [IngestRefusal.TooBusy] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task Datagrams_that_the_kernel_dropped_are_counted()
    {
        const int Sent = 1000;
        await using var server = await IngestServer.StartAsync();
        var router = new SyslogRouter(server.Lookups, "", "syslog", loopback: true, TimeProvider.System);
        await using var listener = new SyslogUdpListener(new(System.Net.IPAddress.Loopback, 0), 4096, new SyslogIntake(server.Gate, router, new IngestOptions()), NullLogger.Instance);
        using var client = new UdpClient();
        for (var i = 0; i < Sent; i++) await client.SendAsync(Encoding.ASCII.GetBytes($"<13>{i} {new string('x', 500)}"), listener.Endpoint, TestContext.Current.CancellationToken);
        listener.Start();
        var dropped = (await server.RefusalsAsync(1))[IngestRefusal.DroppedByKernel];
        Assert.InRange(server.Records, 1, Sent - 1);
        Assert.Equal(Sent, server.Records + dropped);
        Assert.Equal("syslog", server.Lookups.NameOf((await server.ReadAsync(1))[0].Header.Source));
    }
}
