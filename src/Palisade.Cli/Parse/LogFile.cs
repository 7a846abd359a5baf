using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Palisade.Cli.Parse;

/// <summary>Opens what logs come in: plain, gzip and zstd, told by their first bytes, not by their names.</summary>
internal static class LogFile
{
    public static Stream Open(string path)
    {
        if (path == "-") return Unpack(Console.OpenStandardInput(), "standard input");
        if (Directory.Exists(path)) throw new CliException(ExitCodes.BadInput, $"{path} is a folder; name the files in it ({path.TrimEnd('/')}/*).");
        try
        {
            return Unpack(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException) { throw new CliException(ExitCodes.BadInput, $"{path}: no such file."); }
        catch (UnauthorizedAccessException) { throw new CliException(ExitCodes.BadInput, $"{path}: not allowed to read it (try sudo, or copy it first)."); }
    }

    private static Stream Unpack(Stream stream, string name)
    {
        var head = new byte[4];
        var n = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        var whole = new PrefixedStream(head.AsSpan(0, n).ToArray(), stream);
        if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b) return Plain(new CompressedStream(new GZipStream(whole, CompressionMode.Decompress), name));
        if (n == 4 && head.AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])) return Plain(new CompressedStream(new DecompressionStream(whole), name));
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

    /// <summary>Says which file is damaged.</summary>
    private sealed class CompressedStream(Stream plain, string name) : ReadStream
    {
        public override int Read(Span<byte> buffer)
        {
            try
            {
                return plain.Read(buffer);
            }
            catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
            {
                throw new CliException(ExitCodes.BadInput, $"{name}: the compressed data is damaged: {e.Message}");
            }
        }
        protected override void Dispose(bool disposing) { if (disposing) plain.Dispose(); base.Dispose(disposing); }
    }

    private sealed class PrefixedStream(byte[] prefix, Stream rest) : ReadStream
    {
        private int given;
        public override int Read(Span<byte> buffer)
        {
            if (given == prefix.Length) return rest.Read(buffer);
            var n = Math.Min(buffer.Length, prefix.Length - given);
            prefix.AsSpan(given, n).CopyTo(buffer);
            given += n;
            return n;
        }
        protected override void Dispose(bool disposing) { if (disposing) rest.Dispose(); base.Dispose(disposing); }
    }

    /// <summary>Read from the front, once.</summary>
    private abstract class ReadStream : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
