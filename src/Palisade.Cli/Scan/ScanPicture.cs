using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>Everything the reports show, added up in bounded memory while the lines go by.</summary>
internal sealed class ScanPicture
{
    private const int Keys = 20_000;

    public sealed class Tally : TopTable<Tally>.ICounted
    {
        public long Count { get; set; }
    }

    /// <summary>One class of attack.</summary>
    public sealed class ClassRow : TopTable<ClassRow>.ICounted
    {
        public long Count { get; set; }
        public long[] Outcomes { get; } = new long[5];
        public FindingLevel Level { get; set; }
        public string Title { get; set; } = "";
        public TopTable<Tally> Techniques { get; } = new(200);
    }

    /// <summary>One attacking address.</summary>
    public sealed class SourceRow : TopTable<SourceRow>.ICounted
    {
        public long Count { get; set; }
        public string Country { get; set; } = "";
        public string Organisation { get; set; } = "";
        public long FirstMs { get; set; } = long.MaxValue;
        public long LastMs { get; set; }
        public Dictionary<string, long> Classes { get; } = new(StringComparer.Ordinal);
        public string MainClass => Classes.Count == 0 ? "" : Classes.MaxBy(c => c.Value).Key;
    }

    public long Lines { get; set; }
    public long Bytes { get; set; }
    public long Unparsed { get; set; }
    public long CutLines { get; set; }
    /// <summary>Lines with at least one finding of level medium or higher.</summary>
    public long AttackLines { get; private set; }
    public long Findings { get; private set; }
    public long ContextFindings { get; private set; }
    public long FirstMs { get; private set; } = long.MaxValue;
    public long LastMs { get; private set; } = long.MinValue;
    public long[] Outcomes { get; } = new long[5];
    public TopTable<ClassRow> Classes { get; } = new(200);
    public TopTable<SourceRow> Sources { get; } = new(Keys);
    public TopTable<Tally> Targets { get; } = new(Keys);
    public TopTable<Tally> Methods { get; } = new(200);
    public TopTable<Tally> Rules { get; } = new(Keys);
    public Timeline Timeline { get; } = new();
    public TimeSpan Elapsed { get; set; }
    /// <summary>Stories the findings make together, the most pressing first; known once all is read.</summary>
    public IReadOnlyList<IncidentRow> Incidents { get; set; } = [];
    /// <summary>Highest level of a finding or an incident.</summary>
    public FindingLevel? Highest => Incidents.Count > 0 && (highest is null || Incidents[0].LevelOf > highest) ? Incidents[0].LevelOf : highest;
    private FindingLevel? highest;

    public void AddEvent(long timeMs, bool hasTime)
    {
        if (!hasTime) return;
        FirstMs = Math.Min(FirstMs, timeMs);
        LastMs = Math.Max(LastMs, timeMs);
    }

    /// <param name="verdict">The first finding of its line.</param>
    public void AddFinding(FindingRow row, bool verdict)
    {
        Findings++;
        if (highest is null || row.Rule.Level > highest) highest = row.Rule.Level;
        Rules[row.Rule.Id].Count++;
        if (row.Rule.ContextOnly) { ContextFindings++; return; }
        if (!verdict) return;
        AttackLines++;
        Outcomes[(int)row.Outcome]++;
        var c = Classes[row.Rule.Class];
        c.Count++;
        c.Outcomes[(int)row.Outcome]++;
        c.Title = row.Rule.Name;
        if (row.Rule.Level > c.Level) c.Level = row.Rule.Level;
        c.Techniques[row.Technique ?? row.Rule.Name].Count++;
        if (row.Method.Length > 0) Methods[row.Method].Count++;
        if (row.Target.Length > 0) Targets[row.Target].Count++;
        Timeline.Add(row.TimeMs);
        if (row.SourceIp.Length == 0) return;
        var s = Sources[row.SourceIp];
        s.Count++;
        s.Country = row.Country;
        s.Organisation = row.Organisation;
        s.FirstMs = Math.Min(s.FirstMs, row.TimeMs);
        s.LastMs = Math.Max(s.LastMs, row.TimeMs);
        s.Classes[row.Rule.Class] = s.Classes.GetValueOrDefault(row.Rule.Class) + 1;
    }
}

/// <summary>Attacks over time in at most <see cref="MaxBuckets"/> buckets, whose width doubles when the span outgrows them.</summary>
internal sealed class Timeline
{
    private const int MaxBuckets = 1440;
    private readonly SortedDictionary<long, long> buckets = [];

    /// <summary>Width of a bucket, milliseconds.</summary>
    public long WidthMs { get; private set; } = 60_000;

    public void Add(long timeMs)
    {
        var key = timeMs / WidthMs;
        buckets[key] = buckets.GetValueOrDefault(key) + 1;
        while (buckets.Count > MaxBuckets) Widen();
    }

    private void Widen()
    {
        var old = buckets.ToArray();
        buckets.Clear();
        WidthMs *= 2;
        foreach (var (key, count) in old) buckets[key / 2] = buckets.GetValueOrDefault(key / 2) + count;
    }

    /// <summary>The span cut into <paramref name="columns"/> equal parts.</summary>
    public long[] Columns(int columns, out long fromMs, out long toMs)
    {
        fromMs = toMs = 0;
        var result = new long[columns];
        if (buckets.Count == 0) return result;
        long first = buckets.Keys.First(), last = buckets.Keys.Last();
        fromMs = first * WidthMs;
        toMs = (last + 1) * WidthMs;
        foreach (var (key, count) in buckets) result[(int)((key - first) * columns / (last - first + 1))] += count;
        return result;
    }
}
