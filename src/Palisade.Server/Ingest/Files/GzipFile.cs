using System.IO.Compression;
using Microsoft.Win32.SafeHandles;

namespace Palisade.Server.Ingest;

/// <summary>A .gz file being unpacked from its beginning; what is past comes only by beginning again.</summary>
internal sealed class GzipFile : IDisposable
{
    private readonly FileStream file;
    private readonly GZipStream stream;
    private readonly byte[] head = new byte[TrackedFile.HeadBytes];
    private readonly int headLength;
    private int headUsed;

    /// <exception cref="InvalidDataException">It is none.</exception>
    public GzipFile(string path)
    {
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 64 << 10);
        stream = new GZipStream(file, CompressionMode.Decompress);
        try
        {
            headLength = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Its first bytes, unpacked.</summary>
    public ReadOnlySpan<byte> Head => head.AsSpan(0, headLength);
    public SafeFileHandle Handle => file.SafeFileHandle;
    /// <summary>Unpacked bytes handed out so far.</summary>
    public long Position { get; private set; }
    /// <summary>Bytes handed out that made no whole record yet.</summary>
    public byte[] Carry { get; set; } = [];
    /// <summary>The last byte that was handed out.</summary>
    public byte Last { get; private set; }

    public int Read(Span<byte> to)
    {
        var n = Math.Min(to.Length, headLength - headUsed);
        if (n > 0)
        {
            head.AsSpan(headUsed, n).CopyTo(to);
            headUsed += n;
        }
        else n = stream.Read(to);
        Position += n;
        if (n > 0) Last = to[n - 1];
        return n;
    }

    /// <summary>Unpacks and forgets what lies before an offset.</summary>
    public void SkipTo(long offset, Span<byte> scratch)
    {
        while (Position < offset && Read(scratch[..(int)Math.Min(scratch.Length, offset - Position)]) > 0) { }
    }

    public void Dispose()
    {
        stream.Dispose();
        file.Dispose();
    }
}
