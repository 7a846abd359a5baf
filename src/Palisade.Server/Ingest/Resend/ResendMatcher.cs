namespace Palisade.Server.Ingest;

/// <summary>What the records of a new session are so far.</summary>
public enum ResendState : byte
{
    /// <summary>They are, in order, what some broken session ended with, but not yet all of it.</summary>
    Pending,
    /// <summary>They are, in order and to its end, what a broken session ended with: sent again.</summary>
    Repeated,
    /// <summary>They are not: new records, all of them.</summary>
    Different,
}

/// <summary>
/// Tells whether a session begins by repeating the end of a broken one. A sender with acknowledgements sends everything
/// unacknowledged again, first and in order; so a repetition is a run that starts somewhere in the old session's tail and reaches
/// its end, and it holds at least what was never answered. Of several such runs the shortest counts: a line too many is better
/// than one too few.
/// </summary>
public sealed class ResendMatcher(IReadOnlyList<SenderTail> tails)
{
    private readonly List<(SenderTail Tail, int Next)> runs = [];
    private bool begun;

    /// <summary>The session that is repeated, once it is.</summary>
    public SenderTail? Found { get; private set; }

    /// <summary>Takes the digest of the session's next record.</summary>
    public ResendState Step(UInt128 digest)
    {
        if (!begun) Begin(digest); else Continue(digest);
        begun = true;
        if (Found is not null) return ResendState.Repeated;
        return runs.Count > 0 ? ResendState.Pending : ResendState.Different;
    }

    private void Begin(UInt128 digest)
    {
        foreach (var tail in tails)
            for (var i = 0; i <= tail.Count - Math.Max(1, tail.Unanswered); i++)
                if (tail[i] == digest) Advance(tail, i + 1);
    }

    private void Continue(UInt128 digest)
    {
        var before = runs.ToArray();
        runs.Clear();
        foreach (var (tail, next) in before)
            if (tail[next] == digest) Advance(tail, next + 1);
    }

    private void Advance(SenderTail tail, int next)
    {
        if (next == tail.Count) Found ??= tail; else runs.Add((tail, next));
    }
}
