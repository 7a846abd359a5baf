using System.Buffers;
using System.IO.Compression;

namespace Palisade.Server.Ingest;

/// <summary>A whole request body in a rented buffer. Give it back by disposing it.</summary>
public sealed class RequestBody : IDisposable
{
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);

    public int Length { get; internal set; }
    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);
    /// <summary>Why it could not be read; the bytes are then of no use.</summary>
    public IngestRefusal Refusal { get; internal set; }

    internal Memory<byte> Free()
    {
        if (Length == buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            buffer.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        return buffer.AsMemory(Length);
    }

    public void Dispose()
    {
        var mine = Interlocked.Exchange(ref buffer, []);
        if (mine.Length > 0) ArrayPool<byte>.Shared.Return(mine);
    }
}

/// <summary>
/// Reads a body and undoes its Content-Encoding (gzip, deflate, zstd), with two bounds: the size after decompression, and
/// how many times larger than its compressed form it may be. What breaks a bound is refused as soon as it is seen.
/// </summary>
public static class BodyDecoder
{
    /// <summary>Below this many bytes out the ratio is not looked at: short repetitive logs compress very well.</summary>
    private const int RatioFloor = 8 << 20;

    /// <summary>Reads all of <paramref name="input"/>. Never throws for what the sender sent; I/O errors of the connection pass through.</summary>
    public static async ValueTask<RequestBody> ReadAsync(Stream input, string? encoding, IngestOptions limits, CancellationToken stop)
    {
        var body = new RequestBody();
        try
        {
            var counted = new CountingStream(input);
            await using var plain = Open(counted, encoding);
            if (plain is null) { body.Refusal = IngestRefusal.UnknownEncoding; return body; }
            var compressed = !ReferenceEquals(plain, counted);
            while (true)
            {
                var n = await plain.ReadAsync(body.Free(), stop);
                if (n == 0) return body;
                body.Length += n;
                if (compressed && body.Length > RatioFloor && body.Length / Math.Max(1, counted.Total) > limits.MaxCompressionRatio)
                {
                    body.Refusal = IngestRefusal.CompressionBomb;
                    return body;
                }
                if (body.Length > limits.MaxBodyBytes) { body.Refusal = IngestRefusal.BodyTooLarge; return body; }
            }
        }
        catch (Exception e) when (e is InvalidDataException or ZstdSharp.ZstdException or EndOfStreamException)
        {
            body.Refusal = IngestRefusal.BadCompression;
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private static Stream? Open(Stream input, string? encoding) => encoding?.Trim().ToLowerInvariant() switch
    {
        null or "" or "identity" => input,
        "gzip" or "x-gzip" => new GZipStream(input, CompressionMode.Decompress),
        "deflate" => new ZLibStream(input, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(input),
        _ => null,
    };

    /// <summary>Counts what is read through it. It does not own the stream below.</summary>
    private sealed class CountingStream(Stream inner) : Stream
    {
        public long Total { get; private set; }
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => Total; set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) { var n = inner.Read(buffer, offset, count); Total += n; return n; }
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var n = await inner.ReadAsync(buffer, cancellationToken);
            Total += n;
            return n;
        }
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
