using Palisade.Engine.Parse.Delimited;
using Palisade.Engine.Parse.Json;
using Palisade.Engine.Parse.KeyValue;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Syslog;
using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;
using Palisade.Engine.Parse.Xml;
using Palisade.Protocol;

namespace Palisade.Engine.Parse;

/// <summary>One method a format: each reads a text to fields of the last event, or leaves the event as it was and says false.</summary>
public sealed partial class Parser
{
    /// <summary>Records inside records: syslog holds JSON holds an access line.</summary>
    private const int MaxDepth = 4;
    private const int TriedBlindly = 6, FirstColumns = 3;

    private readonly PatternMatcher matcher = new();
    private readonly TextGrams grams;
    private readonly NameCache names = new();
    private readonly JsonFlattener json;
    private readonly XmlFlattener xml;
    private readonly ValueWriter values = new();
    private readonly ColumnReader columns = new();
    private readonly Dictionary<ushort, Target> plain = [];        // bounded by the number of field ids
    private readonly List<(Target Target, int Offset, int Length)> moved = [];
    private readonly HashSet<ushort> keys = [];                    // of one record: bounded by its fields
    private bool carriesNothing, remark;
    // Up to here lies the record as it came, which nothing changes.
    private int rawEnd;
    private SourcePattern? matched;

    private void Begin(in RecordInfo info, int end)
    {
        record = info;
        rawEnd = end;
        grams.Reset();
        matcher.Reset();
        matched = null;
        carriesNothing = remark = false;
    }

    /// <summary>What was said of the log at hand goes before what the source says of all its logs.</summary>
    private ZoneTable ZoneOf(SourceDefinition source) => source.ZoneIsFixed ? source.Zone : record.Zone ?? source.Zone;

    /// <summary>Reads the text by a pattern of a source, or of its kin.</summary>
    private bool TryPatterns(short parser, SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        var text = into.Bytes(offset, length);
        var first = text[0];
        var (from, to) = set.Candidates.RangeOf(parser);
        if (!grams.Holds(offset, length))
        {
            // The first ones, the commonest, are sooner tried than the text is walked.
            var patterns = source.PatternsBy[first];
            var blindly = Math.Min(patterns.Length, TriedBlindly);
            for (var i = 0; i < blindly; i++)
                if (HasAnchor(patterns[i], offset, length, into) && TryPattern(source, patterns[i], offset, length, into, depth)) return true;
            from += blindly == TriedBlindly ? patterns[blindly - 1].Place + 1 : source.Patterns.Length;
            if (from == to) return false;
            grams.Read(into.Bytes(offset, length), offset);
        }
        var mayBegin = set.Candidates.ByFirst[first];
        for (var number = grams.Next(from, to, mayBegin); number < to; number = grams.Next(number + 1, to, mayBegin))
        {
            ref readonly var candidate = ref set.Candidates.All[number];
            if (TryPattern(candidate.Owner, candidate.Pattern!, offset, length, into, depth)) return true;
        }
        return false;
    }

    /// <summary>The same for a source that a tenant wrote: no index knows its patterns.</summary>
    private bool TryOwnPatterns(SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        if (TryEach(source, offset, length, into, depth)) return true;
        foreach (var other in source.Also)
            if (set.IndexOf(other) is >= 0 and var index && TryEach(set[index], offset, length, into, depth)) return true;
        return false;
    }

    private bool TryEach(SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        foreach (var pattern in source.PatternsBy[into.Bytes(offset, length)[0]])
            if (HasAnchor(pattern, offset, length, into) && TryPattern(source, pattern, offset, length, into, depth)) return true;
        return false;
    }

    private static bool HasAnchor(SourcePattern pattern, int offset, int length, EventBatch into) => into.Bytes(offset, length).IndexOf(pattern.Anchor) >= 0;

    private bool TryPattern(SourceDefinition source, SourcePattern pattern, int offset, int length, EventBatch into, int depth)
    {
        var text = into.Bytes(offset, length);
        if (!source.Pairs.MayHaveEnough(text)) return false;
        if (!matcher.TryMatch(pattern.Nodes, text, record.ReceivedMs, ZoneOf(source), offset < rawEnd ? offset : -1)) return false;
        if (source.Pairs.Least > 0 && !HasEnoughPairs(source, text)) return false;
        Trail?.Matched(source.Name, pattern.Id, matcher.Captures, offset);
        matched ??= pattern;
        Commit(source, offset, into, depth);
        Run(source.Effects, source, into, depth, pattern.Effects);
        return true;
    }

