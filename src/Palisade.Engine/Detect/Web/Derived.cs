using System.Buffers;
using System.Buffers.Text;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Further readings of a value, made only where its bytes call for one: as a path, as shell words, as what its base64
/// holds. They are scanned like the value itself and point back to it.
/// </summary>
internal static class Derived
{
    private static readonly SearchValues<byte> Unusual = SearchValues.Create("'\"()<>;|`$\\{}[]*#^=\0\n\r"u8);
    private static readonly SearchValues<byte> ShellMeta = SearchValues.Create("`$\\{'\"^"u8);
    private static readonly SearchValues<byte> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="u8);
    // All that one of the readings below, the SQL reading or the model looks for, but dots and hyphens.
    private static readonly SearchValues<byte> Syntax = SearchValues.Create("'\"()<>;|`$\\{}[]*#^=\0\n\r&%+ "u8);

    /// <summary>Whether a value has bytes that text without syntax does not.</summary>
    public static bool IsUnusual(ReadOnlySpan<byte> canonical) => canonical.ContainsAny(Unusual) || canonical.IndexOf(".."u8) >= 0;

    public static void Add(WebScratch scratch, int index, ReadOnlySpan<byte> original)
    {
        var segment = scratch.Segments[index];
        var text = scratch.Bytes(segment);
        var isPlain = !text.ContainsAny(Syntax);
        scratch.Segments[index].IsPlain = isPlain;
        var isInput = (segment.Part & (WebPart.Path | WebPart.Values)) != 0;
        if (isInput && (text.IndexOf(".."u8) >= 0 || text.IndexOf("/."u8) >= 0 || !isPlain && text.IndexOfAny((byte)'\\', (byte)'%') >= 0)) AddPath(scratch, segment, index);
        if (!isPlain)
        {
            if (scratch.Bytes(segment).ContainsAny(ShellMeta)) AddShell(scratch, segment, index);
            if (isInput && CodeReading.Wants(scratch.Bytes(segment))) CodeReading.Add(scratch, segment, index);
        }
        if (!isPlain && isInput && ((segment.Flags & CanonicalFlags.Nul) != 0 || scratch.Bytes(segment).IndexOfAny((byte)0xE2, (byte)0xCA, (byte)0xA0) >= 0)) AddLookAlikes(scratch, segment, index);
        if ((segment.Part & WebPart.Values) != 0 && original.Length is >= 14 and <= 8192) AddBase64(scratch, segment, original, index);
    }

    /// <summary>
    /// What databases take for something plainer: ' for U+2018, U+2019, U+2032 and U+02BC, " for U+201C, U+201D, U+2033 and U+02BA, a blank for U+00A0 and for a lone A0, which
    /// is one in Latin-1; nothing for a NUL among other bytes, which many a filter takes out behind the one that looked.
    /// </summary>
    private static void AddLookAlikes(WebScratch scratch, in Segment segment, int root)
    {
        var room = scratch.Room(segment.Length);
        var text = scratch.Bytes(segment);
        var (n, changed) = (0, false);
        for (var i = 0; i < text.Length; i++)
        {
            var plain = text[i] switch
            {
                0xE2 when i + 2 < text.Length && text[i + 1] == 0x80 => text[i + 2] switch { 0x98 or 0x99 or 0xB2 => '\'', 0x9C or 0x9D or 0xB3 => '"', _ => '\0' },
                0xCA when i + 1 < text.Length => text[i + 1] switch { 0xBC => '\'', 0xBA => '"', _ => '\0' },
                0xC2 when i + 1 < text.Length && text[i + 1] == 0xA0 => ' ',
                0xA0 when i == 0 || text[i - 1] < 0x80 => ' ',
                _ => '\0',
            };
            if (text[i] == 0 && n > 0 && i + 1 < text.Length) { changed = true; continue; }
            room[n++] = plain == 0 ? text[i] : (byte)plain;
            if (plain == 0) continue;
            changed = true;
            i += text[i] switch { 0xE2 => 2, 0xA0 => 0, _ => 1 };
        }
        if (changed) scratch.Close(segment.Part, WebView.Text, segment.Flags | CanonicalFlags.FullWidth, n, segment.Offset, segment.Original, root);
    }

