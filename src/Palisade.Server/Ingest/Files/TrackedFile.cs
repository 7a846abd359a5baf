using Microsoft.Win32.SafeHandles;
using Palisade.Engine.Parse.Records;

namespace Palisade.Server.Ingest;

/// <summary>
/// The content of one file from its first byte on. Renaming changes nothing; truncating ends it and begins another. Its number is the
/// sender session of the frames it gives, and the offset behind a line their sender sequence.
/// </summary>
internal sealed class TrackedFile(ulong session, string pattern)
{
    public const int HeadBytes = 1024;

    public ulong Session => session;
    /// <summary>The pattern of the configuration that found it.</summary>
    public string Pattern => pattern;
    public FileIdentity Identity { get; set; }
    public string Path { get; set; } = "";
    /// <summary>Everything before it is in the journal. In a .gz file it counts unpacked bytes.</summary>
    public long Offset { get; set; }
    /// <summary>Its first bytes, at most <see cref="HeadBytes"/>, as a hash: what tells it from a file that took its place.</summary>
    public int HeadLength { get; set; }
    public ulong HeadHash { get; set; }
    /// <summary>Nothing more will come of it: unpacked to the end, or gone.</summary>
    public bool Done { get; set; }
    /// <summary>When it was lost sight of, Unix milliseconds; 0 while it is there.</summary>
    public long GoneMs { get; set; }

    // what follows is not remembered over a restart
    public SafeFileHandle? Handle { get; set; }
    public GzipFile? Unpacked { get; set; }
    public long Size { get; set; } = -1;
    public long ModifiedNs { get; set; }
    /// <summary>Pass of the last sight.</summary>
    public long Seen { get; set; }
    public long GrownMs { get; set; }
    /// <summary>A line longer than allowed is being passed over: up to here so far; 0 when none is.</summary>
    public long SkippedTo { get; set; }
    public TextEncoding? Encoding { get; set; }
    /// <summary>Where its text stands as records: at <see cref="SkippedTo"/> or <see cref="Offset"/>, of a .gz file at the end of what was carried over; null: its bytes say.</summary>
    public RecordCutter? Cutter { get; set; }
    public int Mark { get; set; }
    /// <summary>Size and time of a .gz that could not be unpacked: not tried again until they change.</summary>
    public (long Size, long Ns) BrokenAt { get; set; }

    public bool IsGzip => Path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    public void Close()
    {
        Handle?.Dispose();
        // Unpacked again it begins at the offset.
        if (Unpacked is not null) Cutter = null;
        Unpacked?.Dispose();
        (Handle, Unpacked) = (null, null);
    }

    /// <summary>Does a file with these first bytes begin as this one did?</summary>
    public bool BeginsAs(ReadOnlySpan<byte> head) => head.Length >= HeadLength && Hash(head[..HeadLength]) == HeadHash;

    public void Remember(ReadOnlySpan<byte> head) => (HeadLength, HeadHash) = (head.Length, Hash(head));

    private static ulong Hash(ReadOnlySpan<byte> head)
    {
        Span<byte> hash = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(head, hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>
    /// Names that rotation makes of each other: access.log, access.log.1, access.log.2.gz, access.log-20261125, access-20261125.log.
    /// </summary>
    public static string Family(string path)
    {
        var name = System.IO.Path.GetFileName(path.AsSpan());
        if (name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) name = name[..^3];
        Span<char> kept = stackalloc char[name.Length];
        var n = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var digits = i + 1;
            while (digits < name.Length && char.IsAsciiDigit(name[digits])) digits++;
            if (name[i] is '.' or '-' or '_' && digits > i + 1 && (digits == name.Length || name[digits] is '.' or '-' or '_')) i = digits - 1;
            else kept[n++] = name[i];
        }
        return System.IO.Path.Join(System.IO.Path.GetDirectoryName(path), new string(kept[..n]));
    }
}
