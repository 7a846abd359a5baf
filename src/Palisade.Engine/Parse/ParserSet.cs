using System.Collections.Frozen;

namespace Palisade.Engine.Parse;

/// <summary>All sources, compiled. Immutable: a change makes a new set, swapped whole.</summary>
public sealed class ParserSet
{
    private readonly SourceDefinition[] sources;
    private readonly FrozenDictionary<string, short> byName;
    private readonly FrozenDictionary<string, short>.AlternateLookup<ReadOnlySpan<char>> byProgram;

    private ParserSet(SourceDefinition[] sources)
    {
        this.sources = sources;
        byName = sources.Select((s, i) => (s.Name, (short)i)).ToFrozenDictionary(s => s.Name, s => s.Item2, StringComparer.OrdinalIgnoreCase);
        byProgram = sources.SelectMany((s, i) => s.Programs.Select(p => (p, (short)i))).DistinctBy(p => p.p, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(p => p.p, p => p.Item2, StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        short[] Where(Func<SourceDefinition, bool> which) => [.. Enumerable.Range(0, sources.Length).Where(i => which(sources[i])).OrderBy(i => sources[i].Detect).Select(i => (short)i)];
        Detected = Where(s => s.Detect > 0 && s.Format is SourceFormat.Pattern or SourceFormat.Kv or SourceFormat.Delimited);
        DetectedBy = [.. Enumerable.Range(0, 256).Select(b => Detected.Where(i => MayBegin(sources[i], b)).ToArray())];
        InsideBy = [.. DetectedBy.Select(d => d.Where(i => sources[i].Detect < Loose).ToArray())];
        Xml = Where(s => s.Format == SourceFormat.Xml && s.Detect > 0);
        Joined = Where(s => s.Join is not null);
        Headed = [.. Detected.Where(i => sources[i].Columns.Header.Length > 0)];
        Early = [.. Detected.Where(i => sources[i].Detect < BeforeSyslog)];
        AnyProgram = Where(s => s.Programs.Contains("*"));
        Json = Where(s => s.Format == SourceFormat.Json && s.Detect > 0);
        Syslog = (short)Array.FindIndex(sources, s => s.Format == SourceFormat.Syslog);
    }

    private bool MayBegin(SourceDefinition source, int first) => source.Format != SourceFormat.Pattern || source.Patterns.Any(p => p.First[first])
        || source.Also.Any(o => byName.TryGetValue(o, out var other) && sources[other].Patterns.Any(p => p.First[first]));

    /// <summary>Sources in the set.</summary>
    public int Count => sources.Length;

    /// <summary>Names, in order of their index.</summary>
    public IEnumerable<string> Names => sources.Select(s => s.Name);

    /// <summary>From this number of <c>detect</c> on a source is too general to be looked for inside another record.</summary>
    internal const int Loose = 100;

    /// <summary>Sources of XML elements, the most special first.</summary>
    internal short[] Xml { get; }
    /// <summary>Sources that say how their lines are joined.</summary>
    internal short[] Joined { get; }
    /// <summary>Below this number of <c>detect</c> a source is tried before syslog frames: its lines begin like one and are none.</summary>
    internal const int BeforeSyslog = 5;

    /// <summary>Sources whose columns a header line names.</summary>
    internal short[] Headed { get; }
    /// <summary>Sources tried on what looks like a syslog frame.</summary>
    internal short[] Early { get; }
    /// <summary>Sources tried on a whole line of unknown kind, in order.</summary>
    internal short[] Detected { get; }
    /// <summary>Those of them that may read a text with this first byte.</summary>
    internal short[][] DetectedBy { get; }
    /// <summary>Those tried on a message inside another record, by its first byte.</summary>
    internal short[][] InsideBy { get; }
    /// <summary>Sources tried on the message of a syslog program that no source knows.</summary>
    internal short[] AnyProgram { get; }
    /// <summary>Sources of JSON objects, the most special first.</summary>
    internal short[] Json { get; }
    internal short Syslog { get; }
    internal SourceDefinition this[short index] => sources[index];

    /// <summary>Compiles every <c>sources/NAME/source.yml</c> among the files; a broken one is left out and said.</summary>
    public static ParserSet Load(IEnumerable<(string path, byte[] bytes)> sourceFiles, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var found = new List<Diagnostic>();
        var sources = new SortedDictionary<string, SourceDefinition>(StringComparer.Ordinal);
        foreach (var (path, bytes) in sourceFiles)
        {
            if (!path.EndsWith("source.yml", StringComparison.Ordinal) || new SourceReader(path, found).Read(bytes) is not { } source) continue;
            if (!sources.TryAdd(source.Name, source)) found.Add(new Diagnostic("SRC009", path, 1, $"there is a source called '{source.Name}' already", true));
        }
        diagnostics = found;
        return new ParserSet([.. sources.Values]);
    }

    /// <summary>Index of a source by name (any case), or -1.</summary>
    public short IndexOf(string name) => byName.TryGetValue(name, out var index) ? index : (short)-1;

    /// <summary>Name of a source; "" for none.</summary>
    public string NameOf(short index) => (uint)index < (uint)sources.Length ? sources[index].Name : "";

    /// <summary>
    /// The source that reads a syslog program's messages, or -1. Of a program that nobody knows by its whole name, <c>postfix/smtpd</c> or
    /// <c>/usr/sbin/cron</c>, the first or the last part counts.
    /// </summary>
    internal short ForProgram(ReadOnlySpan<byte> program)
    {
        if (program.Length is 0 or > 64) return -1;
        Span<char> text = stackalloc char[64];
        for (var i = 0; i < program.Length; i++) text[i] = (char)program[i];
        var name = (ReadOnlySpan<char>)text[..program.Length];
        if (byProgram.TryGetValue(name, out var index)) return index;
        var slash = name[0] == '/' ? name.LastIndexOf('/') : name.IndexOf('/');
        if (slash < 0) return -1;
        return byProgram.TryGetValue(name[0] == '/' ? name[(slash + 1)..] : name[..slash], out index) ? index : (short)-1;
    }
}
