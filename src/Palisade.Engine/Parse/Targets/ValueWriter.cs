using System.Buffers;
using System.Buffers.Text;
using Palisade.Engine.Parse.Times;
using Palisade.Engine.Parse.Web;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Targets;

/// <summary>
/// Puts one value where its target says, in the last event of a batch. One a parser: it knows the record at hand, and joins a date and a
/// clock that stand in two places.
/// </summary>
internal sealed class ValueWriter
{
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789ABCDEFabcdef"u8);
    private const long None = long.MinValue;
    private long receivedMs, date, clock;
    private ZoneTable zone = ZoneTable.Utc;
    private byte[][] nothing = [];

    /// <summary>Starts a record.</summary>
    /// <param name="received">Receipt, Unix ms.</param>
    /// <param name="stamps">Zone of stamps without one.</param>
    /// <param name="empty">Values that mean none, beside '-'.</param>
    public void Begin(long received, ZoneTable stamps, byte[][] empty) => (receivedMs, zone, date, clock, nothing) = (received, stamps, None, None, empty);

    /// <summary>True when the text can be a value of the target: what tells one layout of columns from another.</summary>
    public bool Fits(Target target, ReadOnlySpan<byte> text)
    {
        if (text.Length == 0 || (text.Length == 1 && text[0] == '-')) return target is not { Kind: CaptureKind.Time, IsEventTime: true };
        return target.Kind switch
        {
            CaptureKind.Time => TryTime(target, text, out _),
            CaptureKind.Int => Utf8Parser.TryParse(text, out long _, out var used) && used == text.Length,
            CaptureKind.Num or CaptureKind.Seconds or CaptureKind.Ms or CaptureKind.Us => Utf8Parser.TryParse(text, out double _, out var used) && used == text.Length,
            CaptureKind.Ip => Endpoint.IsAddress(text),
            CaptureKind.In => Among(target.Words, text),
            _ => true,
        };
    }

    /// <summary>Writes a value that lies in the arena. A value that is empty or just '-' sets nothing.</summary>
    /// <param name="replace">Replace what the event has under that name, rather than add to it.</param>
    public void Put(EventBatch into, Target target, int offset, int length, bool replace)
    {
        if (length <= 0 || (target.Field == 0 && target.Kind is not (CaptureKind.Request or CaptureKind.Url or CaptureKind.Time))) return;
        var text = into.Bytes(offset, length);
        if (length == 1 && text[0] == '-') return;
        foreach (var none in nothing) if (text.SequenceEqual(none)) return;
        switch (target.Kind)
        {
            case CaptureKind.Time:
                if (TryTime(target, text, out var ms)) PutTime(into, target, ms);
                break;
            case CaptureKind.Request: RequestLine.Add(into, offset, length); break;
            case CaptureKind.Url: RequestLine.Target(into, offset, length); break;
            case CaptureKind.Endpoint or CaptureKind.Endpoint_Port: Endpoint.Add(into, target, offset, length, replace); break;
            case CaptureKind.Forwarded: Endpoint.AddForwarded(into, target, offset, length, replace); break;
            case CaptureKind.Ip when !Endpoint.IsAddress(text): break;
            case CaptureKind.Seconds: Duration(into, target.Field, text, 1e9, replace); break;
            case CaptureKind.Ms: Duration(into, target.Field, text, 1e6, replace); break;
            case CaptureKind.Us: Duration(into, target.Field, text, 1e3, replace); break;
            case CaptureKind.Piped when text.Contains((byte)'\\'): Piped(into, target.Field, offset, length, replace); break;
            case CaptureKind.Hex: Hex(into, target.Field, offset, length, replace); break;
            case CaptureKind.Plus: Plus(into, target.Field, offset, length, replace); break;
            case CaptureKind.List: List(into, target.Field, offset, length, (byte)','); break;
            case CaptureKind.Words: List(into, target.Field, offset, length, (byte)' '); break;
            default:
                if (target.IsEventTime) { if (TimeReader.TryAny(text, receivedMs, zone, out var any)) SetTime(into, any); }
                else if (replace || target.Field == Fields.Message) into.SetRange(target.Field, offset, length);
                else into.AddSlice(target.Field, offset, length);
                break;
        }
    }

    /// <summary>Writes an instant that was read already.</summary>
    public void PutTime(EventBatch into, Target target, long ms)
    {
        if (!target.IsEventTime) { if (target.Field != 0) Iso(into, target.Field, ms); return; }
        if (target.Time == TimeFormat.Date) date = ms;
        else if (target.Time == TimeFormat.Clock) clock = ms;
        else { SetTime(into, ms); return; }
        if (date != None && clock != None) SetTime(into, zone.ToUtc(date + clock, receivedMs));
    }

