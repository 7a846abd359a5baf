namespace Palisade.Engine.Incidents.Habits;

/// <summary>The shape of a request target: its path with runs of digits and random names as '#', and the number of the record it asks for.</summary>
internal ref struct PathShape
{
    public const int MaxText = 96;
    private const int MinRandom = 16;

    /// <summary>Path as written, without query.</summary>
    public ReadOnlySpan<byte> Path;
    public ReadOnlySpan<byte> Query;
    /// <summary>Hash of the shape.</summary>
    public ulong Key;
    /// <summary>Number of the record asked for; valid where <see cref="HasRecord"/>.</summary>
    public long Record;
    public bool HasRecord;

    /// <param name="into">Receives the shape's text; at least <see cref="MaxText"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Read(ReadOnlySpan<byte> target, ReadOnlySpan<byte> query, Span<byte> into, out PathShape shape)
    {
        shape = default;
        var question = target.IndexOf((byte)'?');
        shape.Path = question < 0 ? target : target[..question];
        shape.Query = question < 0 ? query : target[(question + 1)..];
        var n = 0;
        for (var i = 0; i < shape.Path.Length && n < MaxText;)
        {
            var run = Run(shape.Path[i..], out var isNumber);
            if (run > 0)
            {
                if (isNumber && run <= 18) { shape.Record = Number(shape.Path.Slice(i, run)); shape.HasRecord = run >= 2; }
                into[n++] = (byte)'#';
                i += run;
                continue;
            }
            into[n++] = shape.Path[i++];
        }
        n = Route(shape.Query, into, n);
        shape.Key = Hash.Of(into[..n]);
        if (FromQuery(shape.Query, out var record))
        {
            shape.Record = record;
            shape.HasRecord = true;
        }
        return n;
    }

    /// <summary>Where one script serves everything, parameters that choose the page belong to its shape: index.php?ctl=user&amp;act=login.</summary>
    private static int Route(ReadOnlySpan<byte> query, Span<byte> into, int n)
    {
        for (var first = true; !query.IsEmpty; )
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equal = pair.IndexOf((byte)'=');
            if (equal <= 0 || pair.Length - equal is < 3 or > 33 || n + pair.Length + 1 > MaxText || !Routes(pair[..equal]) || !IsWord(pair[(equal + 1)..])) continue;
            into[n++] = (byte)(first ? '?' : '&');
            pair.CopyTo(into[n..]);
            n += pair.Length;
            first = false;
        }
        return n;
    }

    private static bool Routes(ReadOnlySpan<byte> name) => name.Length switch
    {
        1 => name[0] is (byte)'m' or (byte)'c' or (byte)'a' or (byte)'r' or (byte)'s',
        2 => name.SequenceEqual("do"u8) || name.SequenceEqual("ac"u8) || name.SequenceEqual("op"u8),
        3 => name.SequenceEqual("ctl"u8) || name.SequenceEqual("act"u8) || name.SequenceEqual("mod"u8) || name.SequenceEqual("app"u8),
        5 => name.SequenceEqual("route"u8),
        6 => name.SequenceEqual("action"u8) || name.SequenceEqual("method"u8) || name.SequenceEqual("module"u8),
        7 => name.SequenceEqual("service"u8),
        10 => name.SequenceEqual("controller"u8),
        _ => false,
    };

    private static bool IsWord(ReadOnlySpan<byte> value)
    {
        if (value[0] is not (>= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z')) return false;
        foreach (var c in value)
            if (c is not (>= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or (byte)'_' or (byte)'/' or (byte)'.' or (byte)'-')) return false;
        return true;
    }

    /// <summary>Length of what stands for something else each time: digits, or hexadecimal of some length.</summary>
    private static int Run(ReadOnlySpan<byte> text, out bool isNumber)
    {
        isNumber = text[0] is >= (byte)'0' and <= (byte)'9';
        var digits = isNumber ? 1 : 0;
        var n = 0;
        while (n < text.Length && (text[n] is >= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f' or >= (byte)'A' and <= (byte)'F' or (byte)'-'))
        {
            if (text[n] is >= (byte)'0' and <= (byte)'9') digits++;
            n++;
        }
        if (n >= MinRandom && digits >= 4) { isNumber = digits == n; return n; }
        n = 0;
        while (n < text.Length && text[n] is >= (byte)'0' and <= (byte)'9') n++;
        return n;
    }

    private static long Number(ReadOnlySpan<byte> digits)
    {
        long value = 0;
        foreach (var c in digits) value = value * 10 + (c - '0');
        return value;
    }

    /// <summary>The first parameter that names a record and is a whole number: id, orderId, order_no, uid, sn …</summary>
    private static bool FromQuery(ReadOnlySpan<byte> query, out long record)
    {
        record = 0;
        while (!query.IsEmpty)
        {
            var end = query.IndexOf((byte)'&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            var equal = pair.IndexOf((byte)'=');
            if (equal <= 0) continue;
            var value = pair[(equal + 1)..];
            if (value.Length is < 1 or > 18 || value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0 || !NamesRecord(pair[..equal])) continue;
            record = Number(value);
            return true;
        }
        return false;
    }

    private static bool NamesRecord(ReadOnlySpan<byte> name)
    {
        if (name.Length > 32) return false;
        Span<byte> lower = stackalloc byte[32];
        for (var i = 0; i < name.Length; i++) lower[i] = (byte)(name[i] is >= (byte)'A' and <= (byte)'Z' ? name[i] + 32 : name[i]);
        var n = lower[..name.Length];
        return n.EndsWith("id"u8) || n.EndsWith("no"u8) || n.EndsWith("num"u8) || n.EndsWith("number"u8) || n.SequenceEqual("sn"u8) || n.EndsWith("_sn"u8) || n.EndsWith("code"u8) && n.StartsWith("order"u8);
    }
}