    private bool HasEnoughPairs(SourceDefinition source, ReadOnlySpan<byte> text)
    {
        foreach (ref readonly var capture in matcher.Captures)
            if (capture.Target.Kind == CaptureKind.Kv && !source.Pairs.HasEnough(text.Slice(capture.Start, capture.Length))) return false;
        return true;
    }

    private void Commit(SourceDefinition source, int offset, EventBatch into, int depth)
    {
        values.Begin(record.ReceivedMs, ZoneOf(source), source.Nothing);
        // Reading further overwrites the captures: it waits until all are written.
        moved.Clear();
        var pairs = source.Pairs;
        foreach (ref readonly var capture in matcher.Captures)
        {
            if (capture.Target.Kind == CaptureKind.Separator) { if (capture.TimeMs > 0) pairs = pairs with { Separator = (byte)capture.TimeMs }; }
            else if (capture.Target.Kind == CaptureKind.Time) values.PutTime(into, capture.Target, capture.TimeMs);
            else if (capture.Target.Kind is CaptureKind.Kv or CaptureKind.Json) moved.Add((capture.Target, offset + capture.Start, capture.Length));
            else values.Put(into, capture.Target, offset + capture.Start, capture.Length, depth > 0);
        }
        if (moved.Count > 0) ReadFurther(source, pairs, into, depth);
    }

    private void ReadFurther(SourceDefinition source, PairSyntax pairs, EventBatch into, int depth)
    {
        var (target, offset, length) = moved[0];            // such a capture goes to the end: there is one
        var before = into.Header(into.Count - 1).SlotCount;
        if (target.Kind == CaptureKind.Kv)
        {
            // A pair may say the field better than the text around it: msg= is the message.
            if (target.Field != 0) into.SetRange(target.Field, offset, length);
            AddPairs(source, pairs, offset, length, into, depth);
            return;
        }
        if (json.Flatten(into, offset, length) is ParseRefusal.None) Rename(source, into, before, true);
        if (target.Field != 0) into.SetRange(target.Field, offset, length);
    }

    private bool TryTree(SourceDefinition? asked, int offset, int length, EventBatch into, int depth, out short parser)
    {
        parser = asked is null ? (short)-1 : set.IndexOf(asked.Name);
        var before = into.Header(into.Count - 1).SlotCount;
        var isXml = into.Bytes(offset, length)[0] == '<';
        var refusal = isXml ? xml.Flatten(into, offset, length) : json.Flatten(into, offset, length);
        if (refusal == ParseRefusal.None && parser < 0) parser = TreeKind(isXml ? set.Xml : set.Json, into, before);
        if (parser < 0)
        {
            into.Rewind(before);
            if (depth == 0) into.Header(into.Count - 1).Refusal = refusal;
            return false;
        }
        if (refusal != ParseRefusal.None)
        {
            into.Header(into.Count - 1).Refusal = refusal;
            return false;
        }
        var source = set[parser];
        values.Begin(record.ReceivedMs, ZoneOf(source), source.Nothing);
        Rename(source, into, before, depth > 0);
        Run(source.Effects, source, into, depth, null);
        into.Header(into.Count - 1).Parser = parser;
        var at = into.Count - 1;
        // A shipper's wrapping: the line itself stands in message, and nobody has said yet what it is. It may be the message that was just read.
        if (into.Get(at, Fields.EventCategory).IsEmpty && into.TryGetRange(at, Fields.Message, out var start, out var n) && n > 0 && start + n != offset + length) ReadMessage(start, n, into, depth + 1);
        return true;
    }

