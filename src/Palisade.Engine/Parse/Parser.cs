using System.Buffers;
using System.Numerics;
using System.Text;
using System.Text.Unicode;
using Palisade.Engine.Parse.Explain;
using Palisade.Engine.Parse.Json;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Syslog;
using Palisade.Engine.Parse.Text;
using Palisade.Engine.Parse.Xml;

namespace Palisade.Engine.Parse;

/// <summary>
/// Reads records to events: one record in, one event in the batch, always. Holds scratch space: one instance a thread.
/// Order: what was asked for; else what this source was last; else by the first bytes; else every source that may be detected.
/// </summary>
public sealed partial class Parser
{
    private const int MaxRecord = 1 << 20;
    private const int Remembered = 4096;
    private const byte MostTrust = 3;
    private static readonly SearchValues<byte> Control = SearchValues.Create([0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31]);

    private readonly short[] lastOfSource = CreateMemory();
    private readonly byte[] trust = new byte[Remembered];
    private ParserSet set;
    private RecordInfo record;
    private ForeignText? foreign;

    public Parser(ParserSet set)
    {
        this.set = set;
        grams = new TextGrams(set.Candidates);
        json = new JsonFlattener(names);
        xml = new XmlFlattener(names);
    }

    public ParserSet Set => set;

    /// <summary>Where to note which patterns fitted; null: nowhere.</summary>
    internal ParseTrail? Trail { get; init; }

    /// <summary>Id of the pattern that read the last record; empty: none, or a format without patterns.</summary>
    internal string MatchedPattern => matched?.Id ?? "";

    /// <summary>From the next record on reads by another set, made of this one by <see cref="ParserSet.With"/>.</summary>
    public void Use(ParserSet other) => set = other;

    private static short[] CreateMemory()
    {
        var memory = new short[Remembered];
        Array.Fill(memory, (short)-1);
        return memory;
    }

    /// <summary>Adds the record to the batch as one event; what cannot be read says so in <see cref="EventHeader.Refusal"/>.</summary>
    public void Parse(in RecordInfo info, ReadOnlySpan<byte> raw, EventBatch into)
    {
        var index = into.Begin(info, raw);
        ref var header = ref into.Header(index);
        header.Parser = -1;
        int offset = header.RawOffset, length = Trim(raw);
        if (raw.StartsWith("\uFEFF"u8)) { offset += 3; length -= 3; }
        if (length <= 0) { header.Refusal = ParseRefusal.Empty; return; }
        if (length > MaxRecord) { header.Refusal = ParseRefusal.Malformed; return; }
        var text = into.Bytes(offset, length);
        var binary = text.ContainsAny(Control) && IsBinary(text);
        if (binary || !Utf8.IsValid(text))
        {
            if (TryConvert(into, into.Bytes(offset, header.RawOffset + raw.Length - offset), length, out var converted)) (offset, length) = converted;
            else if (binary) { header.Refusal = ParseRefusal.Binary; return; }
            else (offset, length) = Repair(into, text);
            into.Header(index).Flags |= EventFlags.Transcoded;
            if (length == 0) { into.Header(index).Refusal = ParseRefusal.Empty; return; }
        }
        Begin(info, into.Header(index).RawOffset + raw.Length);
        if (set.Keyed.Length > 0 && into.Bytes(offset, length).Contains((byte)'\n') && TryKeyed(info, offset, length, into)) return;
        if (info.Parser >= 0)
        {
            if (TrySource(info.Parser, offset, length, into, 0)) Done(into, index, info.Parser, false);
            else into.Header(index).Refusal = into.Header(index).Refusal is var r && r != ParseRefusal.None ? r : ParseRefusal.Malformed;
            return;
        }
        if (TryOwn(offset, length, into, 0, out var parser)) { Done(into, index, parser, true); return; }
        parser = Detect(offset, length, into, 0);
        if (parser >= 0)
        {
            Done(into, index, parser, true);
            if (!remark && set[parser].Detect < ParserSet.Loose) Remember(info.Source % Remembered, parser);
        }
        else if (into.Header(index).Refusal == ParseRefusal.None) into.Header(index).Refusal = ParseRefusal.UnknownFormat;
    }

    private void Done(EventBatch into, int index, short parser, bool detected)
    {
        ref var header = ref into.Header(index);
        if (header.Parser < 0) header.Parser = parser;
        header.Refusal = carriesNothing ? ParseRefusal.Empty : ParseRefusal.None;
        if (detected) header.Flags |= EventFlags.AutoDetected;
    }

    // In a stream of many kinds the kind of the line before says nothing: it is not tried first until it comes twice in a row.
    private void Remember(uint log, short parser)
    {
        if (lastOfSource[log] == parser || lastOfSource[log] < 0) trust[log] = MostTrust;
        else if (trust[log] > 0) trust[log]--;
        lastOfSource[log] = parser;
    }

