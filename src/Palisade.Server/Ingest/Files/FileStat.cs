using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Palisade.Server.Ingest;

/// <summary>Which file it is, whatever its name: device, inode, and birth, so that an inode used again is another file.</summary>
/// <param name="Born">Birth in nanoseconds since 1970; 0 where the file system does not know.</param>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, long Born);

/// <summary>What the kernel says of a file (statx(2)), links followed.</summary>
internal readonly record struct FileStat(FileIdentity Identity, long Size, long ModifiedNs, bool IsRegular)
{
    private const int CurrentFolder = -100, EmptyPath = 0x1000, NoEntry = 2, NotAFolder = 20;
    private const uint Basic = 0x7FF, Birth = 0x800;

    /// <summary>Null when there is no such file.</summary>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be searched.</exception>
    /// <exception cref="IOException">Anything else.</exception>
    public static FileStat? Of(string path)
    {
        Span<byte> buffer = stackalloc byte[256];
        if (Call(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, buffer) is not (var errno and not 0)) return Read(buffer);
        if (errno is NoEntry or NotAFolder) return null;
        var message = $"{path}: {Marshal.GetPInvokeErrorMessage(errno)}";
        throw errno is 13 or 1 ? new UnauthorizedAccessException(message) : new IOException(message, errno);
    }

    /// <summary>Of an open file.</summary>
    public static FileStat Of(SafeFileHandle handle)
    {
        Span<byte> buffer = stackalloc byte[256];
        var errno = Call((int)handle.DangerousGetHandle(), [0], EmptyPath, buffer);
        GC.KeepAlive(handle);
        return errno == 0 ? Read(buffer) : throw new IOException(Marshal.GetPInvokeErrorMessage(errno), errno);
    }

    // struct statx: 28 mode u16 | 32 inode u64 | 40 size u64 | 80 birth s64, u32 ns | 112 modified s64, u32 ns | 136 device major u32, minor u32
    private static FileStat Read(ReadOnlySpan<byte> s) => new(
        new FileIdentity(
            (ulong)BinaryPrimitives.ReadUInt32LittleEndian(s[136..]) << 32 | BinaryPrimitives.ReadUInt32LittleEndian(s[140..]),
            BinaryPrimitives.ReadUInt64LittleEndian(s[32..]),
            (BinaryPrimitives.ReadUInt32LittleEndian(s) & Birth) != 0 ? Nanoseconds(s[80..]) : 0),
        BinaryPrimitives.ReadInt64LittleEndian(s[40..]), Nanoseconds(s[112..]), (BinaryPrimitives.ReadUInt16LittleEndian(s[28..]) & 0xF000) == 0x8000);

    private static long Nanoseconds(ReadOnlySpan<byte> s) => BinaryPrimitives.ReadInt64LittleEndian(s) * 1_000_000_000 + BinaryPrimitives.ReadUInt32LittleEndian(s[8..]);

    private static int Call(int folder, ReadOnlySpan<byte> path, int flags, Span<byte> buffer) =>
        StatX(folder, ref MemoryMarshal.GetReference(path), flags, Basic | Birth, ref MemoryMarshal.GetReference(buffer)) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(int folder, ref byte path, int flags, uint mask, ref byte buffer);
}
