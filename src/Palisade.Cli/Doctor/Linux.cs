using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Cli.Doctor;

/// <summary>What .NET does not say about Linux: owners, the C library, whether the clock is kept by anyone.</summary>
internal static partial class Linux
{
    private const int CurrentFolder = -100, MaskUid = 0x8, UidAt = 20;      // statx(2), linux/stat.h
    private const int TimeError = 5;                                        // adjtimex(2): TIME_ERROR

    /// <summary>User that this process works as.</summary>
    public static uint User => EffectiveUser();

    /// <summary>Owner of a file or folder.</summary>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static uint OwnerOf(string path)
    {
        var answer = new byte[256];
        if (StatX(CurrentFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, MaskUid, answer) != 0)
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        return BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(UidAt));
    }

    /// <summary>Name and number of a user, for people.</summary>
    public static string NameOf(uint user)
    {
        var number = user.ToString(CultureInfo.InvariantCulture);
        var name = File.Exists("/etc/passwd") ? File.ReadLines("/etc/passwd").Select(l => l.Split(':')).FirstOrDefault(c => c.Length > 2 && c[2] == number)?[0] : null;
        return name is null ? $"uid {number}" : $"{name} (uid {number})";
    }

    /// <summary>Version of glibc; null with another C library.</summary>
    public static string? GlibcVersion()
    {
        if (!NativeLibrary.TryLoad("libc.so.6", out var library) || !NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _)) return null;
        return Marshal.PtrToStringUTF8(GlibcVersionText());
    }

    /// <summary>Whether the kernel says that nobody keeps its clock (no NTP client).</summary>
    public static bool ClockIsUnkept() => ReadClock(new byte[512]) == TimeError;

    [LibraryImport("libc", EntryPoint = "geteuid")] private static partial uint EffectiveUser();
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)] private static partial int StatX(int folder, byte[] path, int flags, uint mask, byte[] answer);
    [LibraryImport("libc", EntryPoint = "gnu_get_libc_version")] private static partial IntPtr GlibcVersionText();
    [LibraryImport("libc", EntryPoint = "adjtimex")] private static partial int ReadClock(byte[] timex);
}
