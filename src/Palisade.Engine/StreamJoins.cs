using System.Buffers.Binary;
using System.Text;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Joining;
using Palisade.Engine.Parse.Patterns;

namespace Palisade.Engine;

/// <summary>A stream of lines in order: of one connection, request or file.</summary>
public readonly record struct LineStream(uint Tenant, uint Source, ulong Session);

/// <summary>A stream whose record is not whole yet.</summary>
/// <param name="Revision">Another one after each line.</param>
public readonly record struct WaitingRecord(LineStream Stream, long Revision);

/// <summary>
/// Puts the lines of many streams together to records, behind the journal: a function of the lines and ends that it is given, in their order, so that a replay
/// joins as before. A line at most completes the record before it in its stream, whose event then has that line's place in the journal: one place, one event.
/// Where nothing is replayed it may have the place of its own first line.
/// Only sources that say how (<c>join</c> in source.yml) are joined. Bounded: <see cref="MaxStreams"/> records and <see cref="MaxBytes"/> bytes wait; what comes beyond is read line by line.
/// </summary>
/// <param name="atFirst">Records of several lines have the sequence of their first line.</param>
public sealed class StreamJoins(bool atFirst = false)
{
    /// <summary>Records that wait for more, at once.</summary>
    public const int MaxStreams = 4096;
    /// <summary>Bytes of all that waits.</summary>
    public const int MaxBytes = 16 << 20;
    private const int MaxSpare = 64;
    private const byte Open = 1, WasConverted = 2;

    private readonly Dictionary<LineStream, Entry> waiting = [];
    private readonly Stack<Entry> spare = new();
    private readonly PatternMatcher matcher = new();
    private long revisions, bytes;

    private sealed class Entry
    {
        public readonly PendingRecord Record = new();
        public short Parser;
        public long FirstMs, Revision;
        public ulong FirstSequence;
        public bool Converted;
    }

    /// <summary>Records that wait.</summary>
    public int Count => waiting.Count;

    /// <summary>What waits, in no order.</summary>
    public IEnumerable<WaitingRecord> Waiting => waiting.Select(w => new WaitingRecord(w.Key, w.Value.Revision));

    /// <summary>Sequence of the first line of what waits of a stream; 0: nothing does.</summary>
    public ulong FirstOf(in LineStream stream) => waiting.GetValueOrDefault(stream)?.FirstSequence ?? 0;

    /// <summary>Takes a line, without its line end: to the record before it, as the begin of one, or to the batch at once.</summary>
    public void Add(Pipeline pipeline, in RecordInfo info, ulong session, ReadOnlySpan<byte> line)
    {
        var stream = new LineStream(info.Tenant, info.Source, session);
        var before = waiting.Count == 0 ? null : waiting.GetValueOrDefault(stream);
        if (before is not null && TryAppend(pipeline, before, info, line)) return;
        var set = pipeline.Parsers;
        var part = set.PartOf(line, matcher, info.ReceivedMs);
        // Read first, as the batch has room for one event of this line: an event that is to wait is taken back.
        pipeline.Add(info, line);
        var parser = part >= 0 ? part : pipeline.Events.Header(pipeline.Events.Count - 1).Parser;
        var rule = parser < 0 ? null : part >= 0 ? set[parser].Join : PendingRecord.RuleBehind(line, set[parser].Join, matcher, info.ReceivedMs);
        if (before is null && (rule is null || waiting.Count >= MaxStreams || bytes + line.Length > MaxBytes)) return;
        pipeline.Events.DropLast();
        if (before is not null) Complete(pipeline, before, info);
        else waiting[stream] = before = spare.Count > 0 ? spare.Pop() : new Entry();
        // Behind a record that it completes any line waits, so that no two events have its place.
        before.Record.Start(line, rule, matcher, info.ReceivedMs);
        (before.Parser, before.FirstMs, before.FirstSequence, before.Revision, before.Converted) = (rule is null ? RecordInfo.AutoParser : parser, info.ReceivedMs, info.Sequence, ++revisions, info.Converted);
        bytes += line.Length;
    }

    /// <summary>No more lines will come for the stream's record: it goes to the batch as it is.</summary>
    public void End(Pipeline pipeline, in RecordInfo info, ulong session)
    {
        if (!waiting.Remove(new LineStream(info.Tenant, info.Source, session), out var entry)) return;
        Complete(pipeline, entry, info);
        if (spare.Count < MaxSpare && entry.Record.Text.Length <= 1 << 16) spare.Push(entry);
    }

