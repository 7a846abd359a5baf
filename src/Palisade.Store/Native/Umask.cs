using System.Runtime.InteropServices;

namespace Palisade.Store.Native;

/// <summary>Permissions that new files never get.</summary>
internal static partial class Umask
{
    public const uint OwnerOnly = 0x3F; // 0077

    [LibraryImport("libc")] private static partial uint umask(uint mask);

    /// <summary>Sets the mask; returns the one before.</summary>
    public static uint Set(uint mask) => umask(mask);
}
