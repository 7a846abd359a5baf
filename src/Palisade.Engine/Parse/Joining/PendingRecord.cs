using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Joining;

/// <summary>A record whose lines are still coming. Reused after <see cref="Clear"/>.</summary>
internal sealed class PendingRecord
{
    private byte[] text = new byte[512], key = [];
    private int length;

    /// <summary>Lines it has; 0: there is none.</summary>
    public int Lines { get; private set; }
    /// <summary>How its lines are told; null: by the general rule.</summary>
    public JoinRule? Rule { get; private set; }
    /// <summary>Parts: the last line said that more comes.</summary>
    public bool IsOpen { get; private set; }
    public ReadOnlySpan<byte> Text => text.AsSpan(0, length);
    public ReadOnlySpan<byte> Key => key;

    public void Clear() => (length, Lines, Rule, IsOpen) = (0, 0, null, false);

    /// <summary>Begins with a line.</summary>
    public void Start(ReadOnlySpan<byte> line, JoinRule? rule, PatternMatcher matcher, long receivedMs)
    {
        Clear();
        Append(line);
        (Lines, Rule) = (1, rule);
        if (rule is { Kind: JoinKind.Key }) key = KeyOf(rule, line, matcher, receivedMs).ToArray();
        if (rule is { Kind: JoinKind.Part }) IsOpen = GoesOnBehind(rule, line, matcher, receivedMs);
    }

    /// <summary>
    /// The rule of a source for the lines behind one that it read, or null. A line that does not begin as the rule says came inside a frame: by the rule all that follows
    /// would be its own.
    /// </summary>
    public static JoinRule? RuleBehind(ReadOnlySpan<byte> line, JoinRule? ofSource, PatternMatcher matcher, long receivedMs) =>
        ofSource is { Kind: JoinKind.Part } || (ofSource is { Kind: JoinKind.Start } && !IsStart(ofSource, line, matcher, receivedMs)) ? null : ofSource;

    /// <summary>Takes up what <see cref="Text"/>, <see cref="Key"/> and the rest were.</summary>
    public void Restore(ReadOnlySpan<byte> was, ReadOnlySpan<byte> wasKey, int lines, JoinRule? rule, bool isOpen)
    {
        Clear();
        Append(was);
        (Lines, Rule, IsOpen, key) = (lines, rule, isOpen, wasKey.ToArray());
    }

    /// <summary>Takes the line if it belongs to the record.</summary>
    public bool TryAppend(ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs)
    {
        if (Lines is 0 or >= RecordJoiner.MaxLines || length + line.Length >= RecordJoiner.MaxBytes || !GoesOn(line, matcher, receivedMs)) return false;
        if (Rule is { Kind: JoinKind.Part })
        {
            Append(line[matcher.StartLength..]);
            IsOpen = HasTag(line, Rule.Tag, matcher);
        }
        else
        {
            var head = IsRepeated(line, matcher, receivedMs) ? matcher.StartLength : 0;
            Append("\n"u8);
            Append(line[head..]);
        }
        Lines++;
        return true;
    }

    /// <summary>Whether the line belongs to the record, its bounds aside.</summary>
    public bool GoesOn(ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs)
    {
        if (Rule is null) return line.Length > 0 && (line[0] is (byte)' ' or (byte)'\t' || line.StartsWith("Caused by:"u8) || line.StartsWith("... "u8) || line.StartsWith("Traceback "u8));
        if (Rule.Kind == JoinKind.Part) return IsOpen && matcher.TryMatchStart(Rule.Pattern, line, receivedMs, ZoneTable.Utc);
        if (Rule.Kind == JoinKind.Start) return IsRepeated(line, matcher, receivedMs) || !IsStart(Rule, line, matcher, receivedMs);
        return KeyOf(Rule, line, matcher, receivedMs) is { Length: > 0 } own && own.SequenceEqual(key);
    }

    /// <summary>Starts: whether the record says that more comes and the line begins with the same bytes (time, level, process) as the record, which count once.</summary>
    private bool IsRepeated(ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs) =>
        Rule is { Kind: JoinKind.Start, Tag.Length: > 0 } && Text.EndsWith(Rule.Tag) && IsStart(Rule, line, matcher, receivedMs)
        && Text.StartsWith(line[..matcher.StartLength]);

    private static bool IsStart(JoinRule rule, ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs)
    {
        if (matcher.TryMatchStart(rule.Pattern, line, receivedMs, ZoneTable.Utc)) return true;
        foreach (var other in rule.Others)
            if (matcher.TryMatchStart(other, line, receivedMs, ZoneTable.Utc)) return true;
        return false;
    }

    /// <summary>Whether a line is a part that goes on in the next one.</summary>
    public static bool GoesOnBehind(JoinRule part, ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs) =>
        matcher.TryMatchStart(part.Pattern, line, receivedMs, ZoneTable.Utc) && HasTag(line, part.Tag, matcher);

    /// <summary>The key of a line; empty: it has none.</summary>
    public static ReadOnlySpan<byte> KeyOf(JoinRule rule, ReadOnlySpan<byte> line, PatternMatcher matcher, long receivedMs)
    {
        if (!matcher.TryMatchStart(rule.Pattern, line, receivedMs, ZoneTable.Utc)) return default;
        ref readonly var last = ref matcher.Captures[^1];
        return line.Slice(last.Start, last.Length);
    }

    private static bool HasTag(ReadOnlySpan<byte> line, byte[] tag, PatternMatcher matcher)
    {
        ref readonly var last = ref matcher.Captures[^1];
        return line.Slice(last.Start, last.Length).SequenceEqual(tag);
    }

    private void Append(ReadOnlySpan<byte> more)
    {
        if (text.Length - length < more.Length) Array.Resize(ref text, Math.Max(text.Length * 2, length + more.Length));
        more.CopyTo(text.AsSpan(length));
        length += more.Length;
    }
}