    private void ReadMessage(int offset, int length, EventBatch into, int depth)
    {
        if (depth > MaxDepth) return;
        // Docker keeps the end of the line, rsyslog's property msg the blank behind the tag
        var ends = length - into.Bytes(offset, length).TrimEnd(" \r\n"u8).Length;
        if (ends > 0) into.SetRange(Fields.Message, offset, length -= ends);
        for (; length > 0 && into.Bytes(offset, 1)[0] == ' '; length--) offset++;
        if (length == 0) return;
        var program = set.ForProgram(into.Get(into.Count - 1, Fields.ProcessName));
        if (program >= 0 && TrySource(program, offset, length, into, depth)) into.Header(into.Count - 1).Parser = program;
        else if (Detect(offset, length, into, depth) is >= 0 and var inner && inner != set.Syslog) into.Header(into.Count - 1).Parser = inner;
    }

    // The first source whose names are all there and whose values fit; the last one asks for none.
    private short TreeKind(short[] candidates, EventBatch into, int before)
    {
        var names = into.FieldIds(into.Count - 1)[before..];
        ulong there = 0;
        foreach (var name in names) there |= 1UL << (name & 63);
        foreach (var candidate in candidates)
        {
            var source = set[candidate];
            if ((source.HasBits & ~there) != 0) continue;
            var fits = true;
            foreach (var name in source.Has) if (!names.Contains(name)) { fits = false; break; }
            if (!fits) continue;
            foreach (var condition in source.Where) if (!condition.Holds(into)) { fits = false; break; }
            if (fits) return candidate;
        }
        return -1;
    }

    // Gives the names of the record their fields. In another record's event what was there under that name gives way.
    private void Rename(SourceDefinition source, EventBatch into, int before, bool replace)
    {
        moved.Clear();
        var at = into.Count - 1;
        var count = into.Header(at).SlotCount;
        var gaps = false;
        for (var slot = before; slot < count; slot++)
        {
            var id = into.FieldIds(at)[slot];
            var mapped = source.Fields.TryGetValue(id, out var targets);
            if (!mapped && !(replace && before > 0) && id != Fields.Timestamp) continue;
            var (offset, length) = into.RangeAt(at, slot);
            if (mapped && targets is [{ Kind: CaptureKind.Text, IsEventTime: false, Field: not 0 } one] && !replace && source.Nothing.Length == 0 && length > 0 && !(length == 1 && into.Bytes(offset, 1)[0] == '-'))
            {
                into.SetId(slot, one.Field);
                continue;
            }
            into.SetId(slot, 0);
            gaps = true;
            if (mapped) foreach (var target in targets!) moved.Add((target, offset, length));
            else moved.Add((PlainTarget(id), offset, length));
        }
        if (gaps) into.Compact(before);
        foreach (var (target, offset, length) in moved)
        {
            if (length < 0) { if (target.Field != 0) into.AddNull(target.Field); }
            else values.Put(into, target, offset, length, replace && Stood(into, at, before, target.Field));
        }
    }

    private static bool Stood(EventBatch into, int index, int before, ushort field) => into.FieldIds(index)[..Math.Min(before, into.FieldIds(index).Length)].Contains(field);

    private Target PlainTarget(ushort field) => plain.TryGetValue(field, out var known) ? known : plain[field] = Target.To(field);

