namespace Palisade.Cli.Send;

/// <summary>Holds a sender to so many lines a second; 0 lets it run.</summary>
internal sealed class Pace(int linesPerSecond, TimeProvider time)
{
    private readonly long start = time.GetTimestamp();
    private long sent;

    /// <summary>Lines a batch should have, so that the pace is even.</summary>
    public int BatchLines => linesPerSecond == 0 ? LineBatch.MaxLines : Math.Clamp(linesPerSecond / 50, 1, LineBatch.MaxLines);

    public async ValueTask AfterAsync(int lines, CancellationToken cancellationToken)
    {
        sent += lines;
        if (linesPerSecond == 0) return;
        var ahead = TimeSpan.FromSeconds((double)sent / linesPerSecond) - time.GetElapsedTime(start);
        if (ahead > TimeSpan.FromMilliseconds(1)) await Task.Delay(ahead, time, cancellationToken);
    }
}
