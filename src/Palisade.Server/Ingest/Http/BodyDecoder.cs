using System.Buffers;
using System.IO.Compression;

namespace Palisade.Server.Ingest;

/// <summary>A whole request body in a rented buffer. Give it back by disposing it.</summary>
public sealed class RequestBody(BodyBudget budget) : IDisposable
{
    private const int First = 64 * 1024;
    private byte[] buffer = [];
    private long taken;

    public int Length { get; internal set; }
    public ReadOnlySpan<byte> Bytes => buffer.AsSpan(0, Length);
    public ReadOnlyMemory<byte> Memory => buffer.AsMemory(0, Length);
    /// <summary>Why it could not be read; the bytes are then of no use.</summary>
    public IngestRefusal Refusal { get; internal set; }

    /// <summary>Room for more; false when all bodies together hold as much as they may.</summary>
    internal bool TryGrow(out Memory<byte> free)
    {
        if (Length == buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(First, buffer.Length * 2));
            if (!budget.TryTake(larger.Length - taken))
            {
                ArrayPool<byte>.Shared.Return(larger);
                free = default;
                return false;
            }
            taken = larger.Length;
            buffer.AsSpan(0, Length).CopyTo(larger);
            if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        free = buffer.AsMemory(Length);
        return true;
    }

    public void Dispose()
    {
        var mine = Interlocked.Exchange(ref buffer, []);
        if (mine.Length > 0) ArrayPool<byte>.Shared.Return(mine);
        budget.Give(Interlocked.Exchange(ref taken, 0));
        Length = 0;
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
    public static async ValueTask<RequestBody> ReadAsync(
        Stream input, string? encoding, IngestOptions limits, BodyBudget budget, CancellationToken stop)
    {
        var body = new RequestBody(budget);
        var counted = new CountingStream(input);
        try
        {
            await using var plain = Open(counted, encoding);
            if (plain is null) { body.Refusal = IngestRefusal.UnknownEncoding; return body; }
            var compressed = !ReferenceEquals(plain, counted);
            while (true)
            {
                if (!body.TryGrow(out var free)) { body.Refusal = IngestRefusal.TooBusy; return body; }
                var n = await plain.ReadAsync(free, stop);
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
        // What zlib itself stumbles over is an IOException of a type that is not public.
        catch (Exception e) when (e is InvalidDataException or ZstdSharp.ZstdException or EndOfStreamException || e is IOException && !counted.IsReading)
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
        /// <summary>A read of the connection is under way, or has failed.</summary>
        public bool IsReading { get; private set; }
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => Total; set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) { var n = inner.Read(buffer, offset, count); Total += n; return n; }
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            IsReading = true;
            var n = await inner.ReadAsync(buffer, cancellationToken);
            IsReading = false;
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