    private bool TrySyslog(SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        if (!SyslogHeader.TryRead(into.Bytes(offset, length), record.ReceivedMs, ZoneOf(source), out var h)) return false;
        if (depth > 0 && h.ProgramLength > 0)
        {
            // what the frame around it says of its own program
            into.Remove(Fields.ProcessPid);
            into.Remove(Fields.LogSyslogProcid);
            into.Remove(Fields.LogSyslogAppname);
        }
        h.AddTo(into, offset);
        if (h.HasTime) ValueWriter.SetTime(into, h.TimeMs);
        Run(source.Effects, source, into, depth, null);
        var blanks = into.Bytes(offset, length)[h.MessageStart..].IndexOfAnyExcept((byte)' ');
        int at = offset + h.MessageStart + Math.Max(blanks, 0), n = offset + length - at;
        if (n <= 0) return true;
        into.SetRange(Fields.Message, at, n);
        if (TryOwn(at, n, into, depth + 1, out var mine)) { into.Header(into.Count - 1).Parser = mine; return true; }
        // Structured data may say more than the message: the event's own names and values.
        if (set.ForProgram(h.DataId(into.Bytes(offset, length))) is >= 0 and var told && TrySource(told, offset + h.DataStart, h.DataLength, into, depth + 1))
        {
            into.Header(into.Count - 1).Parser = told;
            return true;
        }
        var program = set.ForProgram(into.Bytes(offset + h.ModuleStart, h.ModuleLength));
        if (program < 0) program = set.ForProgram(into.Bytes(offset + h.ProgramStart, h.ProgramLength));
        if (program >= 0 && TrySource(program, at, n, into, depth + 1)) { into.Header(into.Count - 1).Parser = program; return true; }
        var message = into.Bytes(at, n);
        if (message.StartsWith("@cee:"u8)) { var skip = 5 + Math.Max(message[5..].IndexOfAnyExcept((byte)' '), 0); at += skip; n -= skip; message = message[skip..]; }
        if (message.IsEmpty) return true;
        if (message.Length > 1 && (message[0] == '{' || (message[0] == '<' && set.Xml.Length > 0 && LooksLikeXml(message))))
        {
            if (depth < MaxDepth && !TryTree(null, at, n, into, depth + 1, out _)) into.Header(into.Count - 1).Refusal = ParseRefusal.None;
            return true;
        }
        if (depth < MaxDepth && SyslogHeader.LooksLikeOne(message))
        {
            if (TryFirst(set.Early, program, at, n, into, depth + 1) is >= 0 and var early) { into.Header(into.Count - 1).Parser = early; return true; }
            if (IsForwarded(into.Bytes(at, n)) && TrySyslog(source, at, n, into, depth + 1)) return true;
        }
        // A tag may say nothing: senders that read files choose it as they like.
        if (TryFirst(set.Framed, program, at, n, into, depth + 1) is >= 0 and var other) into.Header(into.Count - 1).Parser = other;
        return true;
    }

    /// <summary>
    /// Whether the message is a whole syslog line, as senders pass on that read a log file: stamp, host, program. Programs of one's own begin their lines so too
    /// (<c>2026-11-24T16:00:00Z worker INFO: …</c>), so a dated one needs a process id or a program that is known.
    /// </summary>
    private bool IsForwarded(ReadOnlySpan<byte> message)
    {
        if (!SyslogHeader.TryRead(message, record.ReceivedMs, ZoneTable.Utc, out var h)) return false;
        if (h.Priority >= 0) return true;
        if (!h.HasTime || h.HostLength == 0 || h.ProgramLength == 0) return false;
        return message[0] > '9' || h.PidLength > 0 || set.ForProgram(message.Slice(h.ProgramStart, h.ProgramLength)) >= 0;
    }

    private bool TryPairs(SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        var before = into.Header(into.Count - 1).SlotCount;
        values.Begin(record.ReceivedMs, ZoneOf(source), source.Nothing);
        var text = into.Bytes(offset, length);
        foreach (var name in source.HasKeys)
            if (!HasKey(text, source.Pairs, name)) return false;
        if (!source.Pairs.HasEnough(text)) return false;
        AddPairs(source, source.Pairs, offset, length, into, depth);
        if (into.Header(into.Count - 1).SlotCount == before) return false;
        Run(source.Effects, source, into, depth, null);
        return true;
    }

    private static bool HasKey(ReadOnlySpan<byte> text, PairSyntax syntax, byte[] name)
    {
        var reader = new PairReader(text, syntax);
        while (reader.TryNext(out var pair))
            if (text.Slice(pair.KeyStart, pair.KeyLength).SequenceEqual(name)) return true;
        return false;
    }

    // A key that comes twice counts once. Different keys may give one field several values; what an outer record had there gives way.
    private void AddPairs(SourceDefinition source, PairSyntax pairs, int offset, int length, EventBatch into, int depth)
    {
        var at = 0;
        var last = into.Count - 1;
        var before = into.Header(last).SlotCount;
        keys.Clear();
        while (true)
        {
            // The arena may have moved: a reader lives no longer than one pair.
            var reader = new PairReader(into.Bytes(offset + at, length - at), pairs);
            if (!reader.TryNext(out var pair)) return;
            var id = names.GetOrAdd(into.Bytes(offset + at + pair.KeyStart, pair.KeyLength));
            var (start, n) = (offset + at + pair.ValueStart, pair.ValueLength);
            at += reader.Position;
            if (id == 0 || !keys.Add(id)) continue;
            if (pairs.OpenValues && into.Bytes(start, n).Contains((byte)'\\')) (start, n) = ValueWriter.Unescape(into, start, n, (byte)'=');
            if (source.Fields.TryGetValue(id, out var targets))
                foreach (var target in targets) values.Put(into, target, start, n, depth > 0 && Stood(into, last, before, target.Field));
            else values.Put(into, PlainTarget(id), start, n, depth > 0);
            if (into.Header(last).Refusal == ParseRefusal.TooManyFields) return;
        }
    }

