namespace Palisade.Engine.Parse.Targets;

/// <summary>What a value is and what it becomes. Names as in <c>%{field:kind}</c>, in lower case.</summary>
internal enum CaptureKind : byte
{
    /// <summary>(none) Everything up to the next literal.</summary>
    Text,
    /// <summary>piped: everything up to the next literal that no backslash escapes; \| stands for | and \\ for \, as in the header of CEF.</summary>
    Piped,
    /// <summary>padded: everything up to the next literal, without the blanks, tabs and line ends around it.</summary>
    Padded,
    /// <summary>separator: the byte that parts the pairs of this record, as the header of LEEF 2.0 names it: itself, <c>x5E</c>, <c>0x5E</c>, <c>\t</c>; nothing stands for the source's own.</summary>
    Separator,
    /// <summary>word: a run without blanks, at least one byte.</summary>
    Word,
    /// <summary>rest: everything left, also nothing.</summary>
    Rest,
    /// <summary>trim: everything left, without blanks before it.</summary>
    Trim,
    /// <summary>last: everything up to the last place where the next literal stands.</summary>
    Last,
    /// <summary>int: digits, or '-' for none.</summary>
    Int,
    /// <summary>num: digits with a fraction, or '-' for none.</summary>
    Num,
    /// <summary>seconds: as num, stored in nanoseconds (ECS event.duration).</summary>
    Seconds,
    /// <summary>ms: milliseconds, stored in nanoseconds.</summary>
    Ms,
    /// <summary>us: microseconds, stored in nanoseconds.</summary>
    Us,
    /// <summary>quoted: up to an unescaped double quote.</summary>
    Quoted,
    /// <summary>string: in double quotes, or a word.</summary>
    String,
    /// <summary>ip: an IPv4 or IPv6 address, or '-' for none.</summary>
    Ip,
    /// <summary>hex: hexadecimal digits that stand for text, as auditd writes it; NUL becomes a blank. What is no hex stays.</summary>
    Hex,
    /// <summary>plus: text in which + stands for a blank, as IIS writes it.</summary>
    Plus,
    /// <summary>list: values parted by commas, each a value of the field.</summary>
    List,
    /// <summary>forwarded: addresses as in X-Forwarded-For; the field is a prefix, as for endpoint. The first public address, else the first.</summary>
    Forwarded,
    /// <summary>words: values parted by blanks, each a value of the field.</summary>
    Words,
    /// <summary>chars: so many bytes, <c>chars 17</c>.</summary>
    Chars,
    /// <summary>in: one of the words after it, <c>in GET|POST</c>.</summary>
    In,
    /// <summary>endpoint: an address or name; the field is a prefix (source): source.address with source.ip or source.domain.</summary>
    Endpoint,
    /// <summary>endpoint_port: the same with :port.</summary>
    Endpoint_Port,
    /// <summary>request: METHOD target HTTP/x of a request line up to an unescaped quote.</summary>
    Request,
    /// <summary>url: a target; also split to url.path and url.query.</summary>
    Url,
    /// <summary>kv: key=value pairs up to the end, named by the source's fields; <c>kv IN=</c> must begin so.</summary>
    Kv,
    /// <summary>json: a JSON object up to the end, named by the source's fields.</summary>
    Json,
    /// <summary>A time format of <see cref="Times.TimeFormat"/>, or <c>time LAYOUT</c>.</summary>
    Time,
}
