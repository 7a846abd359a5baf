using Microsoft.Win32.SafeHandles;

namespace Palisade.Journal;

/// <summary>One segment file as readers see it: how much of it is durable, and whether more will come.</summary>
internal sealed class Segment(string path, ulong first)
{
    private long durable;
    private ulong last = first - 1;
    private volatile bool isSealed;

    public string Path { get; } = path;
    public string Name => System.IO.Path.GetFileName(Path);
    /// <summary>Sequence the first frame has or will have.</summary>
    public ulong First { get; } = first;
    /// <summary>Bytes that may be read.</summary>
    public long Durable => Volatile.Read(ref durable);
    /// <summary>Sequence of the last durable frame; First - 1 when there is none.</summary>
    public ulong Last => Volatile.Read(ref last);
    public bool IsSealed => isSealed;

    /// <summary>Called by the writer, after the fsync.</summary>
    public void Advance(long bytes, ulong lastSequence)
    {
        Volatile.Write(ref last, lastSequence);
        Volatile.Write(ref durable, bytes);
    }

    public void Seal() => isSealed = true;

    public SafeFileHandle OpenForReading() =>
        File.OpenHandle(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan);

    /// <summary>Signature of a segment that is written to its end.</summary>
    public static string SignatureOf(string path) => System.IO.Path.ChangeExtension(path, ".sig");

    public static string FileName(ulong first) => first.ToString("D20") + ".seg";

    /// <summary>Segment files of a folder, by first sequence.</summary>
    public static List<(string Path, ulong First)> List(string directory)
    {
        var found = new List<(string, ulong)>();
        foreach (var path in Directory.EnumerateFiles(directory, "*.seg"))
        {
            if (ulong.TryParse(System.IO.Path.GetFileNameWithoutExtension(path), out var first)) found.Add((path, first));
        }
        found.Sort(static (a, b) => a.Item2.CompareTo(b.Item2));
        return found;
    }
}
