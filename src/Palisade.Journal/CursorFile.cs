using System.Buffers.Binary;

namespace Palisade.Journal;

/// <summary>
/// A reader's place, one small file each: written to the side, made durable, then renamed over the old one.
/// <code>
///  0  8    magic "PLSDCUR\n"
///  8  u32  format version   1
/// 12  u64  committed        last sequence its owner is done with
/// 20  u32  CRC-32C over bytes 0..19
/// </code>
/// </summary>
internal sealed class CursorFile
{
    private const int Bytes = 24;
    private const uint Version = 1;
    private const string Extension = ".cursor";
    private static ReadOnlySpan<byte> Magic => "PLSDCUR\n"u8;
    private readonly string path;
    private readonly byte[] scratch = new byte[Bytes];
    private long committed;

    private CursorFile(string path, string name)
    {
        this.path = path;
        Name = name;
    }

    public string Name { get; }
    public ulong Committed => (ulong)Volatile.Read(ref committed);

    /// <summary>Every cursor of a journal folder.</summary>
    /// <exception cref="JournalException">A cursor is damaged or of a newer version.</exception>
    public static List<CursorFile> LoadAll(string directory)
    {
        var found = new List<CursorFile>();
        foreach (var path in Directory.EnumerateFiles(directory, "*" + Extension))
        {
            var cursor = new CursorFile(path, Path.GetFileNameWithoutExtension(path));
            cursor.committed = (long)cursor.Load();
            found.Add(cursor);
        }
        return found;
    }

    /// <summary>A place in memory only: it holds nothing back and is never saved.</summary>
    public static CursorFile Detached(ulong committed) => new("", "") { committed = (long)committed };

    /// <summary>A new cursor, durable before this returns.</summary>
    public static CursorFile Create(string directory, string name, ulong committed)
    {
        var cursor = new CursorFile(Path.Combine(directory, name + Extension), name);
        cursor.Save(committed);
        return cursor;
    }

    public static bool IsName(string name)
    {
        if (name.Length is 0 or > 64) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) return false;
        }
        return true;
    }

    public void Save(ulong sequence)
    {
        Magic.CopyTo(scratch);
        BinaryPrimitives.WriteUInt32LittleEndian(scratch.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(scratch.AsSpan(12), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(scratch.AsSpan(20), Crc32C.Compute(scratch.AsSpan(0, 20)));
        var temporary = path + ".new";
        using (var handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(handle, scratch, 0);
            RandomAccess.FlushToDisk(handle);
        }
        File.Move(temporary, path, overwrite: true);
        Posix.SyncDirectory(Path.GetDirectoryName(path)!);
        Volatile.Write(ref committed, (long)sequence);
    }

    public void Delete()
    {
        File.Delete(path);
        Posix.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    private ulong Load()
    {
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length >= 12 && bytes.AsSpan().StartsWith(Magic) && BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) > Version)
        {
            throw new JournalException(JournalProblem.NewerFormat, $"{path} was written by a newer version of Palisade. Start that version, or restore a backup made by this one.");
        }
        if (bytes.Length != Bytes || !bytes.AsSpan().StartsWith(Magic)
            || Crc32C.Compute(bytes.AsSpan(0, 20)) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(20)))
        {
            throw new JournalException(JournalProblem.BadCursor, $"{path} is damaged. Remove it to let its reader start again from the oldest record.");
        }
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(12));
    }
}