    private void Complete(Pipeline pipeline, Entry entry, in RecordInfo at)
    {
        bytes -= entry.Record.Text.Length;
        pipeline.Add(at with { Sequence = atFirst ? entry.FirstSequence : at.Sequence, ReceivedMs = entry.FirstMs, Lines = entry.Record.Lines, Converted = entry.Converted }, entry.Record.Text);
    }

    private bool TryAppend(Pipeline pipeline, Entry entry, in RecordInfo info, ReadOnlySpan<byte> line)
    {
        var record = entry.Record;
        if (record.Rule is null || bytes + line.Length > MaxBytes) return false;
        // Where the kind is found out, a line that is a record of something else does not go on in this one.
        if (record.Rule.Kind == JoinKind.Start && info.Parser < 0 && record.GoesOn(line, matcher, info.ReceivedMs) && IsOfOther(pipeline, entry, info, line)) return false;
        var length = record.Text.Length;
        if (!record.TryAppend(line, matcher, info.ReceivedMs)) return false;
        bytes += record.Text.Length - length;
        entry.Converted |= info.Converted;
        entry.Revision = ++revisions;
        return true;
    }

    private static bool IsOfOther(Pipeline pipeline, Entry entry, in RecordInfo info, ReadOnlySpan<byte> line)
    {
        pipeline.Add(info, line);
        var header = pipeline.Events.Header(pipeline.Events.Count - 1);
        pipeline.Events.DropLast();
        return header is { Refusal: ParseRefusal.None, Parser: >= 0 } && header.Parser != entry.Parser && !pipeline.Parsers.IsLoose(header.Parser);
    }

    /// <summary>Writes what waits.</summary>
    /// <remarks><code>count i32 | ( tenant u32 | source u32 | session u64 | first i64 | lines i32 | marks u8 | parser text | key bytes | record bytes )*   texts and bytes: length i32 before</code></remarks>
    public void Save(Stream to, ParserSet set)
    {
        using var writer = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        writer.Write(waiting.Count);
        foreach (var (stream, entry) in waiting)
        {
            writer.Write(stream.Tenant);
            writer.Write(stream.Source);
            writer.Write(stream.Session);
            writer.Write(entry.FirstMs);
            writer.Write(entry.Record.Lines);
            writer.Write((byte)((entry.Record.IsOpen ? Open : 0) | (entry.Converted ? WasConverted : 0)));
            Bytes(writer, Encoding.UTF8.GetBytes(entry.Record.Rule is null ? "" : set.NameOf(entry.Parser)));
            Bytes(writer, entry.Record.Key);
            Bytes(writer, entry.Record.Text);
        }
    }

    /// <summary>Takes up what <see cref="Save"/> wrote, also of other content: a source that is no more ends its records.</summary>
    /// <returns>Bytes behind it.</returns>
    /// <exception cref="InvalidDataException">These bytes are nothing of ours.</exception>
    public int Load(ReadOnlySpan<byte> from, ParserSet set)
    {
        waiting.Clear();
        bytes = 0;
        for (var count = Int32(ref from); count > 0; count--)
        {
            var stream = new LineStream((uint)Int32(ref from), (uint)Int32(ref from), (ulong)Int64(ref from));
            var (first, lines, marks) = (Int64(ref from), Int32(ref from), Take(ref from, 1)[0]);
            var name = Encoding.UTF8.GetString(Bytes(ref from));
            var key = Bytes(ref from);
            var record = Bytes(ref from);
            var entry = new Entry { Parser = name.Length > 0 ? set.IndexOf(stream.Tenant, name) : RecordInfo.AutoParser, FirstMs = first, Revision = ++revisions, Converted = (marks & WasConverted) != 0 };
            entry.Record.Restore(record, key, lines, entry.Parser >= 0 ? set[entry.Parser].Join : null, (marks & Open) != 0);
            waiting[stream] = entry;
            bytes += record.Length;
        }
        return from.Length;
    }

    private static void Bytes(BinaryWriter writer, ReadOnlySpan<byte> value)
    {
        writer.Write(value.Length);
        writer.Write(value);
    }

    private static ReadOnlySpan<byte> Bytes(ref ReadOnlySpan<byte> from) => Take(ref from, Int32(ref from));

    private static int Int32(ref ReadOnlySpan<byte> from) => BinaryPrimitives.ReadInt32LittleEndian(Take(ref from, 4));

    private static long Int64(ref ReadOnlySpan<byte> from) => BinaryPrimitives.ReadInt64LittleEndian(Take(ref from, 8));

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> from, int length)
    {
        if ((uint)length > (uint)from.Length) throw new InvalidDataException("The lines that waited were not written down whole.");
        var taken = from[..length];
        from = from[length..];
        return taken;
    }
}
