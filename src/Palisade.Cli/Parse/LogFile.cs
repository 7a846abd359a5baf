using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Palisade.Cli.Parse;

/// <summary>Opens what logs come in: plain, gzip and zstd, told by their first bytes, not by their names.</summary>
internal static class LogFile
{
    public static Stream Open(string path)
    {
        if (path == "-") return Unpack(Console.OpenStandardInput());
        if (Directory.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path} is a folder; name the files in it ({path.TrimEnd('/')}/*).");
        try
        {
            return Unpack(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException) { throw new CliException(ExitCodes.BadInput, $"{path}: no such file."); }
        catch (UnauthorizedAccessException) { throw new CliException(ExitCodes.BadInput, $"{path}: not allowed to read it (try sudo, or copy it first)."); }
    }

    private static Stream Unpack(Stream stream)
    {
        var head = new byte[4];
        var n = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsSpan(0, n).ToArray(), stream);
        if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b) return Plain(new GZipStream(whole, CompressionMode.Decompress));
        if (n == 4 && head.AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])) return Plain(new DecompressionStream(whole));
        return Decoded(whole, head.AsSpan(0, n));
    }

    /// <summary>The stream as UTF-8, where it is UTF-16: by its mark, or because the first two characters are ASCII in it.</summary>
    public static Stream Plain(Stream stream)
    {
        var head = new byte[4];
        var n = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        return Decoded(new PrefixedStream(head.AsSpan(0, n).ToArray(), stream), head.AsSpan(0, n));
    }

    private static Stream Decoded(Stream whole, ReadOnlySpan<byte> head) =>
        head is [0xFF, 0xFE, ..] or [> 0 and < 0x80, 0, > 0 and < 0x80, 0] ? Encoding.CreateTranscodingStream(whole, Encoding.Unicode, new UTF8Encoding(false))
        : head is [0xFE, 0xFF, ..] or [0, > 0 and < 0x80, 0, > 0 and < 0x80] ? Encoding.CreateTranscodingStream(whole, Encoding.BigEndianUnicode, new UTF8Encoding(false)) : whole;

    private sealed class PrefixedStream(byte[] prefix, Stream rest) : Stream
    {
        private int given;
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override int Read(Span<byte> buffer)
        {
            if (given == prefix.Length) return rest.Read(buffer);
            var n = Math.Min(buffer.Length, prefix.Length - given);
            prefix.AsSpan(given, n).CopyTo(buffer);
            given += n;
            return n;
        }
        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        protected override void Dispose(bool disposing) { if (disposing) rest.Dispose(); base.Dispose(disposing); }
    }
}
