namespace Palisade.Cli.Scan;

/// <summary>A line that tells how far a scan is; only where a person looks at standard error.</summary>
internal sealed class ScanProgress(IReadOnlyList<string> files, TimeProvider time, TextWriter? terminal)
{
    private readonly long[] sizes = new long[files.Count];
    private long last;
    private int width;

    /// <summary>Shows progress on a terminal, and nothing in a pipe.</summary>
    public static ScanProgress ForTerminal(IReadOnlyList<string> files, TimeProvider time) =>
        new(files, time, Console.IsErrorRedirected ? null : Console.Error);

    public void Begin(int file, long size) => sizes[file] = size;

    public void Advance(long position, int file, long lines)
    {
        if (terminal is null || time.GetElapsedTime(last).TotalMilliseconds < 150) return;
        last = time.GetTimestamp();
        var share = sizes[file] > 0 ? Math.Clamp((double)position / sizes[file], 0, 1) : -1;
        var bar = share < 0 ? "" : "  " + new string('━', (int)(share * 24)).PadRight(24, '─') + $" {share,4:P0}";
        var text = $"  {Path.GetFileName(files[file])}{bar}  {lines:N0} lines";
        terminal.Write("\r" + text.PadRight(width));
        width = text.Length;
    }

    public void End()
    {
        if (terminal is null || width == 0) return;
        terminal.Write("\r" + new string(' ', width) + "\r");
    }
}
