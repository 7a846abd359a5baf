using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Palisade.Engine.Parse.Json;
using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Syslog;
using Palisade.Engine.Parse.Times;
using Palisade.Engine.Parse.Web;
using Palisade.Protocol;

namespace Palisade.Engine.Parse;

/// <summary>
/// Reads records to events: one record in, one event in the batch, always. Holds scratch space: one instance a thread.
/// Order: what was asked for; else what this source was last; else by the first bytes; else every source that may be detected.
/// </summary>
public sealed class Parser(ParserSet set)
{
    private const int MaxRecord = 1 << 20;
    private const int Remembered = 4096;
    private static readonly SearchValues<byte> Control = SearchValues.Create([0, 1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 30, 31]);

    private readonly PatternMatcher matcher = new();
    private readonly JsonFlattener json = new();
    private readonly short[] lastOfSource = CreateMemory();

    public ParserSet Set => set;

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
        if (text.ContainsAny(Control) && IsBinary(text)) { header.Refusal = ParseRefusal.Binary; return; }
        if (!Utf8.IsValid(text))
        {
            (offset, length) = Repair(into, text);
            into.Header(index).Flags |= EventFlags.Transcoded;
        }
        if (info.Parser >= 0)
        {
            if (TrySource(info.Parser, info, offset, length, into, false)) Done(into, index, info.Parser, false);
            else into.Header(index).Refusal = into.Header(index).Refusal is var r && r != ParseRefusal.None ? r : ParseRefusal.Malformed;
            return;
        }
        var parser = Detect(info, offset, length, into, false);
        if (parser >= 0)
        {
            Done(into, index, parser, true);
            lastOfSource[info.Source % Remembered] = parser;
        }
        else if (into.Header(index).Refusal == ParseRefusal.None) into.Header(index).Refusal = ParseRefusal.UnknownFormat;
    }

    private static void Done(EventBatch into, int index, short parser, bool detected)
    {
        ref var header = ref into.Header(index);
        if (header.Parser < 0) header.Parser = parser;
        header.Refusal = ParseRefusal.None;
        if (detected) header.Flags |= EventFlags.AutoDetected;
    }

    /// <summary>Finds the source that reads this text. Inside another record (nested) JSON and syslog frames are not looked for again.</summary>
    internal short Detect(in RecordInfo info, int offset, int length, EventBatch into, bool nested)
    {
        var first = into.Bytes(offset, length)[0];
        if (!nested && first == '{') return set.Json >= 0 && TrySource(set.Json, info, offset, length, into, false) ? set.Json : (short)-1;
        var remembered = nested ? (short)-1 : lastOfSource[info.Source % Remembered];
        if (remembered >= 0 && set[remembered].Format == SourceFormat.Pattern && TrySource(remembered, info, offset, length, into, nested)) return remembered;
        if (!nested && set.Syslog >= 0 && SyslogHeader.LooksLikeOne(into.Bytes(offset, length)) && TrySource(set.Syslog, info, offset, length, into, false)) return set.Syslog;
        foreach (var candidate in set.Detected)
            if (candidate != remembered && TrySource(candidate, info, offset, length, into, nested)) return candidate;
        return -1;
    }

    /// <summary>Reads the text as one source; false leaves the event as it was.</summary>
    internal bool TrySource(short parser, in RecordInfo info, int offset, int length, EventBatch into, bool nested)
    {
        var source = set[parser];
        switch (source.Format)
        {
            case SourceFormat.Json: return TryJson(source, parser, info, offset, length, into);
            case SourceFormat.Syslog: return TrySyslog(source, info, offset, length, into);
        }
        if (TryPatterns(source, info, offset, length, into, nested)) return true;
        foreach (var other in source.Also)
            if (set.IndexOf(other) is >= 0 and var index && TryPatterns(set[index], info, offset, length, into, nested)) return true;
        return false;
    }

    private bool TryPatterns(SourceDefinition source, in RecordInfo info, int offset, int length, EventBatch into, bool nested)
    {
        var text = into.Bytes(offset, length);
        foreach (var pattern in source.Patterns)
        {
            if (!text.StartsWith(pattern.Prefix) || !matcher.TryMatch(pattern.Nodes, text, info.ReceivedMs, source.ZoneMinutes)) continue;
            Commit(source, pattern, offset, into, nested);
            return true;
        }
        return false;
    }

    private bool TryJson(SourceDefinition source, short parser, in RecordInfo info, int offset, int length, EventBatch into)
    {
        var refusal = json.Flatten(into, offset, length, source.Aliases);
        ref var header = ref into.Header(into.Count - 1);
        if (refusal != ParseRefusal.None) { header.Refusal = refusal; return false; }
        Apply(source.Set, into);
        header.Parser = parser;
        if (into.TryGet(into.Count - 1, Fields.Timestamp, out var stamp) && TimeReader.TryAny(stamp, info.ReceivedMs, source.ZoneMinutes, out var ms)) SetTime(into, ms);
        // A shipper's wrapping: the line itself stands in message, and nobody has said yet what it is.
        if (into.Get(into.Count - 1, Fields.EventCategory).IsEmpty && into.TryGetRange(into.Count - 1, Fields.Message, out var at, out var n) && n > 0)
        {
            var program = set.ForProgram(into.Get(into.Count - 1, Fields.ProcessName));
            if (program >= 0 && TrySource(program, info, at, n, into, true)) header.Parser = program;
            else if (into.Bytes(at, n)[0] != '{' && SyslogHeader.LooksLikeOne(into.Bytes(at, n)) && set.Syslog >= 0 && TrySyslog(set[set.Syslog], info, at, n, into)) { }
            else if (Detect(info, at, n, into, true) is >= 0 and var inner) header.Parser = inner;
        }
        return true;
    }

    private bool TrySyslog(SourceDefinition source, in RecordInfo info, int offset, int length, EventBatch into)
    {
        if (!SyslogHeader.TryRead(into.Bytes(offset, length), info.ReceivedMs, source.ZoneMinutes, out var h)) return false;
        h.AddTo(into, offset);
        if (h.HasTime) SetTime(into, h.TimeMs);
        Apply(source.Set, into);
        var blanks = into.Bytes(offset, length)[h.MessageStart..].IndexOfAnyExcept((byte)' ');
        int at = offset + h.MessageStart + Math.Max(blanks, 0), n = offset + length - at;
        if (n <= 0) return true;
        into.SetRange(Fields.Message, at, n);
        var program = set.ForProgram(into.Bytes(offset + h.ProgramStart, h.ProgramLength));
        ref var header = ref into.Header(into.Count - 1);
        if (program >= 0 && TrySource(program, info, at, n, into, true)) { header.Parser = program; return true; }
        var message = into.Bytes(at, n);
        if (message.StartsWith("@cee:"u8)) { var skip = 5 + message[5..].IndexOfAnyExcept((byte)' '); at += skip; n -= skip; message = message[skip..]; }
        if (message.Length > 1 && message[0] == '{' && set.Json >= 0) TryJsonMessage(at, n, into);
        else if (program < 0 && h.ProgramLength > 0 && LooksLikeAccess(message) && Detect(info, at, n, into, true) is >= 0 and var inner) header.Parser = inner;
        return true;
    }

    private void TryJsonMessage(int at, int n, EventBatch into)
    {
        var before = into.Header(into.Count - 1).SlotCount;
        if (json.Flatten(into, at, n, set[set.Json].Aliases) != ParseRefusal.None) into.Rewind(before);
    }

    // A web server's access line sent under any program name: it holds a bracketed date and a quoted request.
    private static bool LooksLikeAccess(ReadOnlySpan<byte> text) => text.IndexOf("] \""u8) > 0 && text.IndexOf(" HTTP/"u8) > 0;

    private void Commit(SourceDefinition source, SourcePattern pattern, int offset, EventBatch into, bool nested)
    {
        var text = into.Bytes(offset, 0);
        foreach (ref readonly var capture in matcher.Captures)
        {
            var at = offset + capture.Start;
            var node = capture.Node;
            if (node.Capture == CaptureKind.Time) { SetTime(into, capture.TimeMs); continue; }
            if (capture.Length == 0 || (node.Field == 0 && node.Capture != CaptureKind.Request)) continue;
            text = into.Bytes(at, capture.Length);
            if (capture.Length == 1 && text[0] == '-') continue;
            switch (node.Capture)
            {
                case CaptureKind.Request: RequestLine.Add(into, at, capture.Length); break;
                case CaptureKind.Url: RequestLine.Target(into, at, capture.Length); break;
                case CaptureKind.Endpoint or CaptureKind.EndpointPort: Endpoint.Add(into, node, at, capture.Length, nested); break;
                case CaptureKind.Seconds:
                    if (Utf8Parser.TryParse(text, out double seconds, out _)) into.Add(node.Field, (long)(seconds * 1e9));
                    break;
                default:
                    if (nested || node.Field == Fields.Message) into.SetRange(node.Field, at, capture.Length); else into.AddSlice(node.Field, at, capture.Length);
                    break;
            }
        }
        Apply(source.Set, into);
        Apply(pattern.Set, into);
        foreach (var rule in source.When) When(rule, into);
        foreach (var rule in pattern.When) When(rule, into);
    }

    private static void Apply((ushort Field, byte[] Value)[] set, EventBatch into)
    {
        for (var i = 0; i < set.Length; i++)
        {
            if (i > 0 && set[i - 1].Field == set[i].Field) into.Add(set[i].Field, set[i].Value);
            else into.Set(set[i].Field, set[i].Value);
        }
    }

    private static void When(WhenRule rule, EventBatch into)
    {
        if (into.TryGet(into.Count - 1, rule.Field, out var value) && Holds(rule, value)) Apply(rule.Set, into);
    }

    private static bool Holds(WhenRule rule, ReadOnlySpan<byte> value)
    {
        if (rule.Test == "exists") return true;
        if (rule.Test is "gte" or "lt") return Utf8Parser.TryParse(value, out long number, out _) && (rule.Test == "gte" ? number >= rule.Number : number < rule.Number);
        foreach (var wanted in rule.Values)
            if (rule.Test switch { "eq" => Ascii.EqualsIgnoreCase(value, wanted), "starts" => value.StartsWith(wanted), _ => value.IndexOf(wanted) >= 0 }) return true;
        return false;
    }

    private static void SetTime(EventBatch into, long ms)
    {
        ref var header = ref into.Header(into.Count - 1);
        header.TimeMs = ms;
        header.Flags &= ~EventFlags.NoTime;
    }

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
