using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Palisade.Cli.Send;

/// <summary>Elasticsearch's _bulk: every line is a document {"message": line}. Waits and sends again when the server says it is full.</summary>
internal sealed class BulkSender : ILineSender
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(static i => (byte)i), (byte)'"', (byte)'\\']);
    private readonly HttpClient client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip }) { Timeout = TimeSpan.FromMinutes(2) };
    private readonly Uri address;

    /// <summary>Requests the server would not take now; they were sent again.</summary>
    public long PushedBack { get; private set; }
    private readonly ArrayBufferWriter<byte> body = new(1 << 20);

    public BulkSender(Uri server, string? token)
    {
        address = new Uri(server, "/ingest/elastic/_bulk");
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task<int> SendAsync(LineBatch batch, CancellationToken cancellationToken)
    {
        Encode(batch.Bytes);
        while (true)
        {
            using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/x-ndjson");
            using var answer = await Post(content, cancellationToken);
            if (answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                PushedBack++;
                await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), cancellationToken);
                continue;
            }
            var text = await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                throw new CliException(ExitCodes.Unreachable, $"{address} answered {(int)answer.StatusCode}: {System.Text.Encoding.UTF8.GetString(text.AsSpan(0, Math.Min(text.Length, 300)))}");
            }
            return batch.Count - CountErrors(text);
        }
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<HttpResponseMessage> Post(HttpContent content, CancellationToken cancellationToken)
    {
        try
        {
            return await client.PostAsync(address, content, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new CliException(ExitCodes.Unreachable, $"{address}: {error.Message}");
        }
    }

    private static int CountErrors(byte[] answer)
    {
        if (answer.AsSpan(0, Math.Min(answer.Length, 200)).IndexOf("\"errors\":false"u8) >= 0) return 0;
        using var json = JsonDocument.Parse(answer);
        if (!json.RootElement.GetProperty("errors").GetBoolean()) return 0;
        var errors = 0;
        foreach (var item in json.RootElement.GetProperty("items").EnumerateArray())
        {
            foreach (var action in item.EnumerateObject())
            {
                if (action.Value.GetProperty("status").GetInt32() >= 300) errors++;
            }
        }
        return errors;
    }

    private void Encode(ReadOnlySpan<byte> lines)
    {
        body.ResetWrittenCount();
        while (lines.Length > 0)
        {
            var end = lines.IndexOf((byte)'\n');
            body.Write("{\"create\":{}}\n{\"message\":\""u8);
            Escape(lines[..end]);
            body.Write("\"}\n"u8);
            lines = lines[(end + 1)..];
        }
    }

    private void Escape(ReadOnlySpan<byte> line)
    {
        Span<byte> unicode = stackalloc byte[6];
        while (true)
        {
            var at = line.IndexOfAny(Escaped);
            if (at < 0) break;
            body.Write(line[..at]);
            var c = line[at];
            if (c >= 32) body.Write([(byte)'\\', c]);
            else
            {
                "\\u00"u8.CopyTo(unicode);
                c.TryFormat(unicode[4..], out _, "x2", CultureInfo.InvariantCulture);
                body.Write(unicode);
            }
            line = line[(at + 1)..];
        }
        body.Write(line);
    }
}
