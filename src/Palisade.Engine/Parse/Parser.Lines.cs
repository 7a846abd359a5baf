using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse;

/// <summary>Records whose lines share a key (the Linux audit log): each line is read by itself, and all make one event.</summary>
public sealed partial class Parser
{
    private PatternMatcher? keyMatcher;
    private Parser? lineParser;
    private EventBatch? lineBatch;

    /// <summary>Reads a record of several lines with one key; false, with nothing added, for any other.</summary>
    private bool TryKeyed(in RecordInfo info, int offset, int length, EventBatch into)
    {
        foreach (var keyed in set.Keyed)
        {
            if (info.Parser >= 0 && info.Parser != keyed) continue;
            var rule = set[keyed].Join!;
            if (!AreOfOne(rule, into.Bytes(offset, length), info.ReceivedMs)) continue;
            var index = into.Count - 1;
            var end = into.Bytes(offset, length).IndexOf((byte)'\n');
            if (!TrySource(keyed, offset, end, into, 0)) return false;
            Done(into, index, keyed, info.Parser < 0);
            AddLines(info, keyed, offset + end + 1, length - end - 1, into, rule.Later, later: false);
            if (rule.Later.Length > 0) AddLines(info, keyed, offset + end + 1, length - end - 1, into, rule.Later, later: true);
            return true;
        }
        return false;
    }

    /// <summary>Whether the first two lines have the same key.</summary>
    private bool AreOfOne(JoinRule rule, ReadOnlySpan<byte> text, long receivedMs)
    {
        keyMatcher ??= new PatternMatcher();
        var end = text.IndexOf((byte)'\n');
        var next = text[(end + 1)..];
        if (next.IndexOf((byte)'\n') is >= 0 and var second) next = next[..second];
        var first = PendingRecord.KeyOf(rule, text[..end], keyMatcher, receivedMs);
        return first.Length > 0 && first.SequenceEqual(PendingRecord.KeyOf(rule, next, keyMatcher, receivedMs));
    }

    /// <summary>Adds what each line says and none before it did; of the lines either those that hold a text or the others.</summary>
    private void AddLines(in RecordInfo info, short source, int offset, int length, EventBatch into, byte[] mark, bool later)
    {
        lineBatch ??= new EventBatch();
        lineParser ??= new Parser(set);
        lineParser.Use(set);
        for (var end = offset + length; offset < end;)
        {
            var line = into.Bytes(offset, end - offset);
            if (line.IndexOf((byte)'\n') is >= 0 and var stop) line = line[..stop];
            offset += line.Length + 1;
            if (mark.Length > 0 && line.IndexOf(mark) >= 0 != later) continue;
            lineBatch.Clear();
            lineParser.Parse(info with { Parser = source, Lines = 1 }, line, lineBatch);
            if (lineBatch.Header(0).Refusal == ParseRefusal.None) AddMissing(lineBatch, into);
        }
    }

    private static void AddMissing(EventBatch line, EventBatch into)
    {
        var known = into.Header(into.Count - 1).SlotCount;
        var fields = line.FieldIds(0);
        for (var slot = 0; slot < fields.Length; slot++)
        {
            if (into.FieldIds(into.Count - 1)[..known].Contains(fields[slot])) continue;
            if (line.IsNull(0, slot)) into.AddNull(fields[slot]);
            else into.Add(fields[slot], line.ValueAt(0, slot));
        }
    }
}
