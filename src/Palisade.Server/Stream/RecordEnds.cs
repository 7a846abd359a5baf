using Palisade.Engine;
using Palisade.Journal;

namespace Palisade.Server.Streaming;

/// <summary>
/// Says when a record of several lines is whole because no more came: into the journal, so that joining is a function of the journal alone and a replay,
/// at whatever speed, joins as before.
/// </summary>
internal sealed class RecordEnds(Journal.Journal journal, IStreamEngine engine, TimeProvider clock)
{
    /// <summary>Time without a line after which a record is whole.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    private sealed class Seen
    {
        public long Revision, Since;
        public bool IsAsked;
    }

    private readonly Dictionary<LineStream, Seen> streams = [];
    private readonly HashSet<LineStream> gone = [];
    private long lookedAt;

    /// <summary>Something waits for its end.</summary>
    public bool AreAwaited => streams.Count > 0 || engine.Waiting.Any();

    /// <summary>Looks at what waits, and ends what has waited long enough. While the journal takes nothing it is asked again.</summary>
    public void Ask()
    {
        if (lookedAt != 0 && clock.GetElapsedTime(lookedAt) < Look) return;
        lookedAt = clock.GetTimestamp();
        gone.UnionWith(streams.Keys);
        foreach (var (stream, revision) in engine.Waiting)
        {
            gone.Remove(stream);
            if (!streams.TryGetValue(stream, out var seen)) streams[stream] = seen = new Seen { Since = lookedAt, Revision = revision };
            if (seen.Revision != revision) (seen.Revision, seen.Since, seen.IsAsked) = (revision, lookedAt, false);
            else if (!seen.IsAsked && clock.GetElapsedTime(seen.Since) >= Patience) seen.IsAsked = End(stream);
        }
        foreach (var stream in gone) streams.Remove(stream);
        gone.Clear();
    }

    private bool End(LineStream stream)
    {
        var header = new FrameHeader(clock.GetUtcNow().ToUnixTimeMilliseconds(), stream.Tenant, stream.Source, FrameKind.RecordEnd, stream.Session, 0, 0);
        return journal.Append(header, default, out _) == AppendResult.Ok;
    }
}
