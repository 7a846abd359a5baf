using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Palisade.Engine.Correlate;

/// <summary>
/// Memory in pages of two megabytes where the system gives them (Linux, transparent huge pages set to <c>madvise</c> or <c>always</c>): what is read at random and is
/// larger than the processor's table of pages costs a walk through the page tables each time otherwise.
/// </summary>
internal static partial class HugePages
{
    private const int Large = 2 << 20, Small = 4096, Advice = 14;

    /// <summary>Asks for them for a pinned array that nobody has written to yet. A wish: where it is not granted everything is as it was.</summary>
    public static unsafe void Ask(byte[] pinned)
    {
        if (pinned.Length < Large || !OperatingSystem.IsLinux()) return;
        var at = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        var begin = (at + Small - 1) / Small * Small;
        _ = Advise(begin, (at + (nuint)pinned.Length) / Small * Small - begin, Advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")] private static partial int Advise(nuint address, nuint length, int advice);
}
