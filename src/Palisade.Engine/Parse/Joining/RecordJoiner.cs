using Palisade.Engine.Parse.Patterns;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Joining;

/// <summary>How records of several lines are told apart.</summary>
/// <param name="Pattern">What the first line of a record begins with; for keys and parts, what every line begins with.</param>
/// <param name="Kind">What the pattern says.</param>
/// <param name="Tag">Parts: the last capture of a line that is not the record's last.</param>
internal sealed record JoinRule(PatternNode[] Pattern, JoinKind Kind, byte[] Tag);

internal enum JoinKind : byte
{
    /// <summary>A line that does not fit belongs to the record before.</summary>
    Start,
    /// <summary>Lines in a row whose last capture is the same belong together.</summary>
    Key,
    /// <summary>A line with the tag goes on in the next one, behind what that begins with.</summary>
    Part,
}

/// <summary>
/// Puts the lines of one stream together to records. The source of a record's first line says how (<c>join</c> in source.yml); without such
/// a rule, a line that begins with a blank or with what goes on in a stack trace belongs to the record before. Bounded: a record ends after
/// <see cref="MaxLines"/> lines or <see cref="MaxBytes"/> bytes, and what follows begins another.
/// </summary>
public sealed class RecordJoiner(ParserSet set, short parser, long receivedMs)
{
    /// <summary>Lines one record may have.</summary>
    public const int MaxLines = 500;
    /// <summary>Bytes one record may have.</summary>
    public const int MaxBytes = 1 << 20;

    private readonly Parser probe = new(set);
    private readonly EventBatch scratch = new();
    private readonly PatternMatcher matcher = new();
    private byte[] pending = new byte[4096], done = new byte[4096], key = [];
    private int length, lines;
    private JoinRule? rule;
    private bool open;

    /// <summary>Takes the next line, without its line end. True when a record before it is complete; it is valid until the next call.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> record)
    {
        record = default;
        if (lines > 0 && lines < MaxLines && length + line.Length < MaxBytes && GoesOn(line))
        {
            if (rule is { Kind: JoinKind.Part })
            {
                Append(line[matcher.StartLength..]);
                open = HasTag(line, rule.Tag);
            }
            else
            {
                Append("\n"u8);
                Append(line);
            }
            lines++;
            return false;
        }
        var complete = TryEnd(out record);
        Start(line);
        return complete;
    }

    /// <summary>The record at hand, when there is one: at the end of the stream, or when its next line is long in coming.</summary>
    public bool TryEnd(out ReadOnlySpan<byte> record)
    {
        record = default;
        if (lines == 0) return false;
        (pending, done) = (done, pending);
        record = done.AsSpan(0, length);
        (length, lines) = (0, 0);
        return true;
    }

    private void Start(ReadOnlySpan<byte> line)
    {
        Append(line);
        lines = 1;
        rule = null;
        if (set.Joined.Length == 0) return;
        // A part of a line may be anything: its frame says what it is.
        foreach (var joined in set.Joined)
        {
            if (set[joined].Join is not { Kind: JoinKind.Part } part || !matcher.TryMatchStart(part.Pattern, line, receivedMs, ZoneTable.Utc)) continue;
            (rule, open) = (part, HasTag(line, part.Tag));
            if (open) return;
        }
        rule = null;
        scratch.Clear();
        probe.Parse(new RecordInfo(0, receivedMs, 1, 0, parser), line, scratch);
        var found = scratch.Header(0).Parser;
        if (found >= 0) rule = set[found].Join;
        if (rule is { Kind: JoinKind.Key }) key = Key(line).ToArray();
        if (rule is { Kind: JoinKind.Part }) open = false;
    }

    private bool GoesOn(ReadOnlySpan<byte> line)
    {
        if (rule is null) return line.Length > 0 && (line[0] is (byte)' ' or (byte)'\t' || line.StartsWith("Caused by:"u8) || line.StartsWith("... "u8) || line.StartsWith("Traceback "u8));
        if (rule.Kind == JoinKind.Part) return open && matcher.TryMatchStart(rule.Pattern, line, receivedMs, ZoneTable.Utc);
        if (rule.Kind == JoinKind.Start) return !matcher.TryMatchStart(rule.Pattern, line, receivedMs, ZoneTable.Utc);
        return Key(line) is { Length: > 0 } own && own.SequenceEqual(key);
    }

    private ReadOnlySpan<byte> Key(ReadOnlySpan<byte> line)
    {
        if (rule is null || !matcher.TryMatchStart(rule.Pattern, line, receivedMs, ZoneTable.Utc)) return default;
        ref readonly var last = ref matcher.Captures[^1];
        return line.Slice(last.Start, last.Length);
    }

    private bool HasTag(ReadOnlySpan<byte> line, byte[] tag)
    {
        ref readonly var last = ref matcher.Captures[^1];
        return line.Slice(last.Start, last.Length).SequenceEqual(tag);
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        if (pending.Length - length < text.Length) Array.Resize(ref pending, Math.Max(pending.Length * 2, length + text.Length));
        text.CopyTo(pending.AsSpan(length));
        length += text.Length;
    }
}