    /// <summary>Finds the source that reads this text. Inside another record (depth above 0) only the special ones are looked for.</summary>
    private short Detect(int offset, int length, EventBatch into, int depth)
    {
        if (depth > MaxDepth) return -1;
        var first = into.Bytes(offset, length)[0];
        if (first == '{' || (first == '<' && set.Xml.Length > 0 && LooksLikeXml(into.Bytes(offset, length)))) return TryTree(null, offset, length, into, depth, out var tree) ? tree : (short)-1;
        if (first == '#' && depth == 0 && Headed(offset, length, into) is >= 0 and var headed) return headed;
        var remembered = depth > 0 || trust[record.Source % Remembered] == 0 ? (short)-1 : lastOfSource[record.Source % Remembered];
        if (remembered >= 0 && set[remembered].Format is not (SourceFormat.Json or SourceFormat.Xml or SourceFormat.Syslog) && TrySource(remembered, offset, length, into, depth)) return remembered;
        if (set.Syslog >= 0 && SyslogHeader.LooksLikeOne(into.Bytes(offset, length)))
        {
            if (TryFirst(set.Early, remembered, offset, length, into, depth) is >= 0 and var early) return early;
            if (TrySource(set.Syslog, offset, length, into, depth)) return set.Syslog;
        }
        return TryFirst(depth > 0 ? set.Inside : set.Alone, remembered, offset, length, into, depth);
    }

    /// <summary>The first of the candidates that reads the text, but for one source that was tried before; -1 for none.</summary>
    private short TryFirst(ulong[] candidates, short but, int offset, int length, EventBatch into, int depth)
    {
        var text = into.Bytes(offset, length);
        grams.Read(text, offset);
        var mayBegin = set.Candidates.ByFirst[text[0]];
        // Columns that a header line named may begin with any byte.
        var named = headers.Count > 0 && headers.TryGetValue(record.Source, out var header) ? set.Candidates.RangeOf(header.Parser).From : -1;
        for (var word = 0; word < candidates.Length; word++)
        {
            for (var open = grams.Open[word] & candidates[word] & (mayBegin[word] | (named >> 6 == word ? 1UL << named : 0)); open != 0; open &= open - 1)
            {
                var number = word << 6 | BitOperations.TrailingZeroCount(open);
                if (!grams.Has(number)) continue;
                ref readonly var candidate = ref set.Candidates.All[number];
                if (candidate.Source == but) continue;
                if (candidate.Pattern is { } pattern ? TryPattern(candidate.Owner, pattern, offset, length, into, depth) : TrySource(candidate.Source, offset, length, into, depth))
                    return candidate.Source;
            }
        }
        return -1;
    }

    /// <summary>Reads the text as one of the sources that the tenant wrote: they know its lines best.</summary>
    private bool TryOwn(int offset, int length, EventBatch into, int depth, out short parser)
    {
        foreach (var candidate in set.OwnOf(record.Tenant))
        {
            if (!TrySource(candidate, offset, length, into, depth)) continue;
            parser = candidate;
            return true;
        }
        parser = -1;
        return false;
    }

    /// <summary>Reads the text as one source; false leaves the event as it was.</summary>
    private bool TrySource(short parser, int offset, int length, EventBatch into, int depth)
    {
        var source = set[parser];
        switch (source.Format)
        {
            case SourceFormat.Json or SourceFormat.Xml: return TryTree(source, offset, length, into, depth, out _);
            case SourceFormat.Syslog: return TrySyslog(source, offset, length, into, depth);
            case SourceFormat.Kv: return TryPairs(source, offset, length, into, depth);
            case SourceFormat.Delimited: return TryColumns(parser, source, offset, length, into, depth);
        }
        return parser < set.Count ? TryPatterns(parser, source, offset, length, into, depth) : TryOwnPatterns(source, offset, length, into, depth);
    }

    // <Event ...> and <?xml ...>, but not <13>Nov 24 ... of syslog.
    private static bool LooksLikeXml(ReadOnlySpan<byte> text) => text.Length > 3 && (text[1] == '?' || (uint)((text[1] | 32) - 'a') < 26) && text[^1] == '>';

    private static int Trim(ReadOnlySpan<byte> raw) => raw.TrimEnd("\r\n\0 \t"u8).Length;

    // Text may hold a stray control byte (a shell shock, a colour code); a tenth of them is no text.
    private static bool IsBinary(ReadOnlySpan<byte> text)
    {
        var sample = text[..Math.Min(text.Length, 4096)];
        var control = 0;
        foreach (var b in sample)
            if (Control.Contains(b)) control++;
        return control * 10 >= sample.Length;
    }

    private bool TryConvert(EventBatch into, ReadOnlySpan<byte> text, int length, out (int Offset, int Length) converted)
    {
        converted = default;
        var encoding = ForeignText.Guess(text, out var from);
        if (encoding == ForeignEncoding.None) return false;
        // Trimming may have taken half of the last letter of UTF-16.
        if (encoding == ForeignEncoding.Gb18030) text = text[..length];
        foreign ??= new ForeignText();
        var found = foreign.ToUtf8(text, encoding, from).TrimEnd("\r\n\0 \t"u8);
        var offset = into.Reserve(found.Length);
        found.CopyTo(into.Bytes(offset, found.Length));
        converted = (offset, found.Length);
        return true;
    }

    private static (int Offset, int Length) Repair(EventBatch into, ReadOnlySpan<byte> text)
    {
        var offset = into.Reserve(text.Length * 3);
        var target = into.Bytes(offset, text.Length * 3);
        var written = 0;
        while (text.Length > 0)
        {
            var status = Rune.DecodeFromUtf8(text, out _, out var used);
            if (status == OperationStatus.Done) text[..used].CopyTo(target[written..]);
            written += status == OperationStatus.Done ? used : Rune.ReplacementChar.EncodeToUtf8(target[written..]);
            text = text[used..];
        }
        into.TrimTo(offset + written);
        return (offset, written);
    }
}
