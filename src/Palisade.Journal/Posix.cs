using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Journal;

/// <summary>The two things .NET does not offer: fsync of a folder, and names for the errors of a full disk.</summary>
internal static partial class Posix
{
    private const int ReadOnlyDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC on x64
    private const int ReadOnlyDirectoryArm = 0x4000 | 0x80000;
    private const int FileTooLarge = 27, NoSpace = 28, QuotaExceeded = 122;

    /// <summary>Makes new, renamed and removed names in a folder durable.</summary>
    /// <exception cref="IOException">The folder cannot be opened or synchronised.</exception>
    public static void SyncDirectory(string path)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        var arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
        var fd = Open(name, arm ? ReadOnlyDirectoryArm : ReadOnlyDirectory);
        if (fd < 0) throw Failure("open folder", path);
        try
        {
            if (FSync(fd) != 0) throw Failure("fsync of folder", path);
        }
        finally
        {
            _ = Close(fd);
        }
    }

    /// <summary>Does this error mean that there is no room?</summary>
    public static bool IsNoSpace(IOException error) => error.HResult is NoSpace or QuotaExceeded or FileTooLarge;

    private static IOException Failure(string what, string path)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{what} {path}: {Marshal.GetPInvokeErrorMessage(errno)}", errno);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int fd);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int fd);
}
