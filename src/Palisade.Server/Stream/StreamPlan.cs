using System.Text.Json;

namespace Palisade.Server.Streaming;

/// <summary>One insert of a plan: the rows of one day.</summary>
/// <param name="Day">Days since 1970-01-01 UTC.</param>
/// <param name="Token">What the event store knows this insert by.</param>
public sealed record PlannedInsert(int Day, string Token, int Rows);

/// <summary>Events up to this sequence (from the run before) lie in this day.</summary>
public readonly record struct DayRun(ulong UpTo, int Day);

/// <summary>
/// What is about to be inserted, written to disk before. After a crash the same range goes again with the same boundaries,
/// days and tokens, even when a newer parser would read another day out of a record: the store then drops what it has.
/// </summary>
/// <param name="From">First journal sequence of the range.</param>
/// <param name="To">Last journal sequence of the range, records and refusals alike.</param>
public sealed record StreamPlan(ulong From, ulong To, string Version, IReadOnlyList<PlannedInsert> Inserts, IReadOnlyList<DayRun> Days)
{
    /// <summary>Token of the findings of the range.</summary>
    public string FindingsToken => Inserts.Count == 0 ? "" : Inserts[0].Token + "-f";

    /// <summary>The day planned for an event of the range.</summary>
    public int DayOf(ulong sequence)
    {
        int low = 0, high = Days.Count - 1;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sequence <= Days[middle].UpTo) high = middle; else low = middle + 1;
        }
        return Days[low].Day;
    }

    public string TokenOf(int day, int node) => Inserts.FirstOrDefault(i => i.Day == day)?.Token ?? Token(node, From, To, day, Version);

    /// <summary>(node, range, day, parser version): what the store recognises a repeated insert by.</summary>
    public static string Token(int node, ulong from, ulong to, int day, string version) => $"{node}-{from}-{to}-{day}-{version}";
}

/// <summary>The file that holds the plan in progress.</summary>
public sealed class PlanFile(string path)
{
    /// <summary>The last plan, or null when there is none.</summary>
    /// <exception cref="InvalidDataException">The file is there and cannot be read: going on could store records twice.</exception>
    public StreamPlan? Read()
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<StreamPlan>(File.ReadAllBytes(path)) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The insert plan {path} is damaged ({e.Message}). Move it away to go on; the range it named may then be stored twice.", e);
        }
    }

    public void Write(StreamPlan plan) => AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(plan));
}
