using System.IO.Compression;
using System.Text;
using CsCheck;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class BodyDecoderTests
{
    private static readonly IngestOptions Limits = new() { MaxBodyBytes = 40 << 20, MaxLineBytes = 1 << 20 };

    private static byte[] Gzip(byte[] plain)
    {
        var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.SmallestSize)) gzip.Write(plain);
        return to.ToArray();
    }

    private static byte[] Zlib(byte[] plain)
    {
        var to = new MemoryStream();
        using (var zlib = new ZLibStream(to, CompressionLevel.Fastest)) zlib.Write(plain);
        return to.ToArray();
    }

    private static byte[] Zstd(byte[] plain)
    {
        using var compressor = new ZstdSharp.Compressor();
        return compressor.Wrap(plain).ToArray();
    }

    private static async Task<(IngestRefusal Refusal, byte[] Bytes)> Read(byte[] body, string? encoding)
    {
        var budget = new BodyBudget(256 << 20);
        (IngestRefusal, byte[]) result;
        using (var read = await BodyDecoder.ReadAsync(new MemoryStream(body), encoding, Limits, budget, CancellationToken.None))
            result = (read.Refusal, read.Bytes.ToArray());
        Assert.Equal(0, budget.Used);
        return result;
    }

    [Fact]
    public async Task A_body_that_finds_no_room_beside_the_others_is_told_so()
    {
        var budget = new BodyBudget(1 << 20);
        using var first = await BodyDecoder.ReadAsync(new MemoryStream(new byte[400_000]), null, Limits, budget, CancellationToken.None);
        Assert.Equal(IngestRefusal.None, first.Refusal);
        using (var second = await BodyDecoder.ReadAsync(new MemoryStream(new byte[900_000]), null, Limits, budget, CancellationToken.None))
            Assert.Equal(IngestRefusal.TooBusy, second.Refusal);
        using var third = await BodyDecoder.ReadAsync(new MemoryStream(new byte[400_000]), null, Limits, budget, CancellationToken.None);
        Assert.Equal(IngestRefusal.None, third.Refusal);
    }

    [Fact]
    public async Task Every_encoding_gives_the_same_bytes()
    {
        var plain = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"198.51.100.{i % 250} line {i}\n")));
        foreach (var (body, encoding) in new[] { (plain, null), (plain, "identity"), (Gzip(plain), "gzip"), (Zlib(plain), "deflate"), (Zstd(plain), "zstd") })
        {
            var (refusal, bytes) = await Read(body, encoding);
            Assert.Equal(IngestRefusal.None, refusal);
            Assert.True(plain.AsSpan().SequenceEqual(bytes), encoding);
        }
    }

    [Fact]
    public async Task A_bomb_is_refused_early() => Assert.Equal(IngestRefusal.CompressionBomb, (await Read(Gzip(new byte[39 << 20]), "gzip")).Refusal);

    [Fact]
    public async Task A_zstd_bomb_is_refused_early() => Assert.Equal(IngestRefusal.CompressionBomb, (await Read(Zstd(new byte[39 << 20]), "zstd")).Refusal);

    [Fact]
    public async Task A_body_over_the_limit_is_refused() => Assert.Equal(IngestRefusal.BodyTooLarge, (await Read(new byte[(40 << 20) + 1], null)).Refusal);

    [Fact]
    public async Task An_unknown_encoding_is_named() => Assert.Equal(IngestRefusal.UnknownEncoding, (await Read([1, 2, 3], "br")).Refusal);

    [Theory]
    [InlineData("gzip"), InlineData("deflate"), InlineData("zstd")]
    public async Task Noise_is_bad_compression(string encoding)
    {
        foreach (var length in new[] { 1, 5, 100, 5000 })
            Assert.Equal(IngestRefusal.BadCompression, (await Read([.. Enumerable.Range(0, length).Select(i => (byte)(i * 31 + 7))], encoding)).Refusal);
    }

    [Theory]
    [InlineData("gzip"), InlineData("deflate"), InlineData("zstd")]
    public async Task A_body_cut_off_is_bad_compression(string encoding)
    {
        var plain = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i * 7919}\n")));
        var whole = encoding switch { "gzip" => Gzip(plain), "deflate" => Zlib(plain), _ => Zstd(plain) };
        Assert.Equal(IngestRefusal.BadCompression, (await Read(whole[..(whole.Length / 2)], encoding)).Refusal);
    }

    /// <summary>RFC 1950, section 2.2: FDICT says that a dictionary is needed which the sender has not named to us.</summary>
    [Fact]
    public async Task A_preset_dictionary_is_bad_compression() =>
        Assert.Equal(IngestRefusal.BadCompression, (await Read([0x78, 0x20, 0, 0, 0, 1, 3, 0, 0, 0, 0, 1], "deflate")).Refusal);

    [Fact]
    public void Any_bytes_are_survived() =>
        Gen.Select(Gen.Byte.Array[0, 300], Gen.OneOf("gzip", "deflate", "zstd")).SampleAsync(async (bytes, encoding) => await Read(bytes, encoding), iter: 500);
}
