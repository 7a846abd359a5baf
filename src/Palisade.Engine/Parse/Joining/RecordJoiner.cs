using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine.Parse.Joining;

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
    private PendingRecord pending = new(), done = new();

    /// <summary>Takes the next line, without its line end. True when a record before it is complete; it is valid until the next call.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> record)
    {
        record = default;
        if (pending.TryAppend(line, matcher, receivedMs)) return false;
        var complete = TryEnd(out record);
        pending.Start(line, RuleOf(line), matcher, receivedMs);
        return complete;
    }

    /// <summary>The record at hand, when there is one: at the end of the stream, or when its next line is long in coming.</summary>
    public bool TryEnd(out ReadOnlySpan<byte> record)
    {
        record = default;
        if (pending.Lines == 0) return false;
        (pending, done) = (done, pending);
        pending.Clear();
        record = done.Text;
        return true;
    }

    private JoinRule? RuleOf(ReadOnlySpan<byte> line)
    {
        if (set.Joined.Length == 0) return null;
        // A part of a line may be anything: its frame says what it is.
        if (set.PartOf(line, matcher, receivedMs) is >= 0 and var part) return set[part].Join;
        scratch.Clear();
        probe.Parse(new RecordInfo(0, receivedMs, 1, 0, parser), line, scratch);
        return scratch.Header(0).Parser is >= 0 and var found ? PendingRecord.RuleBehind(line, set[found].Join, matcher, receivedMs) : null;
    }
}
