using System.Text;
using Palisade.Engine.Parse.Times;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Targets;

/// <summary>Where a value goes and how its text is read: <c>field</c>, <c>field:kind</c>, or <c>-</c> to forget it. Immutable.</summary>
internal sealed class Target
{
    private static readonly Dictionary<string, CaptureKind> Kinds = Enum.GetValues<CaptureKind>()
        .Where(k => k is not (CaptureKind.Text or CaptureKind.Time or CaptureKind.In or CaptureKind.Chars)).ToDictionary(k => k.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    private static readonly string[] Marks = ["%{", "[?", "?]"];

    public CaptureKind Kind { get; private init; }
    /// <summary>Field; 0 for a value that is forgotten.</summary>
    public ushort Field { get; private init; }
    /// <summary>Address, domain and port fields of an endpoint.</summary>
    public ushort Address { get; private init; }
    public ushort Domain { get; private init; }
    public ushort Port { get; private init; }
    public TimeFormat Time { get; private init; }
    /// <summary>The layout of <see cref="TimeFormat.Layout"/>.</summary>
    public TimeLayout? Layout { get; private init; }
    /// <summary>The words of <see cref="CaptureKind.In"/>, or what a <see cref="CaptureKind.Kv"/> begins with.</summary>
    public byte[][] Words { get; private init; } = [];

    /// <summary>Bytes that <see cref="CaptureKind.Chars"/> takes.</summary>
    public int Size { get; private init; }

    /// <summary>True when the value is a time of the event itself.</summary>
    public bool IsEventTime => Field == Fields.Timestamp;

    /// <summary>The text as it is, to a field.</summary>
    public static Target To(ushort field) => new() { Field = field };

    /// <summary>Reads <c>field[:kind [argument]]</c>; null and a message when it is none.</summary>
    public static Target? Read(string text, out string? error)
    {
        error = null;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        var kind = colon < 0 ? "" : text[(colon + 1)..];
        if (name.Length == 0) { error = "it has no field"; return null; }
        var field = name == "-" ? (ushort)0 : FieldNames.GetOrAdd(name);
        if (field == 0 && name != "-") { error = $"'{name}' cannot be a field name"; return null; }
        if (kind.Length == 0) return new Target { Field = field };
        // Inside a capture they would count as text that no line has.
        if (Array.Find(Marks, m => kind.Contains(m, StringComparison.Ordinal)) is { } mark) { error = $"'{mark}' stands in the kind '{kind}', where it is mere text; put it outside of the capture, or write two patterns"; return null; }
        if (kind.StartsWith("time ", StringComparison.Ordinal))
        {
            var layout = TimeLayout.Read(kind[5..], out error);
            return layout is null ? null : new Target { Kind = CaptureKind.Time, Time = TimeFormat.Layout, Layout = layout, Field = field };
        }
        if (kind.StartsWith("in ", StringComparison.Ordinal))
            return new Target { Kind = CaptureKind.In, Field = field, Words = [.. kind[3..].Split('|').OrderByDescending(w => w.Length).Select(Encoding.UTF8.GetBytes)] };
        if (kind.StartsWith("chars ", StringComparison.Ordinal) && int.TryParse(kind[6..], out var size) && size is > 0 and < 1024)
            return new Target { Kind = CaptureKind.Chars, Field = field, Size = size };
        if (kind.StartsWith("kv ", StringComparison.Ordinal)) return new Target { Kind = CaptureKind.Kv, Field = field, Words = [Encoding.UTF8.GetBytes(kind[3..])] };
        if (char.IsAsciiLetterLower(kind[0]) && Enum.TryParse<TimeFormat>(kind, true, out var time) && time != TimeFormat.Layout)
            return new Target { Kind = CaptureKind.Time, Time = time, Field = field };
        if (!Kinds.TryGetValue(kind, out var known))
        {
            var times = Enum.GetNames<TimeFormat>().Where(t => t != nameof(TimeFormat.Layout)).Select(t => t.ToLowerInvariant());
            error = $"unknown kind '{kind}'; known: {string.Join(' ', Kinds.Keys)} {string.Join(' ', times)} 'time LAYOUT' 'in A|B' 'chars N'";
            return null;
        }
        if (known is not (CaptureKind.Endpoint or CaptureKind.Endpoint_Port or CaptureKind.Forwarded)) return new Target { Kind = known, Field = field };
        return new Target
        {
            Kind = known, Field = field == 0 ? field : FieldNames.GetOrAdd(name + ".ip"), Address = FieldNames.GetOrAdd(name + ".address"),
            Domain = FieldNames.GetOrAdd(name + ".domain"), Port = FieldNames.GetOrAdd(name + ".port"),
        };
    }
}
