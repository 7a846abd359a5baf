using System.Buffers;
using System.Net.Sockets;
using System.Text;

namespace Palisade.Cli.Send;

/// <summary>Syslog over TCP: RFC 5424 messages, framed by octet counting (RFC 6587), the token in structured data.</summary>
internal sealed class SyslogSender : ILineSender
{
    private readonly string host;
    private readonly int port;
    private readonly byte[] tail;
    private readonly TimeProvider time;
    private readonly ArrayBufferWriter<byte> body = new(1 << 16);
    // What is sent and not taken yet stays small: nobody is told what became of it.
    private readonly TcpClient client = new() { SendBufferSize = 32 << 10 };
    private NetworkStream? stream;

    public SyslogSender(string host, int port, string? token, string program, TimeProvider time)
    {
        this.host = host;
        this.port = port;
        this.time = time;
        var data = token is null ? "-" : $"[palisade@32473 token=\"{token}\"]";
        tail = Encoding.UTF8.GetBytes($" {Environment.MachineName} {program} - - {data} ");
    }

    public async Task<int> SendAsync(LineBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            if (stream is null)
            {
                await client.ConnectAsync(host, port, cancellationToken);
                stream = client.GetStream();
            }
            Encode(batch.Bytes);
            await stream.WriteAsync(body.WrittenMemory, cancellationToken);
            return batch.Count;
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            throw new CliException(ExitCodes.Unreachable, $"syslog {host}:{port}: {error.Message}");
        }
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    // "251 <190>1 2026-11-24T16:00:00.000Z host nginx - - [palisade@32473 token="…"] line"
    private void Encode(ReadOnlySpan<byte> lines)
    {
        body.ResetWrittenCount();
        Span<byte> head = stackalloc byte[40];
        "<190>1 "u8.CopyTo(head);
        time.GetUtcNow().TryFormat(head[7..], out var n, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
        head = head[..(7 + n)];
        Span<byte> count = stackalloc byte[12];
        while (lines.Length > 0)
        {
            var end = lines.IndexOf((byte)'\n');
            (head.Length + tail.Length + end).TryFormat(count, out var digits);
            count[digits] = (byte)' ';
            body.Write(count[..(digits + 1)]);
            body.Write(head);
            body.Write(tail);
            body.Write(lines[..end]);
            lines = lines[(end + 1)..];
        }
    }
}
