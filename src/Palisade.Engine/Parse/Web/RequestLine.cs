using Palisade.Protocol;

namespace Palisade.Engine.Parse.Web;

/// <summary>Splits HTTP request lines and targets to ECS fields (RFC 9112 section 3; ECS http.* and url.*).</summary>
internal static class RequestLine
{
    /// <summary>METHOD target HTTP/version, lying at an arena offset. What is no request line is kept as url.original.</summary>
    public static void Add(EventBatch into, int offset, int length)
    {
        var text = into.Bytes(offset, length);
        if (length == 0 || (length == 1 && text[0] == '-')) return;
        var blank = text.IndexOf((byte)' ');
        var last = text.LastIndexOf(" HTTP/"u8);
        if (blank <= 0 || !IsMethod(text[..blank], last >= blank)) { into.AddSlice(Fields.UrlOriginal, offset, length); return; }
        into.AddSlice(Fields.HttpRequestMethod, offset, blank);
        var target = blank + 1;
        var end = length;
        if (last >= blank)
        {
            end = last;
            if (last + 6 < length) into.AddSlice(Fields.HttpVersion, offset + last + 6, length - last - 6);
        }
        if (end <= target) return;
        Target(into, offset + target, end - target);
        if (text[..blank].SequenceEqual("CONNECT"u8)) AddHost(into, offset + target, text[target..end]);
    }

    /// <summary>A request target: url.original, url.path, url.query, url.extension, and url.domain of an absolute one.</summary>
    public static void Target(EventBatch into, int offset, int length)
    {
        if (length == 0) return;
        var text = into.Bytes(offset, length);
        into.AddSlice(Fields.UrlOriginal, offset, length);
        var from = 0;
        var scheme = text[..Math.Min(length, 12)].IndexOf("://"u8);
        if (scheme > 0)
        {
            into.AddSlice(Fields.UrlScheme, offset, scheme);
            var host = scheme + 3;
            var slash = text[host..].IndexOfAny((byte)'/', (byte)'?', (byte)'#');
            from = slash < 0 ? length : host + slash;
            AddHost(into, offset + host, text[host..from]);
        }
        else if (text[0] != '/') return;      // OPTIONS *, CONNECT host:port
        var rest = text[from..];
        var query = rest.IndexOf((byte)'?');
        var path = query < 0 ? rest : rest[..query];
        if (path.Length > 0) into.AddSlice(Fields.UrlPath, offset + from, path.Length);
        if (query >= 0 && query + 1 < rest.Length) into.AddSlice(Fields.UrlQuery, offset + from + query + 1, rest.Length - query - 1);
        var dot = path[(path.LastIndexOf((byte)'/') + 1)..].LastIndexOf((byte)'.');
        if (dot < 0) return;
        dot += path.LastIndexOf((byte)'/') + 2;
        if (path.Length - dot is > 0 and <= 12 && !path[dot..].ContainsAnyExceptInRange((byte)'0', (byte)'z')) into.AddSlice(Fields.UrlExtension, offset + from + dot, path.Length - dot);
    }

    private static void AddHost(EventBatch into, int offset, ReadOnlySpan<byte> host)
    {
        var at = host.LastIndexOf((byte)'@');
        if (at >= 0)
        {
            var name = host[..at].IndexOf((byte)':') is >= 0 and var end ? end : at;
            if (name > 0) into.AddSlice(Fields.UrlUsername, offset, name);
            offset += at + 1;
            host = host[(at + 1)..];
        }
        var colon = host.LastIndexOf((byte)':');
        var bare = colon > 0 && host[colon..].IndexOf((byte)']') < 0 ? host[..colon] : host;
        if (bare.Length > 0) into.AddSlice(Fields.UrlDomain, offset, bare.Length);
        if (bare.Length < host.Length - 1) into.AddSlice(Fields.UrlPort, offset + bare.Length + 1, host.Length - bare.Length - 1);
    }

    // Upper case, or any case where the version shows that it is a request line.
    private static bool IsMethod(ReadOnlySpan<byte> text, bool certain)
    {
        if (text.Length > 20) return false;
        foreach (var b in text)
            if ((uint)((certain ? b & ~0x20 : b) - 'A') > 25 && b != '-' && b != '_') return false;
        return true;
    }
}
