namespace Palisade.Engine.Parse.Patterns;

/// <summary>What a capture takes and what it becomes. Names as in <c>%{field:kind}</c>.</summary>
internal enum CaptureKind : byte
{
    /// <summary>(none) Everything up to the next literal.</summary>
    Text,
    /// <summary>word: a run without blanks, at least one byte.</summary>
    Word,
    /// <summary>rest: everything left, also nothing.</summary>
    Rest,
    /// <summary>last: everything up to the last place where the next literal stands.</summary>
    Last,
    /// <summary>int: digits, or '-' for none.</summary>
    Int,
    /// <summary>num: digits with a fraction, or '-' for none.</summary>
    Number,
    /// <summary>seconds: as num, stored in nanoseconds (ECS event.duration).</summary>
    Seconds,
    /// <summary>quoted: up to an unescaped double quote.</summary>
    Quoted,
    /// <summary>endpoint: an address or name; the field is a prefix (source): source.address with source.ip or source.domain.</summary>
    Endpoint,
    /// <summary>endpoint_port: the same with :port.</summary>
    EndpointPort,
    /// <summary>request: METHOD target HTTP/x of a request line up to an unescaped quote.</summary>
    Request,
    /// <summary>url: a target; also split to url.path and url.query.</summary>
    Url,
    /// <summary>time formats: clf, iso, bsd, asctime, slashes, epoch.</summary>
    Time,
}

internal enum NodeKind : byte { Literal, Capture, Optional }

/// <summary>One part of a compiled pattern.</summary>
internal sealed class PatternNode
{
    public NodeKind Kind { get; init; }
    public byte[] Literal { get; init; } = [];
    public CaptureKind Capture { get; init; }
    /// <summary>Target field; 0 for a capture that is skipped.</summary>
    public ushort Field { get; init; }
    /// <summary>Address, domain and port fields of an endpoint.</summary>
    public ushort Address { get; init; }
    public ushort Domain { get; init; }
    public ushort Port { get; init; }
    public Times.TimeFormat Time { get; init; }
    public PatternNode[] Children { get; init; } = [];
    /// <summary>The literals that may end a Text capture, nearest first wins; empty means the end of the text.</summary>
    public byte[][] Ends { get; set; } = [];
    /// <summary>Everything that may follow is optional: the end of the text ends the capture too.</summary>
    public bool EndMayBeText { get; set; }
}
