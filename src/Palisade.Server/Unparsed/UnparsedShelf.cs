using System.Text;
using System.Text.Json;
using Palisade.Engine.Parse.Shapes;

namespace Palisade.Server.Unparsed;

/// <summary>A group as people see it.</summary>
/// <param name="SourceId">The log source it came by.</param>
/// <param name="Template">What stays, with words in angle brackets for what changes.</param>
/// <param name="Pattern">Suggested; fits every sample; empty: none tells these lines from others.</param>
public sealed record UnparsedGroup(
    Guid Id, uint SourceId, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen, string Template, string Pattern, IReadOnlyList<string> Samples, bool Ignored);

/// <summary>The groups of one tenant, in memory. Thread-safe.</summary>
internal sealed class UnparsedShelf
{
    /// <summary>Groups of one tenant.</summary>
    public const int MaxGroups = 200;
    /// <summary>A group that was silent so long may give way to a new one.</summary>
    private const long StaleMs = 86_400_000;

    private sealed class Entry(Guid id, ShapeGroup shape)
    {
        public Guid Id => id;
        public ShapeGroup Shape => shape;
        /// <summary>Lines counted before the shape was taken up, less what it counted while taken up.</summary>
        public long Before;
        public long First, Last;
        public bool Ignored, Changed;
        public long Count => Before + shape.Count;
    }

    private readonly Lock gate = new();
    private readonly ShapeMiner miner = new(MaxGroups);
    private readonly Dictionary<ShapeGroup, Entry> byShape = [];
    private readonly Dictionary<Guid, Entry> byId = [];
    private readonly HashSet<Guid> gone = [];

    /// <summary>Clock timestamp of the last use.</summary>
    public long UsedAt { get; set; }

    /// <summary>Lines that were not looked at: there were too many at once, or too many shapes.</summary>
    public long Overlooked { get; private set; }

    public void Overlook(long count)
    {
        lock (gate) Overlooked += count;
    }

    public void Load(UnparsedRow row)
    {
        lock (gate)
        {
            var samples = (JsonSerializer.Deserialize<string[]>(row.Samples) ?? []).Select(Encoding.UTF8.GetBytes).ToArray();
            if (miner.Restore(row.SourceId, samples) is not { } shape) return;
            var entry = new Entry(row.Id, shape)
            {
                Before = row.Count - shape.Count, First = row.FirstSeen.ToUnixTimeMilliseconds(), Last = row.LastSeen.ToUnixTimeMilliseconds(), Ignored = row.Ignored,
            };
            (byShape[shape], byId[row.Id]) = (entry, entry);
        }
    }

    /// <summary>Counts a line; false when there are too many shapes.</summary>
    public bool Add(uint source, ReadOnlySpan<byte> line, long receivedMs)
    {
        lock (gate)
        {
            var shape = miner.Add(source, line);
            if (shape is null && MakeRoom(receivedMs)) shape = miner.Add(source, line);
            if (shape is null) { Overlooked++; return false; }
            if (!byShape.TryGetValue(shape, out var entry))
            {
                entry = new Entry(Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(receivedMs)), shape) { First = receivedMs };
                (byShape[shape], byId[entry.Id]) = (entry, entry);
            }
            entry.First = Math.Min(entry.First, receivedMs);
            entry.Last = Math.Max(entry.Last, receivedMs);
            entry.Changed = true;
            return true;
        }
    }

    // Shapes seen once give way first, then those that were silent for a day: what is seen again and again stays, whatever else comes.
    private bool MakeRoom(long nowMs)
    {
        if (byId.Count < MaxGroups) return false;
        Entry? weakest = null;
        // Asked for every line of a source that nobody can read: a plain pass.
        foreach (var e in byId.Values)
            if (!e.Ignored && (e.Count == 1 || nowMs - e.Last > StaleMs) && (weakest is null || (e.Count, e.Last).CompareTo((weakest.Count, weakest.Last)) < 0)) weakest = e;
        if (weakest is null) return false;
        Drop(weakest);
        return true;
    }

    private void Drop(Entry entry)
    {
        miner.Remove(entry.Shape);
        byShape.Remove(entry.Shape);
        byId.Remove(entry.Id);
        gone.Add(entry.Id);
    }

    /// <summary>Forgets a group.</summary>
    public void Remove(Guid id)
    {
        lock (gate)
            if (byId.TryGetValue(id, out var entry)) Drop(entry);
    }

    public void Ignore(Guid id, bool ignored)
    {
        lock (gate)
            if (byId.TryGetValue(id, out var entry)) (entry.Ignored, entry.Changed) = (ignored, true);
    }

    /// <summary>All groups, the newest first.</summary>
    public IReadOnlyList<UnparsedGroup> All()
    {
        lock (gate) return [.. byId.Values.OrderByDescending(e => e.Id.ToString("N"), StringComparer.Ordinal).Select(Seen)];
    }

    public UnparsedGroup? Find(Guid id)
    {
        lock (gate) return byId.TryGetValue(id, out var entry) ? Seen(entry) : null;
    }

    private static UnparsedGroup Seen(Entry e) => new(
        e.Id, e.Shape.Scope, e.Count, DateTimeOffset.FromUnixTimeMilliseconds(e.First), DateTimeOffset.FromUnixTimeMilliseconds(e.Last),
        e.Shape.Template, e.Shape.Pattern, [.. e.Shape.Samples.Select(s => Encoding.UTF8.GetString(s))], e.Ignored);

    /// <summary>What changed since the last call, and what is gone; <see cref="Again"/> takes it back when it could not be written.</summary>
    public (IReadOnlyList<UnparsedGroup> Changed, IReadOnlyList<Guid> Gone) TakeChanges()
    {
        lock (gate)
        {
            var changed = byId.Values.Where(e => e.Changed).ToArray();
            foreach (var entry in changed) entry.Changed = false;
            Guid[] removed = [.. gone];
            gone.Clear();
            return ([.. changed.Select(Seen)], removed);
        }
    }

    public void Again(IReadOnlyList<UnparsedGroup> changed, IReadOnlyList<Guid> removed)
    {
        lock (gate)
        {
            foreach (var group in changed)
                if (byId.TryGetValue(group.Id, out var entry)) entry.Changed = true;
            gone.UnionWith(removed);
        }
    }
}
