using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Palisade.Cli.Send;

/// <summary>What the ways over HTTP share: one request a batch, sent again while the server says it is full.</summary>
internal abstract class HttpLineSender : ILineSender
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(static i => (byte)i), (byte)'"', (byte)'\\']);
    private readonly HttpClient client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.GZip }) { Timeout = TimeSpan.FromMinutes(2) };
    private readonly Uri address;
    private readonly string mediaType;

    protected HttpLineSender(Uri server, string path, string mediaType, string scheme, string? token)
    {
        (address, this.mediaType) = (new Uri(server, path), mediaType);
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(scheme, token);
    }

    /// <summary>Requests the server would not take now; they were sent again.</summary>
    public long PushedBack { get; private set; }

    protected ArrayBufferWriter<byte> Body { get; } = new(1 << 16);

    /// <summary>Writes the lines, each ended by a newline, as this way wants them.</summary>
    protected abstract void Encode(ReadOnlySpan<byte> lines);

    /// <summary>How many lines a good answer says were refused.</summary>
    protected abstract int CountRefused(byte[] answer);

    public async Task<int> SendAsync(LineBatch batch, CancellationToken cancellationToken)
    {
        Body.ResetWrittenCount();
        Encode(batch.Bytes);
        while (true)
        {
            using var content = new ReadOnlyMemoryContent(Body.WrittenMemory);
            content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
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
            return batch.Count - CountRefused(text);
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

    /// <summary>Every line as a JSON text between two pieces.</summary>
    protected void EncodeEach(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, ReadOnlySpan<byte> between)
    {
        for (var first = true; lines.Length > 0; first = false)
        {
            var end = lines.IndexOf((byte)'\n');
            if (!first) Body.Write(between);
            Body.Write(before);
            Escape(lines[..end]);
            Body.Write(after);
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
            Body.Write(line[..at]);
            var c = line[at];
            if (c >= 32) Body.Write([(byte)'\\', c]);
            else
            {
                "\\u00"u8.CopyTo(unicode);
                c.TryFormat(unicode[4..], out _, "x2", CultureInfo.InvariantCulture);
                Body.Write(unicode);
            }
            line = line[(at + 1)..];
        }
        Body.Write(line);
    }
}