    public static void SetTime(EventBatch into, long ms)
    {
        ref var header = ref into.Header(into.Count - 1);
        header.TimeMs = ms;
        header.Flags &= ~EventFlags.NoTime;
    }

    private bool TryTime(Target target, ReadOnlySpan<byte> text, out long ms) => target.Layout is { } layout
        ? layout.TryRead(text, receivedMs, zone, out ms, out var used) && used == text.Length
        : TimeReader.TryRead(target.Time, text, receivedMs, zone, out ms, out used) && used == text.Length;

    private static void Iso(EventBatch into, ushort field, long ms)
    {
        var at = into.Reserve(24);
        DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime.TryFormat(into.Bytes(at, 24), out var n, "yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        into.TrimTo(at + n);
        into.AddSlice(field, at, n);
    }

    private static void Duration(EventBatch into, ushort field, ReadOnlySpan<byte> text, double unit, bool replace)
    {
        if (!Utf8Parser.TryParse(text, out double value, out _) || Math.Abs(value * unit) >= 9e18) return;
        if (replace) into.Remove(field);
        into.Add(field, (long)Math.Round(value * unit));
    }

    private static bool Among(byte[][] words, ReadOnlySpan<byte> text)
    {
        foreach (var word in words)
            if (System.Text.Ascii.EqualsIgnoreCase(text, word)) return true;
        return false;
    }

    private static void Hex(EventBatch into, ushort field, int offset, int length, bool replace)
    {
        var text = into.Bytes(offset, length);
        if (length > 1 && text[0] == '"' && text[^1] == '"') { offset++; length -= 2; }
        // What stood in quotes was written as it is: "1000" is four digits.
        else if (!(offset > 0 && into.Bytes(offset - 1, 1)[0] == '"') && length % 2 == 0 && !text.ContainsAnyExcept(HexDigits))
        {
            var at = into.Reserve(length / 2);
            var to = into.Bytes(at, length / 2);
            _ = Convert.FromHexString(into.Bytes(offset, length), to, out _, out var n);
            // auditd writes digits for what holds blanks, quotes or bytes beyond ASCII, and only for that: "beef" is a name.
            var needed = to[..n].ContainsAnyExceptInRange((byte)33, (byte)126) || to[..n].Contains((byte)'"');
            foreach (ref var b in to[..n]) if (b < 32) b = (byte)' ';
            if (needed && System.Text.Unicode.Utf8.IsValid(to[..n])) (offset, length) = (at, to[..n].TrimEnd((byte)' ').Length);
        }
        if (replace) into.SetRange(field, offset, length); else into.AddSlice(field, offset, length);
    }

    private static void Piped(EventBatch into, ushort field, int offset, int length, bool replace)
    {
        (offset, length) = Unescape(into, offset, length, (byte)'|');
        if (replace) into.SetRange(field, offset, length); else into.AddSlice(field, offset, length);
    }

    /// <summary>A copy in which CEF's <c>\=</c> or <c>\|</c> stands as the sign alone, and <c>\\</c> as one backslash. Other signs behind a backslash are left: many write paths as they are.</summary>
    public static (int Offset, int Length) Unescape(EventBatch into, int offset, int length, byte sign)
    {
        var at = into.Reserve(length);
        var to = into.Bytes(at, length);
        var from = into.Bytes(offset, length);
        var n = 0;
        for (var i = 0; i < length; i++)
        {
            if (from[i] == '\\' && i + 1 < length && (from[i + 1] == sign || from[i + 1] == '\\')) i++;
            to[n++] = from[i];
        }
        into.TrimTo(at + n);
        return (at, n);
    }

    private static void Plus(EventBatch into, ushort field, int offset, int length, bool replace)
    {
        if (into.Bytes(offset, length).Contains((byte)'+'))
        {
            var at = into.Reserve(length);
            ((ReadOnlySpan<byte>)into.Bytes(offset, length)).Replace(into.Bytes(at, length), (byte)'+', (byte)' ');
            offset = at;
        }
        if (replace) into.SetRange(field, offset, length); else into.AddSlice(field, offset, length);
    }

    private static void List(EventBatch into, ushort field, int offset, int length, byte separator)
    {
        while (length > 0)
        {
            var comma = into.Bytes(offset, length).IndexOf(separator);
            var n = comma < 0 ? length : comma;
            var part = into.Bytes(offset, n).Trim((byte)' ');
            var skip = into.Bytes(offset, n).Length - into.Bytes(offset, n).TrimStart((byte)' ').Length;
            if (part.Length > 0 && !part.SequenceEqual("-"u8)) into.AddSlice(field, offset + skip, part.Length);
            if (comma < 0) return;
            offset += comma + 1;
            length -= comma + 1;
        }
    }
}
