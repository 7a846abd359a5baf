using System.Collections.Frozen;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Own;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse;

/// <summary>All sources, compiled. Immutable: a change makes a new set, swapped whole.</summary>
public sealed class ParserSet
{
    private SourceDefinition[] sources;
    private readonly int shipped;
    private FrozenDictionary<uint, short[]> own = FrozenDictionary<uint, short[]>.Empty;
    private readonly FrozenDictionary<string, short> byName;
    private readonly FrozenDictionary<string, short>.AlternateLookup<ReadOnlySpan<char>> byProgram;

    private ParserSet(SourceDefinition[] sources)
    {
        this.sources = sources;
        shipped = sources.Length;
        byName = sources.Select((s, i) => (s.Name, (short)i)).ToFrozenDictionary(s => s.Name, s => s.Item2, StringComparer.OrdinalIgnoreCase);
        byProgram = sources.SelectMany((s, i) => s.Programs.Select(p => (p, (short)i))).DistinctBy(p => p.p, StringComparer.OrdinalIgnoreCase)
            .ToFrozenDictionary(p => p.p, p => p.Item2, StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();
        short[] Where(Func<SourceDefinition, bool> which) => [.. Enumerable.Range(0, sources.Length).Where(i => which(sources[i])).OrderBy(i => sources[i].Detect).Select(i => (short)i)];
        Detected = Where(s => s.Detect > 0 && s.Format is SourceFormat.Pattern or SourceFormat.Kv or SourceFormat.Delimited);
        Candidates = new CandidateIndex(Enumerable.Range(0, sources.Length).OrderBy(i => sources[i].Detect).SelectMany(i => CandidatesOf((short)i)));
        Alone = Of(Detected);
        Inside = Of(Detected.Where(i => sources[i].Detect < Loose));
        Xml = Where(s => s.Format == SourceFormat.Xml && s.Detect > 0);
        Joined = Where(s => s.Join is not null);
        Keyed = [.. Joined.Where(i => sources[i].Join!.Kind == JoinKind.Key)];
        Parts = [.. Joined.Where(i => sources[i].Join!.Kind == JoinKind.Part)];
        Headed = [.. Detected.Where(i => sources[i].Columns.Header.Length > 0)];
        Early = Of(Detected.Where(i => sources[i].Detect < BeforeSyslog));
        // what a source reads of its kin it reads for its own programs
        Framed = Candidates.Where(c => sources[c.Source] is var s && c.Owner == s && (s.Programs.Contains("*") || s.Detect is > 0 and < Loose));
        Json = Where(s => s.Format == SourceFormat.Json && s.Detect > 0);
        Syslog = (short)Array.FindIndex(sources, s => s.Format == SourceFormat.Syslog);
    }

    private ulong[] Of(IEnumerable<short> sources)
    {
        var which = sources.ToHashSet();
        return Candidates.Where(c => which.Contains(c.Source));
    }

    // One a pattern, a source's own before those of its kin; one for what has no patterns.
    private IEnumerable<Candidate> CandidatesOf(short index)
    {
        var source = sources[index];
        if (source.Format is SourceFormat.Kv or SourceFormat.Delimited) return [new Candidate(index, null, source)];
        if (source.Format != SourceFormat.Pattern) return [];
        return source.Also.Select(o => byName.TryGetValue(o, out var other) ? sources[other] : null).OfType<SourceDefinition>().Prepend(source)
            .SelectMany(owner => owner.Patterns.Select(p => new Candidate(index, p, owner)));
    }

    /// <summary>Sources in the set, without those that belong to tenants.</summary>
    public int Count => shipped;

    /// <summary>Names, in order of their index, without those that belong to tenants.</summary>
    public IEnumerable<string> Names => sources.Take(shipped).Select(s => s.Name);

    /// <summary>From this number of <c>detect</c> on a source is too general to be looked for inside another record.</summary>
    internal const int Loose = 100;

    /// <summary>Sources of XML elements, the most special first.</summary>
    internal short[] Xml { get; }
    /// <summary>Sources that say how their lines are joined.</summary>
    internal short[] Joined { get; }
    /// <summary>Those of them whose lines say that they go on.</summary>
    internal short[] Parts { get; }
    /// <summary>Those of them whose lines share a key.</summary>
    internal short[] Keyed { get; }
    /// <summary>Below this number of <c>detect</c> a source is tried before syslog frames: its lines begin like one and are none.</summary>
    internal const int BeforeSyslog = 5;

    /// <summary>What is tried on a text of unknown kind.</summary>
    internal CandidateIndex Candidates { get; }
    /// <summary>Sources whose columns a header line names.</summary>
    internal short[] Headed { get; }
    /// <summary>Candidates tried on what looks like a syslog frame.</summary>
    internal ulong[] Early { get; }
    /// <summary>Sources tried on a whole line of unknown kind, in order.</summary>
    internal short[] Detected { get; }
    /// <summary>Candidates tried on a whole line.</summary>
    internal ulong[] Alone { get; }
    /// <summary>Candidates tried on a message inside another record.</summary>
    internal ulong[] Inside { get; }
    /// <summary>Candidates tried on a syslog message that the source of its program does not read: those looked for inside another record, and those that any program may write.</summary>
    internal ulong[] Framed { get; }
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

    /// <summary>Sources of tenants that one process holds, those that were replaced or taken away included.</summary>
    public const int MaxOwn = 20_000;

    /// <summary>
    /// The set with other sources for one tenant, tried in the order of <c>detect</c>. Indexes stay: a source of the same tenant and name takes the
    /// place of the one before, and what is taken away keeps its name, for batches under way.
    /// </summary>
    /// <exception cref="InvalidOperationException">There would be more than <see cref="MaxOwn"/>.</exception>
    public ParserSet With(uint tenant, IReadOnlyList<OwnSource> own)
    {
        var mine = own.OrderBy(s => s.Definition.Detect).ToArray();
        var all = sources.ToList();
        var indexes = new short[mine.Length];
        for (var i = 0; i < indexes.Length; i++)
        {
            var definition = mine[i].Definition;
            var index = all.FindIndex(shipped, s => s.Owner == tenant && string.Equals(s.Name, definition.Name, StringComparison.OrdinalIgnoreCase));
            if (index < 0 && all.Count - shipped >= MaxOwn) throw new InvalidOperationException($"more than {MaxOwn} sources of tenants");
            if (index < 0) { index = all.Count; all.Add(definition); }
            all[index] = definition.OwnedBy(tenant);
            indexes[i] = (short)index;
        }
        var copy = (ParserSet)MemberwiseClone();
        copy.sources = [.. all];
        var owners = this.own.ToDictionary();
        if (indexes.Length > 0) owners[tenant] = indexes; else owners.Remove(tenant);
        copy.own = owners.ToFrozenDictionary();
        return copy;
    }

    /// <summary>Names of a tenant's own sources, in the order they are tried.</summary>
    public IEnumerable<string> OwnNames(uint tenant) => OwnOf(tenant).Select(NameOf);

    /// <summary>Whether a source is so general that it reads what belongs to others.</summary>
    internal bool IsLoose(short index) => sources[index].Detect is 0 or >= Loose;

    /// <summary>The source by whose frame a line is a part that goes on in the next one; -1: none.</summary>
    internal short PartOf(ReadOnlySpan<byte> line, Patterns.PatternMatcher matcher, long receivedMs)
    {
        foreach (var joined in Parts)
            if (PendingRecord.GoesOnBehind(sources[joined].Join!, line, matcher, receivedMs)) return joined;
        return -1;
    }

    /// <summary>A tenant's own sources, in the order they are tried.</summary>
    internal short[] OwnOf(uint tenant) => own.Count > 0 && own.TryGetValue(tenant, out var mine) ? mine : [];

    /// <summary>Index of a source by name (any case) as a tenant sees it, its own first; -1 for none.</summary>
    public short IndexOf(uint tenant, string name)
    {
        foreach (var index in OwnOf(tenant))
            if (string.Equals(sources[index].Name, name, StringComparison.OrdinalIgnoreCase)) return index;
        return IndexOf(name);
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
