namespace Palisade.Engine.Detect.Web;

/// <summary>Takes a request body apart by what it looks like, since logs seldom say its type: JSON, multipart, XML, else a form.</summary>
/// <remarks>
/// Broken bodies are read as far as they go; at most <see cref="WebScratch.MaxValues"/> values, the rest as one. What is read
/// as a value is always a slice of the body, so that evidence can point at it.
/// </remarks>
internal static class BodyParts
{
    public static void Add(WebScratch scratch, ReadOnlySpan<byte> body)
    {
        var start = 0;
        while (start < body.Length && body[start] <= ' ') start++;
        if (start == body.Length) return;
        if (body[start] is (byte)'{' or (byte)'[') Json(scratch, body);
        else if (body[start] == '<') Xml(scratch, body, start);
        else if (body[start..].StartsWith("--"u8)) Multipart(scratch, body, start);
        else WebClassifier.AddQuery(scratch, body, 0, WebPart.Body);
    }

    /// <summary>Every string, keys too where they are more than a name; numbers and words have no room for an attack.</summary>
    private static void Json(WebScratch scratch, ReadOnlySpan<byte> body)
    {
        var i = 0;
        while (i < body.Length)
        {
            var open = body[i..].IndexOf((byte)'"');
            if (open < 0) return;
            var start = i + open + 1;
            var end = start;
            while (end < body.Length && body[end] != '"') end += body[end] == '\\' ? 2 : 1;
            end = Math.Min(end, body.Length);
            if (scratch.IsNearlyFull) { WebClassifier.AddSegment(scratch, WebPart.Body, body[start..], start, false); return; }
            var after = end + 1;
            while (after < body.Length && body[after] <= ' ') after++;
            var isKey = after < body.Length && body[after] == ':';
            // An operator in place of a name is told by what stands around it.
            if (isKey && start < end && body[start] == '$') WebClassifier.AddSegment(scratch, WebPart.Body, body[Math.Max(0, start - 2)..Math.Min(body.Length, end + 32)], Math.Max(0, start - 2), false);
            else if (!isKey || WebClassifier.IsOddName(body[start..end])) String(scratch, body[start..end], start);
            i = end + 1;
        }
    }

    private static void String(WebScratch scratch, ReadOnlySpan<byte> text, int offset)
    {
        if (text.IndexOf((byte)'\\') < 0) { WebClassifier.AddSegment(scratch, WebPart.Body, text, offset, false); return; }
        var room = scratch.Room(text.Length);
        WebClassifier.AddDecoded(scratch, WebPart.Body, room[..Unescape(text, room)], text, offset);
    }

