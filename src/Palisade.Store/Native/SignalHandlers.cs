using System.Runtime.InteropServices;

namespace Palisade.Store.Native;

/// <summary>Signal handlers, which the library and .NET both want.</summary>
internal static unsafe partial class SignalHandlers
{
    private const int SigActionSize = 256; // larger than struct sigaction on every Linux
    private static readonly int[] Signals = [3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 20, 31];

    [LibraryImport("libc")] private static partial int sigaction(int signal, byte* action, byte* old);

    /// <summary>
    /// Runs code of the library that replaces signal handlers, then puts ours back. Without it a null reference in managed
    /// code would kill the process: .NET turns SIGSEGV into an exception, and chdb_connect resets that handler each time.
    /// </summary>
    public static T Keep<T>(Func<T> body)
    {
        var saved = new byte[Signals.Length * SigActionSize];
        fixed (byte* p = saved)
        {
            for (var i = 0; i < Signals.Length; i++) _ = sigaction(Signals[i], null, p + i * SigActionSize);
            try { return body(); }
            finally { for (var i = 0; i < Signals.Length; i++) _ = sigaction(Signals[i], p + i * SigActionSize, null); }
        }
    }
}
