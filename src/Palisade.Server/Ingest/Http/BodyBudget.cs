namespace Palisade.Server.Ingest;

/// <summary>Bytes of request bodies held in memory at once, over all requests.</summary>
public sealed class BodyBudget(long limit)
{
    private long used;

    public long Used => Interlocked.Read(ref used);

    /// <summary>Takes bytes; false, with nothing taken, when they would pass the limit.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= limit) return true;
        Interlocked.Add(ref used, -bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}
