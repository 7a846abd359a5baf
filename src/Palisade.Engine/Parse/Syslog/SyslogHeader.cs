using System.Buffers;
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
    private const int MaxTag = 160;
    private static readonly SearchValues<byte> NoName = SearchValues.Create(":(=\"'"u8);
    private static readonly SearchValues<byte> NoHost = SearchValues.Create("[]():=/,|\"'"u8);
    private static readonly SearchValues<byte> NoTag = SearchValues.Create("[ :=(\"'"u8);
    private static readonly SearchValues<byte> Version = SearchValues.Create("0123456789."u8);
    private static readonly string[] Levels = ["TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERR", "ERROR", "CRIT", "CRITICAL", "FATAL", "ALERT", "EMERG", "SUBDEBUG"];
    private static readonly string[] Facilities =
    [
        "auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];

    public int Priority;            // -1: none
    public bool HasTime;
    public long TimeMs;
    public int HostStart, HostLength;
    public int ProgramStart, ProgramLength;
    /// <summary>The unit that stands where others have the program (<c>journalctl -o with-unit</c>): <c>ssh.service</c>, whose program is <c>ssh</c>.</summary>
    public int UnitStart, UnitLength;
    /// <summary>What speaks for the program, <c>pam_unix</c> of <c>sshd(pam_unix)</c>.</summary>
    public int ModuleStart, ModuleLength;
    /// <summary>The tag as written, without its colon, from <see cref="ProgramStart"/> on.</summary>
    public int TagLength;
    /// <summary>A level that stands where others have the host.</summary>
    public int LevelStart, LevelLength;
    public int PidStart, PidLength;
    public int MessageIdStart, MessageIdLength;
    public int DataStart, DataLength;
    public int MessageStart;
    public bool Version1;

    /// <summary>A cheap look at the first bytes: PRI, a month's name, a date, or a length before a PRI.</summary>
    public static bool LooksLikeOne(ReadOnlySpan<byte> t) =>
        t.Length > 15 && ((t[0] == '<' && (uint)(t[1] - '0') < 10) || Count(t) > 0
        || (t[3] == ' ' && (uint)(t[0] - 'A') < 26 && (uint)(t[1] - 'a') < 26)
        || (t[4] == '-' && t[7] == '-' && (t[10] == 'T' || (t[10] == ' ' && t[13] == ':' && HasPid(t))) && (uint)(t[0] - '0') < 10));

    // 2026-11-24 10:00:00 HOST PROGRAM[PID]: is a template of rsyslog's; with a blank in its stamp and anything else behind it, a line is an application's own.
    private static bool HasPid(ReadOnlySpan<byte> t)
    {
        var rest = t[Math.Min(t.Length, 19)..Math.Min(t.Length, 19 + MaxTag)];
        rest = rest[(rest.IndexOf((byte)' ') + 1)..];
        var host = rest.IndexOf((byte)' ');
        if (host <= 0 || rest[..host].ContainsAny(NoHost)) return false;
        foreach (var level in Levels)
            if (System.Text.Ascii.EqualsIgnoreCase(rest[..host], level)) return false;
        rest = rest[(host + 1)..];
        var open = rest.IndexOfAny(NoTag);
        if (open <= 0 || rest[open] != '[') return false;
        var close = rest.IndexOf("]: "u8);
        return close > open + 1 && IsNumber(rest[(open + 1)..close]);
    }

    // The length that a sender on TCP writes before each message (RFC 6587 section 3.4.1), where what came was kept as it came: 86 <34>1 ...
    private static int Count(ReadOnlySpan<byte> t)
    {
        if (t[0] is < (byte)'1' or > (byte)'9') return 0;
        var digits = t[..Math.Min(t.Length, 9)].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return digits > 0 && t[digits..] is [(byte)' ', (byte)'<', >= (byte)'0' and <= (byte)'9', ..] ? digits + 1 : 0;
    }

    // The day that journalctl -o short-full writes before a date: Sat 2026-11-28 17:10:13 UTC host ...
    private static bool HasDay(ReadOnlySpan<byte> t) => t.Length > 24 && t[3] == ' ' && t[8] == '-' && t[11] == '-' && char.IsAsciiLetterUpper((char)t[0]) && char.IsAsciiDigit((char)t[4]);

    // Behind that date stands a zone: where its letters mean nothing to us, they are stepped over.
    private static int UnknownZone(ReadOnlySpan<byte> t)
    {
        var end = t.Length > 1 ? t[1..].IndexOf((byte)' ') : -1;
        return end is >= 2 and <= 5 && t[0] == ' ' && !t.Slice(1, end).ContainsAnyExceptInRange((byte)'A', (byte)'Z') ? end + 1 : 0;
    }

    public static bool TryRead(ReadOnlySpan<byte> t, long receivedMs, ZoneTable zone, out SyslogHeader h)
    {
        h = new SyslogHeader { Priority = -1 };
        var at = t.Length > 2 ? Count(t) : 0;
        if (t.Length > at + 2 && t[at] == '<')
        {
            var close = t[at..Math.Min(t.Length, at + 6)].IndexOf((byte)'>');
            if (close < 2 || !Utf8Parser.TryParse(t[(at + 1)..(at + close)], out int pri, out var n) || n != close - 1 || pri > 191) return false;
            h.Priority = pri;
            at += close + 1;
            if (t[at..].StartsWith("1 "u8)) return h.Version5424(t, at + 2, receivedMs);
            while (at < t.Length && t[at] == ' ') at++;
        }
        var day = HasDay(t[at..]);
        if (day) at += 4;
        if (TimeReader.TryRead(TimeFormat.Bsd, t[at..], receivedMs, zone, out h.TimeMs, out var used)
            || TimeReader.TryRead(TimeFormat.Iso, t[at..], receivedMs, zone, out h.TimeMs, out used))
        {
            h.HasTime = true;
            at += used;
            if (day && t[at - 1] is >= (byte)'0' and <= (byte)'9') at += UnknownZone(t[at..]);
            if (at < t.Length && t[at] == ':') at++;                 // some devices end the stamp with a colon
            if (at >= t.Length || t[at] != ' ') return false;
            while (at < t.Length && t[at] == ' ') at++;
            h.Host(t, ref at);
        }
        else if (h.Priority < 0) return false;
        h.Tag(t, at);
        var host = t.Slice(h.HostStart, h.HostLength);
        // 2026-11-24T10:00:00Z [ERROR] message: what stands in brackets is a host only as an IPv6 address
        if (h.Priority < 0 && host is [(byte)'[', ..] && !host.Contains((byte)':')) return false;
        return !day || (h.ProgramLength > 0 && !host.ContainsAny(NoHost));
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
            if (!TimeReader.TryRead(TimeFormat.Iso, t.Slice(starts[0], lengths[0]), receivedMs, ZoneTable.Utc, out TimeMs, out _)) return false;
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
        // Without a host the next word is the tag already: "sshd[1]:"; a remark such as "---" is neither, nor is a pair "user=li".
        if (t[at..].StartsWith("last message repeated "u8) || t[at..].StartsWith("message repeated "u8)) return;
        foreach (var level in Levels)
        {
            if (blank < 0 || !System.Text.Ascii.Equals(word, level)) continue;
            (LevelStart, LevelLength) = (at, word.Length);
            at += blank + 1;
            return;
        }
        if (blank < 0 || word.Length == 0 || (word[^1] == ':' && !Endpoint.IsAddress(word[..^1]) && !t[(at + blank)..].StartsWith(" %"u8)) || word.IndexOf((byte)'[') > 0 || word.IndexOf((byte)'=') > 0 || word.StartsWith("--"u8)) return;
        (HostStart, HostLength) = (at, word[^1] == ':' ? word.Length - 1 : word.Length);
        at += blank;
        while (at < t.Length && t[at] == ' ') at++;
    }

    // program[pid]: message       program: message             program(module)[pid]: message
    // two words[pid]: message     program 1.4.1: message       program[pid] (of what): message
    // A word without colon or pid is no tag, nor is a mere number, nor what a firewall begins with: %ASA-6-302013: message
    private void Tag(ReadOnlySpan<byte> t, int at)
    {
        if (t[at..].StartsWith(": "u8)) at += 2;
        Selector(t, ref at);
        MessageStart = at;
        var rest = t.Slice(at, Math.Min(t.Length - at, MaxTag));
        var end = rest.IndexOfAny(" :[("u8);
        if (end <= 0 || rest[0] == '%' || IsNumber(rest[..end])) return;
        var name = end;
        if (rest[end] == '(')
        {
            var close = rest[end..].IndexOf((byte)')');
            if (close < 0) return;
            (ModuleStart, ModuleLength) = (at + end + 1, close - 1);
            end += close + 1;
        }
        else if (rest[end] == ' ')
        {
            end = Words(rest, end);
            if (end < 0) return;
            if (rest[end] == '[') name = end;                       // the version is none of the name, another word is
        }
        if (end < rest.Length && rest[end] == '[')
        {
            var close = rest[end..].IndexOf((byte)']');
            if (close < 0 || close > 40) { ModuleLength = 0; return; }
            (PidStart, PidLength) = (at + end + 1, close - 1);
            end += close + 1;
            if (rest[end..].StartsWith(" ("u8) && rest[end..].IndexOf("): "u8) is > 0 and var of) end += of + 1;
            if (end < rest.Length && rest[end] == ':') end++;
        }
        else if (end < rest.Length && rest[end] == ':') end++;
        else { ModuleLength = 0; return; }
        if (end < rest.Length && rest[end] != ' ') { PidLength = ModuleLength = 0; return; }
        (ProgramStart, ProgramLength) = (at, name);
        if (PidLength > 0) Unit(t);
        TagLength = rest[end - 1] == ':' ? end - 1 : end;
        MessageStart = Math.Min(at + end + 1, t.Length);
    }

    // ssh.service[812]: message     user@1000.service/app.service[812]: message     session-3.scope[812]: message
    private void Unit(ReadOnlySpan<byte> t)
    {
        var unit = t.Slice(ProgramStart, ProgramLength);
        var slash = unit.IndexOf((byte)'/') + 1;
        var kind = unit.LastIndexOf((byte)'.');
        if (kind <= slash || !(unit[kind..].SequenceEqual(".service"u8) || unit[kind..].SequenceEqual(".scope"u8))) return;
        (UnitStart, UnitLength) = (ProgramStart, ProgramLength);
        var name = unit[slash..kind];
        if (name.IndexOf((byte)'@') is > 0 and var instance) name = name[..instance];
        else if (name.StartsWith("session-"u8)) name = name[..7];
        (ProgramStart, ProgramLength) = (ProgramStart + slash, name.Length);
    }

    // authpriv.warn before the tag, as OpenWrt and busybox write it
    private void Selector(ReadOnlySpan<byte> t, ref int at)
    {
        var word = t.Slice(at, Math.Min(t.Length - at, 20));
        var (dot, blank) = (word.IndexOf((byte)'.'), word.IndexOf((byte)' '));
        if (dot < 0 || blank < dot) return;
        var facility = word[..dot];
        foreach (var known in Facilities)
        {
            if (!System.Text.Ascii.Equals(facility, known)) continue;
            (LevelStart, LevelLength) = (at + dot + 1, blank - dot - 1);
            at += blank + 1;
            return;
        }
    }

    // Where a name of several words ends: before the pid, or before the colon when the second word is a version. -1: this is no name.
    private static int Words(ReadOnlySpan<byte> rest, int blank)
    {
        var second = rest[(blank + 1)..];
        var version = second.IndexOfAnyExcept(Version);
        if (version > 0 && second[version..].StartsWith(": "u8)) return blank + 1 + version;
        var end = rest.IndexOf((byte)'[');
        if (end < 0 || rest[..end].ContainsAny(NoName) || rest[..end].Count((byte)' ') > 3) return -1;
        var close = rest[end..].IndexOf("]: "u8);
        return close > 1 && IsNumber(rest.Slice(end + 1, close - 1)) ? end : -1;
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
            // /usr/sbin/cron is cron, postfix/smtpd is itself
            var name = into.Bytes(offset + ProgramStart, ProgramLength);
            var slash = name[0] == '/' ? name.LastIndexOf((byte)'/') + 1 : 0;
            into.SetRange(Fields.ProcessName, offset + ProgramStart + slash, ProgramLength - slash);
        }
        if (UnitLength > 0) into.SetRange(Fields.ServiceName, offset + UnitStart, UnitLength);
        else if (TagLength > ProgramLength + (PidLength > 0 ? PidLength + 2 : 0)) into.SetRange(Fields.LogSyslogAppname, offset + ProgramStart, TagLength);
        if (LevelLength > 0) into.SetRange(Fields.LogLevel, offset + LevelStart, LevelLength);
        if (PidLength > 0)
            into.SetRange(IsNumber(into.Bytes(offset + PidStart, PidLength)) ? Fields.ProcessPid : Fields.LogSyslogProcid, offset + PidStart, PidLength);
        if (MessageIdLength > 0) into.SetRange(Fields.LogSyslogMsgid, offset + MessageIdStart, MessageIdLength);
        if (DataLength > 0) into.SetRange(Fields.LogSyslogStructuredData, offset + DataStart, DataLength);
        if (Version1) into.Set(Fields.LogSyslogVersion, "1"u8);
    }

    /// <summary>The name of the first element of the structured data, <c>NXLOG@14506</c>; empty: there is none.</summary>
    public readonly ReadOnlySpan<byte> DataId(ReadOnlySpan<byte> t)
    {
        if (DataLength == 0) return default;
        var data = t.Slice(DataStart + 1, DataLength - 1);
        var end = data.IndexOfAny(" ]"u8);
        return end > 0 ? data[..end] : default;
    }

    private static bool IsNumber(ReadOnlySpan<byte> text) => text.Length <= 10 && !text.ContainsAnyExceptInRange((byte)'0', (byte)'9');
}