    private bool TryColumns(short parser, SourceDefinition source, int offset, int length, EventBatch into, int depth)
    {
        var syntax = source.Columns;
        var text = into.Bytes(offset, length);
        if (syntax.Header.Length > 0 && text.StartsWith(syntax.Header)) return Learn(parser, source, text[syntax.Header.Length..]);
        var layout = headers.Count > 0 && headers.TryGetValue(record.Source, out var named) && named.Parser == parser ? named.Columns : null;
        if (syntax.Comment.Length > 0 && text.StartsWith(syntax.Comment))
        {
            // Inside another record it is a remark where the columns were named before, else it may be anyone's.
            if (depth > 0 && layout is null) return false;
            return carriesNothing = remark = true;
        }
        // Quotes and brackets only make columns fewer: a look at the separators turns most lines away.
        var least = Math.Min(layout?.Length ?? int.MaxValue, syntax.Least);
        if (least == int.MaxValue || text.Count(syntax.Separator) + 1 < least) return false;
        values.Begin(record.ReceivedMs, ZoneOf(source), source.Nothing);
        if ((layout is null && !MayBeNames(source, text) && !BeginsAsLayout(syntax, text)) || !columns.Split(text, syntax)) return false;
        if (layout?.Length != columns.Count) layout = null;
        if (syntax.Named && depth == 0 && TryNames(parser, source, text, layout is null ? null : headers[record.Source].Ids)) return true;
        if (layout is null)
        {
            foreach (var candidate in syntax.Lists)
                if (FitsCount(candidate, syntax.More) && Fits(candidate, text)) { layout = candidate; break; }
            if (layout is null) return false;
        }
        for (var i = 0; i < layout.Length; i++)
        {
            var (start, n) = columns.Ranges[i];
            var from = offset + start;
            if (syntax.Quoted && into.Bytes(from, n).IndexOf("\"\""u8) >= 0) (from, n) = Undouble(into, from, n);
            foreach (var target in layout[i]) values.Put(into, target, from, n, depth > 0);
        }
        Run(source.Effects, source, into, depth, null);
        return true;
    }

    // A line that names the columns holds all names that its source must have.
    private static bool MayBeNames(SourceDefinition source, ReadOnlySpan<byte> text)
    {
        if (!source.Columns.Named) return false;
        foreach (var name in source.HasKeys) if (text.IndexOf(name) < 0) return false;
        return true;
    }

    // The first columns turn most lines away before the others are looked for.
    private bool BeginsAsLayout(ColumnSyntax syntax, ReadOnlySpan<byte> text)
    {
        columns.Split(text, syntax, FirstColumns);
        foreach (var layout in syntax.Lists)
            if (Fits(layout, text)) return true;
        return false;
    }

    private bool FitsCount(Target[][] layout, bool more) => more ? columns.Count >= layout.Length : columns.Count == layout.Length;

    // Of columns and layout as many as both have.
    private bool Fits(Target[][] layout, ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < Math.Min(layout.Length, columns.Count); i++)
        {
            var (start, n) = columns.Ranges[i];
            foreach (var target in layout[i])
                if (!values.Fits(target, text.Slice(start, n))) return false;
        }
        return true;
    }

    private static (int Offset, int Length) Undouble(EventBatch into, int offset, int length)
    {
        var at = into.Reserve(length);
        var to = into.Bytes(at, length);
        var from = into.Bytes(offset, length);
        var n = 0;
        for (var i = 0; i < length; i++)
        {
            to[n++] = from[i];
            if (from[i] == '"' && i + 1 < length && from[i + 1] == '"') i++;
        }
        into.TrimTo(at + n);
        return (at, n);
    }
}
