using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.Scan;

/// <summary>Finds where a block has to end so that no record of several lines is cut in two: each block is then joined by itself, whichever thread reads it.</summary>
internal sealed class RecordTail(EngineSnapshot engine, short parser, ZoneTable? zone, long nowMs)
{
    /// <summary>Lines looked at where the last of them are records of one line.</summary>
    private const int Few = 16;

    private readonly Pipeline probe = new(engine, NoGeoLookup.Instance);

    /// <summary>Index of the first line of the record that the next block may go on with; the number of lines where there is none.</summary>
    public int Of(LineBlock block)
    {
        foreach (var look in (ReadOnlySpan<int>)[Few, RecordJoiner.MaxLines + Few])
        {
            var from = Math.Max(0, block.Count - look);
            var (first, isSure) = Look(block, from);
            if (isSure || from == 0) return first < 0 ? block.Count : first;
        }
        return block.Count;
    }

    private (int First, bool IsSure) Look(LineBlock block, int from)
    {
        var joins = new StreamJoins(atFirst: true);
        probe.Clear();
        for (var i = from; i < block.Count; i++) joins.Add(probe, new RecordInfo((ulong)i + 1, nowMs, 1, 0, parser, zone), 0, block[i]);
        var first = (int)joins.FirstOf(new LineStream(1, 0, 0)) - 1;
        if (first >= 0) return (first, first > from);
        // What nobody could read may be the middle of something that began before.
        return (-1, probe.Events.Count > 0 && probe.Events.Header(probe.Events.Count - 1) is { Refusal: ParseRefusal.None or ParseRefusal.Empty, Parser: >= 0 });
    }
}
