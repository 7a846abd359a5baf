using System.Buffers.Text;
using Palisade.Engine.Parse.Times;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Syslog;

/// <summary>
/// The header of a syslog message (RFC 5424 section 6; RFC 3164 section 4 as it is really sent: PRI, host or tag may be missing).
/// Offsets are relative to the start of the message.
/// </summary>
internal ref struct SyslogHeader
{
    public int Priority;            // -1: none
    public bool HasTime;
    public long TimeMs;
    public int HostStart, HostLength;
    public int ProgramStart, ProgramLength;
    public int PidStart, PidLength;
    public int MessageIdStart, MessageIdLength;
    public int DataStart, DataLength;
    public int MessageStart;
    public bool Version1;

    /// <summary>A cheap look at the first bytes: PRI, a month's name, or a date.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> t) =>
        t.Length > 15 && ((t[0] == '<' && (uint)(t[1] - '0') < 10)
        || (t[3] == ' ' && (uint)(t[0] - 'A') < 26 && (uint)(t[1] - 'a') < 26)
        || (t[4] == '-' && t[7] == '-' && t[10] == 'T' && (uint)(t[0] - '0') < 10));

    public static bool TryRead(ReadOnlySpan<byte> t, long receivedMs, int zoneMinutes, out SyslogHeader h)
    {
        h = new SyslogHeader { Priority = -1 };
        var at = 0;
        if (t.Length > 2 && t[0] == '<')
        {
            var close = t[..Math.Min(t.Length, 6)].IndexOf((byte)'>');
            if (close < 2 || !Utf8Parser.TryParse(t[1..close], out int pri, out var n) || n != close - 1 || pri > 191) return false;
            h.Priority = pri;
            at = close + 1;
            if (t[at..].StartsWith("1 "u8)) return h.Version5424(t, at + 2, receivedMs);
            while (at < t.Length && t[at] == ' ') at++;
        }
        if (TimeReader.TryRead(TimeFormat.Bsd, t[at..], receivedMs, zoneMinutes, out h.TimeMs, out var used)
            || TimeReader.TryRead(TimeFormat.Iso, t[at..], receivedMs, zoneMinutes, out h.TimeMs, out used))
        {
            h.HasTime = true;
            at += used;
            if (at < t.Length && t[at] == ':') at++;                 // some devices end the stamp with a colon
            if (at >= t.Length || t[at] != ' ') return false;
            while (at < t.Length && t[at] == ' ') at++;
            h.Host(t, ref at);
        }
        else if (h.Priority < 0) return false;
        h.Tag(t, at);
        return true;
    }

    // <PRI>1 SP TIME SP HOST SP APP SP PROCID SP MSGID SP SD [SP MSG]
    private bool Version5424(ReadOnlySpan<byte> t, int at, long receivedMs)
    {
        Version1 = true;
        Span<int> starts = stackalloc int[5], lengths = stackalloc int[5];
        for (var i = 0; i < 5; i++)
        {
            var blank = t[at..].IndexOf((byte)' ');
            if (blank < 0) { if (i < 4) return false; blank = t.Length - at; }
            starts[i] = at;
            lengths[i] = blank == 1 && t[at] == '-' ? 0 : blank;
            at = Math.Min(at + blank + 1, t.Length);
        }
        if (lengths[0] > 0)
        {
            if (!TimeReader.TryRead(TimeFormat.Iso, t.Slice(starts[0], lengths[0]), receivedMs, 0, out TimeMs, out _)) return false;
            HasTime = true;
        }
        (HostStart, HostLength, ProgramStart, ProgramLength) = (starts[1], lengths[1], starts[2], lengths[2]);
        (PidStart, PidLength, MessageIdStart, MessageIdLength) = (starts[3], lengths[3], starts[4], lengths[4]);
        if (at < t.Length && t[at] == '[')
        {
            DataStart = at;
            at = EndOfData(t, at);
            DataLength = at - DataStart;
        }
        else if (at < t.Length && t[at] == '-') at++;
        if (at < t.Length && t[at] == ' ') at++;
        if (t[at..].StartsWith("\uFEFF"u8)) at += 3;
        MessageStart = at;
        return true;
    }

    private static int EndOfData(ReadOnlySpan<byte> t, int at)
    {
        var quoted = false;
        for (; at < t.Length; at++)
        {
            if (t[at] == '\\' && quoted) at++;
            else if (t[at] == '"') quoted = !quoted;
            else if (t[at] == ']' && !quoted && (at + 1 == t.Length || t[at + 1] != '[')) return at + 1;
        }
        return t.Length;
    }

    private void Host(ReadOnlySpan<byte> t, ref int at)
    {
        var blank = t[at..].IndexOf((byte)' ');
        var word = blank < 0 ? t[at..] : t.Slice(at, blank);
        // Without a host the next word is the tag already: "sshd[1]:"; a remark such as "---" is neither.
        if (blank < 0 || word.Length == 0 || (word[^1] == ':' && !Endpoint.IsAddress(word[..^1])) || word.IndexOf((byte)'[') > 0 || word.StartsWith("--"u8)) return;
        (HostStart, HostLength) = (at, word[^1] == ':' ? word.Length - 1 : word.Length);
        at += blank;
        while (at < t.Length && t[at] == ' ') at++;
    }

    // program[pid]: message    program: message    program message (only with a colon or pid is it a tag)
    private void Tag(ReadOnlySpan<byte> t, int at)
    {
        MessageStart = at;
        var rest = t[at..];
        var end = rest[..Math.Min(rest.Length, 128)].IndexOfAny(" :["u8);
        if (end <= 0) return;
        // program (two words) with a pid: "CRON (daily)[1]:" does not occur; "systemd-logind[1]:" does
        var next = at + end;
        if (t[next] == '[')
        {
            var close = t[next..].IndexOf((byte)']');
            if (close < 0 || close > 40) return;
            (PidStart, PidLength) = (next + 1, close - 1);
            next += close + 1;
            if (next < t.Length && t[next] == ':') next++;
        }
        else if (t[next] == ':') next++;
        else return;
        if (next < t.Length && t[next] != ' ') { PidLength = 0; return; }
        (ProgramStart, ProgramLength) = (at, end);
        if (next < t.Length) next++;
        MessageStart = next;
    }

    /// <summary>Adds what the header says; the text lies at <paramref name="offset"/> of the arena.</summary>
    public readonly void AddTo(EventBatch into, int offset)
    {
        if (Priority >= 0)
        {
            into.Add(Fields.LogSyslogPriority, Priority);
            into.Add(Fields.LogSyslogFacilityCode, Priority >> 3);
            into.Add(Fields.LogSyslogSeverityCode, Priority & 7);
        }
        if (HostLength > 0)
        {
            into.SetRange(Fields.HostName, offset + HostStart, HostLength);
            into.SetRange(Fields.HostHostname, offset + HostStart, HostLength);
        }
        if (ProgramLength > 0)
        {
            var slash = into.Bytes(offset + ProgramStart, ProgramLength).LastIndexOf((byte)'/') + 1;
            into.SetRange(Fields.ProcessName, offset + ProgramStart + slash, ProgramLength - slash);
        }
        if (PidLength > 0)
            into.SetRange(IsNumber(into.Bytes(offset + PidStart, PidLength)) ? Fields.ProcessPid : Fields.LogSyslogProcid, offset + PidStart, PidLength);
        if (MessageIdLength > 0) into.SetRange(Fields.LogSyslogMsgid, offset + MessageIdStart, MessageIdLength);
        if (DataLength > 0) into.SetRange(Fields.LogSyslogStructuredData, offset + DataStart, DataLength);
        if (Version1) into.Set(Fields.LogSyslogVersion, "1"u8);
    }

    private static bool IsNumber(ReadOnlySpan<byte> text) => text.Length <= 10 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