    /// <summary>Slashes one way, broken escapes as slashes, doubled ones and "/./" away, bytes that are not ASCII out.</summary>
    private static void AddPath(WebScratch scratch, in Segment segment, int root)
    {
        var room = scratch.Room(segment.Length);
        var text = scratch.Bytes(segment);
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            var c = b == '\\' ? (byte)'/' : b;
            if (c == '%') { c = (byte)'/'; i += text[(i + 1)..].StartsWith("bg%qf"u8) ? 5 : JunkEscape(text[(i + 1)..]); }
            if (c is < 0x20 or (byte)'"' or >= 0x80 || (c == '?' && segment.Part != WebPart.Path)) continue;
            if (c == '/' && n > 0 && room[n - 1] == '/') continue;
            if (c == '/' && n > 1 && room[n - 1] == '.' && room[n - 2] == '/') { n--; continue; }
            room[n++] = c;
        }
        scratch.Close(segment.Part, WebView.Path, segment.Flags, n, segment.Offset, segment.Original, root);
    }

    /// <summary>What still follows a '%' after decoding is no escape; filters have been fooled by reading it as one.</summary>
    private static int JunkEscape(ReadOnlySpan<byte> rest)
    {
        var n = 0;
        while (n < 2 && n < rest.Length && ((uint)(rest[n] - 'a') < 6 || (uint)(rest[n] - '0') < 10)) n++;
        return n;
    }

    /// <summary>Quotes, back-slashes and carets out; $IFS and brace lists to blanks.</summary>
    private static void AddShell(WebScratch scratch, in Segment segment, int root)
    {
        var room = scratch.Room(segment.Length);
        var text = scratch.Bytes(segment);
        var n = 0;
        var brace = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            if (b is (byte)'\'' or (byte)'"' or (byte)'\\' or (byte)'^') continue;
            // Substitutions of nothing.
            if (b == '`' && i + 1 < text.Length && text[i + 1] == '`') { i++; continue; }
            if (b == '$' && text[i..].StartsWith("$()"u8)) { i += 2; continue; }
            if (b == '$')
            {
                var rest = text[i..];
                if (rest.StartsWith("${ifs}"u8)) { room[n++] = (byte)' '; i += 5; continue; }
                if (rest.StartsWith("$ifs$9"u8)) { room[n++] = (byte)' '; i += 5; continue; }
                if (rest.StartsWith("$ifs"u8)) { room[n++] = (byte)' '; i += 3; continue; }
                if (rest.Length > 1 && rest[1] is (byte)'@' or (byte)'*') { i++; continue; }
                // A variable nobody has set, within a word.
                if (n > 0 && IsLetter(room[n - 1]) && UnsetVariable(rest) is > 0 and var length) { i += length - 1; continue; }
            }
            if (b == '{' && i + 1 < text.Length && text[i + 1] is (byte)',' or (>= (byte)'a' and <= (byte)'z')) brace++;
            if (b == '}' && brace > 0) brace--;
            if (b == ',' && brace > 0) { room[n++] = (byte)' '; continue; }
            room[n++] = b;
        }
        if (n == text.Length && room[..n].SequenceEqual(text)) return;
        scratch.Close(segment.Part, WebView.Shell, segment.Flags, n, segment.Offset, segment.Original, root);
    }

    private static bool IsLetter(byte b) => (uint)(b - 'a') < 26;

    /// <summary>Length of <c>${name}</c> with a letter behind it; 0: it is none.</summary>
    private static int UnsetVariable(ReadOnlySpan<byte> s)
    {
        if (s.Length < 5 || s[1] != '{') return 0;
        var n = 2;
        while (n < s.Length && n < 18 && (IsLetter(s[n]) || s[n] == '_')) n++;
        return n > 2 && n + 1 < s.Length && s[n] == '}' && IsLetter(s[n + 1]) ? n + 1 : 0;
    }

    /// <summary>What base64 (RFC 4648, also its alphabet for URLs) holds, if it holds text.</summary>
    private static void AddBase64(WebScratch scratch, in Segment segment, ReadOnlySpan<byte> original, int root)
    {
        var odd = original.IndexOfAnyExcept(Base64);
        var room = scratch.Room(original.Length);
        if (odd >= 0)
        {
            var length = Unescape(original, odd, room);
            if (length < 0) return;
            original = room[..length];
        }
        var body = original.TrimEnd((byte)'=');
        var whole = body[..(body.Length & ~3)];
        var n = Decode(whole, room);
        if (n >= 0) n += Tail(body[whole.Length..], room[n..]);
        if (n < 8) return;
        var printable = 0;
        foreach (var b in room[..n]) printable += b is >= 0x20 and < 0x7F or (byte)'\n' or (byte)'\t' ? 1 : 0;
        if (printable * 20 < n * 19) return;
        var written = Canonical.Write(room[..n], room, false, out var flags);
        scratch.Close(segment.Part, WebView.Text, flags | CanonicalFlags.Base64, written, segment.Offset, segment.Original, root);
    }

    /// <summary>Percent escapes, also escaped again, and the alphabet for URLs to plain base64; -1 where it is none.</summary>
    /// <param name="from">First byte that is not plain base64.</param>
    private static int Unescape(ReadOnlySpan<byte> s, int from, Span<byte> room)
    {
        s[..from].CopyTo(room);
        var n = from;
        for (var i = from; i < s.Length; i++)
        {
            var b = s[i];
            if (b == '%')
            {
                i++;
                while (s[i..].StartsWith("25"u8)) i += 2;
                if (i + 2 > s.Length || !Utf8Parser.TryParse(s.Slice(i, 2), out b, out var used, 'X') || used != 2) return -1;
                i++;
            }
            b = b switch { (byte)'-' => (byte)'+', (byte)'_' => (byte)'/', _ => b };
            if (!Base64.Contains(b)) return -1;
            room[n++] = b;
        }
        return n;
    }

    /// <summary>The last one or two bytes, whether or not the padding was sent.</summary>
    private static int Tail(ReadOnlySpan<byte> rest, Span<byte> room)
    {
        if (rest.Length < 2) return 0;
        Span<byte> four = [rest[0], rest[1], rest.Length > 2 ? rest[2] : (byte)'A', (byte)'A'];
        Span<byte> three = stackalloc byte[3];
        if (Decode(four, three) < 0) return 0;
        three[..(rest.Length - 1)].CopyTo(room);
        return rest.Length - 1;
    }

    private static int Decode(ReadOnlySpan<byte> body, Span<byte> room) =>
        System.Buffers.Text.Base64.DecodeFromUtf8(body, room, out _, out var written) == OperationStatus.Done ? written : -1;
}