    /// <summary>A JSON string's value without the escapes of one letter. Allocates.</summary>
    public static byte[] Unescape(ReadOnlySpan<byte> text)
    {
        var room = new byte[text.Length];
        return room[..Unescape(text, room)];
    }

    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> room)
    {
        var n = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var b = text[i];
            if (b == '\\' && i + 1 < text.Length && Unescaped(text[i + 1]) is > 0 and var plain) { b = (byte)plain; i++; }
            room[n++] = b;
        }
        return n;
    }

    /// <summary>What a JSON escape of one letter stands for; 0 for one that canonicalising reads (\u, \x).</summary>
    private static int Unescaped(byte b) => b switch
    {
        (byte)'"' or (byte)'\\' or (byte)'/' => b,
        (byte)'n' => '\n',
        (byte)'r' => '\r',
        (byte)'t' => '\t',
        _ => 0,
    };

    /// <summary>Declarations as one value, then each text and each attribute value.</summary>
    private static void Xml(WebScratch scratch, ReadOnlySpan<byte> body, int start)
    {
        // Only the prologue of a document can declare entities; it ends where the first element begins.
        var i = start;
        while (i + 1 < body.Length && body[i] == '<' && body[i + 1] is (byte)'?' or (byte)'!')
        {
            var end = body[i..].IndexOf("]>"u8) is > 0 and var inner && body[i..].IndexOf((byte)'[') is > 0 and var bracket && bracket < inner && body[i + 1] == '!' ? inner + 2 : body[i..].IndexOf((byte)'>') + 1;
            if (end <= 0) break;
            if (body[i + 1] == '!' || body[(i + 2)..].StartsWith("xml-stylesheet"u8)) WebClassifier.AddSegment(scratch, WebPart.Body, body.Slice(i, end), i, false);
            i += end;
            while (i < body.Length && body[i] <= ' ') i++;
        }
        while (i < body.Length)
        {
            if (scratch.IsNearlyFull) { WebClassifier.AddSegment(scratch, WebPart.Body, body[i..], i, false); return; }
            var tag = body[i] == '<';
            if (tag && body[i..].StartsWith("<![CDATA["u8))
            {
                var close = body[i..].IndexOf("]]>"u8);
                var stop = close < 0 ? body.Length : i + close;
                WebClassifier.AddSegment(scratch, WebPart.Body, body[(i + 9)..stop], i + 9, false);
                i = Math.Min(body.Length, stop + 3);
                continue;
            }
            var length = body[(i + 1)..].IndexOf(tag ? (byte)'>' : (byte)'<');
            var end = length < 0 ? body.Length : i + 1 + length;
            if (!tag) WebClassifier.AddSegment(scratch, WebPart.Body, body[i..end], i, false);
            else Attributes(scratch, body[i..end], i);
            i = tag ? end + 1 : end;
        }
    }

    private static void Attributes(WebScratch scratch, ReadOnlySpan<byte> tag, int offset)
    {
        var i = 0;
        while (!scratch.IsNearlyFull)
        {
            var equals = tag[i..].IndexOf((byte)'=');
            if (equals < 0 || i + equals + 1 >= tag.Length) return;
            var start = i + equals + 2;
            var quote = tag[start - 1];
            if (quote is not ((byte)'"' or (byte)'\'')) { i = start; continue; }
            var length = tag[start..].IndexOf(quote);
            var end = length < 0 ? tag.Length : start + length;
            var name = tag[..(start - 2)];
            // The address of a name space is a name, not a link.
            if (name[(name.LastIndexOf((byte)' ') + 1)..].IndexOf("xmlns"u8) != 0) WebClassifier.AddSegment(scratch, WebPart.Body, tag[start..end], offset + start, false);
            i = Math.Min(tag.Length, end + 1);
        }
    }

    private static bool HoldsCode(ReadOnlySpan<byte> file) =>
        file.IndexOf("<?php"u8) >= 0 || file.IndexOf("<?="u8) >= 0 || file.IndexOf("<%"u8) >= 0 || file.IndexOf("<jsp:"u8) >= 0 || file.IndexOf("<!ENTITY"u8) >= 0;

    /// <summary>Each part's value, and its file name.</summary>
    private static void Multipart(WebScratch scratch, ReadOnlySpan<byte> body, int start)
    {
        var line = body[start..].IndexOf((byte)'\n');
        if (line < 0) { WebClassifier.AddQuery(scratch, body, 0, WebPart.Body); return; }
        var boundary = body.Slice(start, line).TrimEnd((byte)'\r');
        var i = start + line + 1;
        while (i < body.Length)
        {
            var length = body[i..].IndexOf(boundary);
            var end = length < 0 ? body.Length : i + length;
            var part = body[i..end];
            var head = part.IndexOf("\r\n\r\n"u8);
            var gap = head < 0 ? 2 : 4;
            if (head < 0) head = part.IndexOf("\n\n"u8);
            var headers = head < 0 ? part : part[..head];
            if (headers.IndexOf("filename=\""u8) is >= 0 and var at)
            {
                var name = headers[(at + 10)..];
                if (name.IndexOf((byte)'"') is > 0 and var close) WebClassifier.AddSegment(scratch, WebPart.Body, name[..close], i + at + 10, false);
            }
            // A file may hold whatever its owner writes about; what a server would run is another matter.
            if (head >= 0 && (headers.IndexOf("filename="u8) < 0 || HoldsCode(part[head..])))
            {
                var value = part[(head + gap)..].TrimEnd("\r\n"u8);
                WebClassifier.AddSegment(scratch, WebPart.Body, value, i + head + gap, false);
            }
            if (scratch.IsNearlyFull) return;
            i = Math.Min(body.Length, end + boundary.Length);
            while (i < body.Length && body[i] is (byte)'\r' or (byte)'\n' or (byte)'-') i++;
        }
    }
}
