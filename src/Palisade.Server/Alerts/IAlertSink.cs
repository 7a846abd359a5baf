namespace Palisade.Server.Alerts;

/// <summary>Where the stream hands over findings.</summary>
public interface IAlertSink
{
    /// <summary>Journal sequence up to which this node's findings are in alerts; 0 at the very start.</summary>
    Task<ulong> PositionAsync(int node, CancellationToken stop);

    /// <summary>
    /// Groups findings into alerts and moves the position to <paramref name="toSequence"/>, both in one transaction.
    /// Findings at or below the stored position are skipped, so that a replay changes nothing.
    /// </summary>
    /// <param name="findings">In journal order.</param>
    /// <param name="fromSequence">First sequence of the range they come from.</param>
    /// <param name="toSequence">Last sequence of the range.</param>
    Task ApplyAsync(int node, IReadOnlyList<FindingProjection> findings, ulong fromSequence, ulong toSequence, CancellationToken stop);
}
