using System.Formats.Tar;
using System.IO.Compression;

namespace Palisade.Engine.Rules;

/// <summary>What is taken out of an archive of rules.</summary>
public sealed record ArchiveLimits
{
    /// <summary>Entries looked at, folders and other files included.</summary>
    public int Entries { get; init; } = 100_000;
    /// <summary>Rule files taken.</summary>
    public int Files { get; init; } = 20_000;
    /// <summary>Bytes of one rule file, unpacked.</summary>
    public int FileBytes { get; init; } = 1 << 20;
    /// <summary>Bytes of everything that is unpacked, whether taken or not.</summary>
    public long TotalBytes { get; init; } = 512L << 20;
}

/// <summary>Rule files out of a zip or tar.gz archive.</summary>
/// <param name="Problem">Why reading ended before the end of the archive; null: it did not.</param>
/// <param name="TooLarge">Rule files that were left out for their size.</param>
public sealed record ArchiveRules(IReadOnlyList<(string path, byte[] bytes)> Files, string? Problem, IReadOnlyList<string> TooLarge);

/// <summary>
/// Reads rule files from archives that anybody may have made. What is unpacked is counted as it comes out, never believed from a header, so a bomb ends at
/// the limit; names are only names: nothing is written anywhere.
/// </summary>
public static class RuleArchive
{
    /// <summary>Reads a zip (by its first bytes), a gzipped tar, or a single YAML file.</summary>
    /// <param name="stream">Must be seekable.</param>
    public static ArchiveRules Read(Stream stream, string name, ArchiveLimits limits)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(limits);
        Span<byte> head = stackalloc byte[4];
        var n = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        stream.Position = 0;
        var taking = new Taking(limits);
        try
        {
            if (n == 4 && head.StartsWith("PK"u8)) Zip(stream, taking);
            else if (n >= 2 && head[0] == 0x1F && head[1] == 0x8B) Tar(stream, taking);
            else if (!taking.Take(name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) ? name : name + ".yml", stream)) taking.Problem ??= "it is too large";
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            taking.Problem = "it is damaged: " + e.Message;
        }
        return new ArchiveRules(taking.Files, taking.Problem, taking.TooLarge);
    }

    private static void Zip(Stream stream, Taking taking)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        foreach (var entry in zip.Entries)
        {
            if (!taking.Next()) return;
            if (!IsRule(entry.FullName)) continue;
            using var content = entry.Open();
            if (!taking.Take(entry.FullName, content)) return;
        }
    }

    private static void Tar(Stream stream, Taking taking)
    {
        using var plain = new Counted(new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true), taking);
        using var tar = new TarReader(plain, leaveOpen: true);
        while (tar.GetNextEntry() is { } entry)
        {
            if (!taking.Next()) return;
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || entry.DataStream is null || !IsRule(entry.Name)) continue;
            if (!taking.Take(entry.Name, entry.DataStream, counted: true)) return;
        }
    }

    private static bool IsRule(string name) =>
        (name.EndsWith(".yml", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)) && !name.Split('/').Any(p => p.StartsWith('.') && p is not ("." or ".."));

    /// <summary>What was taken so far, and what may still be.</summary>
    private sealed class Taking(ArchiveLimits limits)
    {
        private int entries;
        private long total;
        public List<(string, byte[])> Files { get; } = [];
        public List<string> TooLarge { get; } = [];
        public string? Problem { get; set; }

        public bool Next()
        {
            if (++entries <= limits.Entries) return true;
            Problem = $"it has more than {limits.Entries} entries";
            return false;
        }

        /// <summary>Counts bytes that came out; throws past the limit.</summary>
        public void Count(long bytes)
        {
            total += bytes;
            if (total > limits.TotalBytes) throw new InvalidDataException($"more than {limits.TotalBytes >> 20} MiB come out of it");
        }

        /// <summary>Takes one file; false when no more may be taken.</summary>
        public bool Take(string name, Stream content, bool counted = false)
        {
            if (Files.Count == limits.Files)
            {
                Problem = $"it has more than {limits.Files} rule files";
                return false;
            }
            using var bytes = new MemoryStream();
            var buffer = new byte[16 << 10];
            for (int n; (n = content.Read(buffer)) > 0;)
            {
                if (!counted) Count(n);
                if (bytes.Length + n > limits.FileBytes)
                {
                    if (TooLarge.Count < 100) TooLarge.Add(name);
                    return true;
                }
                bytes.Write(buffer, 0, n);
            }
            Files.Add((name, bytes.ToArray()));
            return true;
        }
    }

    /// <summary>Counts what comes out of the compression, also what the tar reader skips.</summary>
    private sealed class Counted(Stream inner, Taking taking) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var n = inner.Read(buffer);
            taking.Count(n);
            return n;
        }

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
