using System.Net.Sockets;
using Palisade.Journal;

namespace Palisade.Server.Ingest;

/// <summary>
/// What senders may send again: the ends of broken sessions, and bodies whose answer was not delivered. Bounded in number and
/// age; rebuilt from the end of the journal after a crash. See docs/adr/0002-known-resends.md.
/// </summary>
public sealed class ResendMemory(TimeProvider clock)
{
    private const int MaxTails = 1024, MaxTailsPerSender = 8, MaxBodies = 4096, MaxBodiesPerLane = 64;
    /// <summary>Frames at the end of the journal that are read after a start.</summary>
    private const ulong RecoveredFrames = 100_000;
    /// <summary>A request whose last record came at most so long before the journal's end may have had no answer, milliseconds.</summary>
    private const long AnswerDoubtMs = 10_000;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1), EndPatience = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly LinkedList<(uint Who, SenderTail Tail)> tails = [];
    private readonly LinkedList<Body> bodies = [];
    private readonly LinkedList<(uint Who, Socket Socket, Task Over)> live = [];

    /// <summary>The first records of a body, as one digest.</summary>
    private readonly record struct Body(IngestLane Lane, int Count, UInt128 Chain, ulong Session, long At);

    /// <summary>A session begins; it is over when the task is.</summary>
    public void Enter(uint who, Socket socket, Task over)
    {
        lock (gate) live.AddLast((who, socket, over));
    }

    /// <summary>
    /// Broken sessions of a sender; empty nearly always. One whose connection is down may still be writing what it got: that is
    /// waited for, as its sender is here again already.
    /// </summary>
    public async ValueTask<IReadOnlyList<SenderTail>> TailsOfAsync(uint who, CancellationToken stop)
    {
        Task[] ending;
        lock (gate) ending = [.. live.Where(l => l.Who == who && PeerConnection.IsDown(l.Socket)).Select(l => l.Over)];
        try
        {
            if (ending.Length > 0) await Task.WhenAll(ending).WaitAsync(EndPatience, clock, stop);
        }
        catch (TimeoutException)
        {
            // It hangs on something else than its sender; what it holds may be stored again.
        }
        lock (gate)
        {
            while (tails.First is { } oldest && clock.GetElapsedTime(oldest.Value.Tail.LeftAt) > Kept) tails.RemoveFirst();
            return [.. tails.Where(t => t.Who == who).Select(t => t.Tail)];
        }
    }

    /// <summary>A session ended.</summary>
    /// <param name="tail">What its sender may send again; null after a farewell.</param>
    public void Leave(uint who, Socket socket, SenderTail? tail)
    {
        lock (gate) Remove(live, l => l.Socket == socket);
        if (tail is not null) Leave(who, tail);
    }

    private void Leave(uint who, SenderTail tail)
    {
        if (tail.Count == 0) return;
        lock (gate)
        {
            tail.LeftAt = clock.GetTimestamp();
            tails.AddLast((who, tail));
            if (tails.Count(t => t.Who == who) > MaxTailsPerSender) Remove(tails, t => t.Who == who);
            if (tails.Count > MaxTails) tails.RemoveFirst();
        }
    }

    /// <summary>A new session goes on where this one broke; false when another one was faster.</summary>
    public bool Take(SenderTail tail)
    {
        lock (gate) return Remove(tails, t => ReferenceEquals(t.Tail, tail));
    }

    /// <summary>How many records bodies of this lane may repeat; empty nearly always.</summary>
    public IReadOnlySet<int> BodiesOf(IngestLane lane)
    {
        lock (gate)
        {
            while (bodies.First is { } oldest && clock.GetElapsedTime(oldest.Value.At) > Kept) bodies.RemoveFirst();
            return bodies.Count == 0 ? new HashSet<int>() : bodies.Where(b => b.Lane == lane).Select(b => b.Count).ToHashSet();
        }
    }

    /// <summary>Senders wait whose answer was broken off.</summary>
    public bool HasBodies { get { lock (gate) return bodies.Count > 0; } }

    /// <summary>Forgets the beginning of a body without an answer: what is repeated once is known.</summary>
    /// <returns>The session under which those records are in the journal; 0 when another one was faster.</returns>
    public ulong TakeBody(IngestLane lane, int count, UInt128 chain)
    {
        lock (gate)
        {
            var session = bodies.FirstOrDefault(b => b.Lane == lane && b.Count == count && b.Chain == chain).Session;
            if (session != 0) Remove(bodies, b => b.Session == session && b.Count == count);
            return session;
        }
    }

    /// <summary>Is this the beginning of a body without an answer?</summary>
    public bool KnowsBody(IngestLane lane, int count, UInt128 chain)
    {
        lock (gate) return bodies.Any(b => b.Lane == lane && b.Count == count && b.Chain == chain);
    }

    /// <summary>The first records of this body are in the journal and its sender has not heard so.</summary>
    public void LeaveBody(IngestLane lane, int count, UInt128 chain, ulong session)
    {
        if (count == 0) return;
        lock (gate)
        {
            bodies.AddLast(new Body(lane, count, chain, session, clock.GetTimestamp()));
            if (bodies.Count(b => b.Lane == lane) > MaxBodiesPerLane) Remove(bodies, b => b.Lane == lane);
            if (bodies.Count > MaxBodies) bodies.RemoveFirst();
        }
    }

    /// <summary>After a start: every session at the journal's end is a broken one.</summary>
    /// <param name="stoppedCleanly">All HTTP requests had their answer before the stop.</param>
    public (int Sessions, int Bodies) Recover(Journal.Journal journal, bool stoppedCleanly)
    {
        var last = journal.DurableSequence;
        using var reader = journal.Look(last > RecoveredFrames ? last - RecoveredFrames : 0);
        var batch = new JournalBatch();
        var found = new Dictionary<ulong, SenderTail>();
        var requests = new Dictionary<ulong, (Body Body, long ReceivedMs)>();
        long end = 0;
        while (reader.Position < last && reader.Read(batch, 4096) > 0)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                var header = batch.Header(i);
                end = header.ReceivedMs;
                if (header.Kind != FrameKind.Record || header.SenderSession == 0 || SenderSession.IsFile(header.SenderSession)) continue;
                var digest = RecordDigest.Of(new IngestLane(header.Tenant, header.Source), batch.Payload(i));
                if (SenderSession.IsRequest(header.SenderSession)) Extend(requests, header, digest);
                else
                {
                    if (!found.TryGetValue(header.SenderSession, out var tail)) found[header.SenderSession] = tail = SenderTail.From(header.SenderSession, header.SenderSequence - 1);
                    tail.Add(digest);
                }
            }
        }
        foreach (var (session, tail) in found)
        {
            tail.Unanswered = 0;
            Leave(SenderSession.WhoOf(session), tail);
        }
        var doubtful = stoppedCleanly ? [] : requests.Values.Where(r => r.Body.Count > 0 && r.ReceivedMs >= end - AnswerDoubtMs).ToList();
        foreach (var (body, _) in doubtful) LeaveBody(body.Lane, body.Count, body.Chain, body.Session);
        return (found.Count, doubtful.Count);
    }

    /// <summary>The records of a request as far as they are a beginning: a request that began before what is read is left out.</summary>
    private static void Extend(Dictionary<ulong, (Body Body, long ReceivedMs)> requests, in FrameHeader header, UInt128 digest)
    {
        var lane = new IngestLane(header.Tenant, header.Source);
        if (!requests.TryGetValue(header.SenderSession, out var known)) known = (new Body(lane, 0, 0, header.SenderSession, 0), 0);
        if (header.SenderSequence != (ulong)known.Body.Count + 1) return;
        requests[header.SenderSession] = (known.Body with { Count = known.Body.Count + 1, Chain = RecordDigest.Chain(known.Body.Chain, digest) }, header.ReceivedMs);
    }

    /// <summary>Takes the oldest that fits out.</summary>
    private static bool Remove<T>(LinkedList<T> list, Func<T, bool> fits)
    {
        for (var node = list.First; node is not null; node = node.Next)
        {
            if (!fits(node.Value)) continue;
            list.Remove(node);
            return true;
        }
        return false;
    }
}
