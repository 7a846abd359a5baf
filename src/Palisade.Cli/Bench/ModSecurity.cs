using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Palisade.Cli.Web;

namespace Palisade.Cli.Bench;

/// <summary>
/// Debian's nginx with ModSecurity and the OWASP Core Rule Set as shipped, one process on a loopback port: what everybody can install,
/// as a yardstick over the same requests in the same run.
/// </summary>
internal sealed class ModSecurity : IDisposable
{
    private const string Server = "/usr/sbin/nginx", Module = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so", Setup = "/etc/modsecurity/crs/crs-setup.conf", Rules = "/usr/share/modsecurity-crs/rules";
    private const int MostToStart = 600, StartStepMs = 50;

    private readonly Process process;
    private readonly int port;
    private readonly byte[] buffer = new byte[1 << 16];
    private TcpClient? connection;

    private ModSecurity(Process process, int port)
    {
        this.process = process;
        this.port = port;
    }

    /// <summary>What to install where it is not; null: all is there.</summary>
    public static string? Missing() => File.Exists(Server) && File.Exists(Module) && File.Exists(Setup) && Directory.Exists(Rules) ? null :
        "not compared with nginx + ModSecurity + CRS: they are not installed (apt-get install nginx-light libnginx-mod-http-modsecurity modsecurity-crs)";

    /// <summary>Starts it with its files in an empty folder.</summary>
    /// <exception cref="CliException">It did not start.</exception>
    public static async Task<ModSecurity> StartAsync(string folder, CancellationToken cancellationToken)
    {
        var port = FreePort.Next();
        Directory.CreateDirectory(Path.Combine(folder, "www"));
        await File.WriteAllTextAsync(Path.Combine(folder, "www", "ok.txt"), "ok\n", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "modsecurity.conf"), $"SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess Off\nSecAuditEngine Off\nInclude {Setup}\nInclude {Rules}/*.conf\n", cancellationToken);
        var config = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(config, Configuration(folder, port), cancellationToken);
        var process = Process.Start(new ProcessStartInfo(Server, ["-c", config, "-p", folder, "-e", Path.Combine(folder, "error.log")]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var server = new ModSecurity(process, port);
        for (var tried = 0; tried < MostToStart && !process.HasExited; tried++)
        {
            try
            {
                server.Connect();
                return server;
            }
            catch (SocketException)
            {
                // Reading nine hundred rules takes a while.
                await Task.Delay(StartStepMs, cancellationToken);
            }
        }
        server.Dispose();
        throw new CliException(ExitCodes.Internal, $"nginx did not start: {await error}");
    }

    private static string Configuration(string folder, int port) => $$"""
        daemon off;
        master_process off;
        pid {{folder}}/nginx.pid;
        load_module {{Module}};
        events { worker_connections 64; }
        http {
          access_log off;
          client_body_temp_path {{folder}}/body;
          proxy_temp_path {{folder}}/proxy;
          fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi;
          scgi_temp_path {{folder}}/scgi;
          keepalive_requests 100000000;
          large_client_header_buffers 8 64k;
          modsecurity on;
          modsecurity_rules_file {{folder}}/modsecurity.conf;
          server {
            listen 127.0.0.1:{{port}};
            root {{folder}}/www;
            error_page 405 =200 /ok.txt;
            location / { try_files /ok.txt =404; }
          }
        }

        """;

    /// <summary>Whether it turns each request away, and the seconds that took one after the other.</summary>
    public (bool[] Rejected, double Seconds) Judge(IReadOnlyList<WebRow> rows, TimeProvider time, CancellationToken cancellationToken)
    {
        var rejected = new bool[rows.Count];
        var started = time.GetTimestamp();
        for (var i = 0; i < rejected.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rejected[i] = Status(rows[i]) is 400 or 403;
        }
        return (rejected, time.GetElapsedTime(started).TotalSeconds);
    }

    /// <summary>Sends one request without body; the answer's status, 0 where the connection was closed without one.</summary>
    private int Status(WebRow row)
    {
        var request = new ArrayBufferWriter<byte>(1024);
        request.Write(row.Method.Length > 0 ? row.Method : "GET"u8);
        request.Write(" "u8);
        request.Write(row.Target);
        request.Write(" HTTP/1.1\r\nHost: www.example.com\r\nAccept: */*\r\n"u8);
        Header(request, "User-Agent: "u8, row.Agent);
        Header(request, "Referer: "u8, row.Referrer);
        request.Write("Content-Length: 0\r\n\r\n"u8);
        try
        {
            var stream = (connection ?? Connect()).GetStream();
            stream.Write(request.WrittenSpan);
            return Answer(stream, row.Method.AsSpan().SequenceEqual("HEAD"u8));
        }
        catch (IOException)
        {
            Disconnect();
            return 0;
        }
    }

    private static void Header(ArrayBufferWriter<byte> request, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty || value.SequenceEqual("-"u8)) return;
        request.Write(name);
        request.Write(value);
        request.Write("\r\n"u8);
    }

    private int Answer(NetworkStream stream, bool noBody)
    {
        var length = 0;
        int end;
        while ((end = buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            var n = length < buffer.Length ? stream.Read(buffer, length, buffer.Length - length) : 0;
            if (n == 0) { Disconnect(); return 0; }
            length += n;
        }
        var head = buffer.AsSpan(0, end + 2);
        var status = Utf8Parser.TryParse(head[9..], out int code, out _) ? code : 0;
        var body = !noBody && head.IndexOf("Content-Length: "u8) is >= 0 and var at && Utf8Parser.TryParse(head[(at + 16)..], out int size, out _) ? size : 0;
        if (head.IndexOf("Connection: close"u8) >= 0) { Disconnect(); return status; }
        for (var left = body - (length - end - 4); left > 0;)
        {
            var n = stream.Read(buffer, 0, Math.Min(left, buffer.Length));
            if (n == 0) { Disconnect(); break; }
            left -= n;
        }
        return status;
    }

    private TcpClient Connect()
    {
        var client = new TcpClient { NoDelay = true };
        try
        {
            client.Connect(IPAddress.Loopback, port);
            return connection = client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private void Disconnect()
    {
        connection?.Dispose();
        connection = null;
    }

    public void Dispose()
    {
        Disconnect();
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
