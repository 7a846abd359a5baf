namespace Palisade.Server.Ingest;

/// <summary>
/// How a LogRecord of OpenTelemetry's data model is journalled: names of ECS for what the model itself holds, attributes of
/// resource, scope and record under their own names (many are ECS's), the body in <c>message</c> so that the parsers see the line;
/// a body that is a map gives its members.
/// </summary>
internal static class OtlpRecord
{
    public const int MaxDepth = 32;
    /// <summary>Attributes of resource, scope and record together.</summary>
    public const int MaxAttributes = 1000;

    /// <summary>Times in nanoseconds since 1970; 0 is "not known".</summary>
    public static void Times(RecordJson to, ulong time, ulong observed)
    {
        if (time == 0) time = observed;
        if (time != 0) to.Time("@timestamp"u8, (long)(time / 1_000_000));
        if (observed != 0 && observed != time) to.Time("event.created"u8, (long)(observed / 1_000_000));
    }

    public static void Severity(RecordJson to, ReadOnlySpan<byte> text, ulong number, bool escaped)
    {
        if (number is < 1 or > 24) number = 0;
        if (text.IsEmpty && number > 0) text = ((number - 1) / 4) switch { 0 => "trace"u8, 1 => "debug"u8, 2 => "info"u8, 3 => "warn"u8, 4 => "error"u8, _ => "fatal"u8 };
        if (!text.IsEmpty && escaped) to.Copied("log.level"u8, text);
        else if (!text.IsEmpty) to.Text("log.level"u8, text);
        if (number == 0) return;
        to.Name("event.severity"u8);
        to.Number((long)number);
    }
}
