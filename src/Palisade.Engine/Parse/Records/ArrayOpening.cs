namespace Palisade.Engine.Parse.Records;

internal enum ArrayLook : byte { No, Yes, NeedMore }

/// <summary>
/// Tells a JSON document that holds many records by how it begins: an array of objects, or an object with such an array under a name that clouds use,
/// before which only what belongs to the wrapping stands. Anything else is a record itself, whatever arrays it has.
/// </summary>
/// <remarks><code>
/// [ {                                              files of many tools
/// { "Records": [ {                                 CloudTrail, S3; "records": Azure; "Findings": GuardDuty, Security Hub; "Events": CloudTrail's look-up
/// { "messageType": …, "logEvents": [ {             CloudWatch subscriptions
/// { "kind": "EventList", …, "items": [ {           Kubernetes
/// { "@odata.context": …, "value": [ {              Microsoft Graph
/// </code></remarks>
internal static class ArrayOpening
{
    /// <summary>Bytes in which it must show.</summary>
    private const int Within = 16 << 10;

    /// <summary>Looks at a text that begins a line.</summary>
    /// <param name="text">The text, as far as it is known.</param>
    /// <param name="ended">Nothing follows it.</param>
    /// <param name="length">Bytes before the first record.</param>
    public static ArrayLook Look(ReadOnlySpan<byte> text, bool ended, out int length)
    {
        length = 0;
        if (text.Length < 3 && !ended && "\uFEFF"u8.StartsWith(text)) return ArrayLook.NeedMore;
        var mark = text.StartsWith("\uFEFF"u8) ? 3 : 0;
        if (text.Length > mark && text[mark] is not ((byte)'[' or (byte)'{')) return ArrayLook.No;
        var window = text[..Math.Min(text.Length, Within)];
        var at = mark;
        var look = Read(window, ref at);
        if (look == ArrayLook.NeedMore && (ended || window.Length == Within)) return ArrayLook.No;
        if (look == ArrayLook.Yes) length = at;
        return look;
    }

    private static ArrayLook Read(ReadOnlySpan<byte> text, ref int at)
    {
        if (at >= text.Length) return ArrayLook.NeedMore;
        if (text[at] == '[') return OfObjects(text, ref at);
        at++;
        for (var wrapped = false; ; wrapped = true)
        {
            if (!Skip(text, ref at)) return ArrayLook.NeedMore;
            if (text[at] != '"') return ArrayLook.No;
            var name = text[(at + 1)..];
            var end = name.IndexOf((byte)'"');
            if (end < 0) return name.Length > LongestName ? ArrayLook.No : ArrayLook.NeedMore;
            name = name[..end];
            at += end + 2;
            var holds = HoldsRecords(name, wrapped);
            if (!holds && !IsWrapping(name)) return ArrayLook.No;
            if (!Skip(text, ref at)) return ArrayLook.NeedMore;
            if (text[at++] != ':') return ArrayLook.No;
            if (!Skip(text, ref at)) return ArrayLook.NeedMore;
            if (holds) return text[at] == '[' ? OfObjects(text, ref at) : ArrayLook.No;
            if (!SkipValue(text, ref at) || !Skip(text, ref at)) return ArrayLook.NeedMore;
            if (text[at++] != ',') return ArrayLook.No;
        }
    }

    private const int LongestName = 32;

    private static bool HoldsRecords(ReadOnlySpan<byte> name, bool wrapped) =>
        name.SequenceEqual("Records"u8) || name.SequenceEqual("records"u8) || name.SequenceEqual("Findings"u8) || name.SequenceEqual("Events"u8) || name.SequenceEqual("logEvents"u8)
        || (wrapped && (name.SequenceEqual("value"u8) || name.SequenceEqual("items"u8) || name.SequenceEqual("entries"u8)));

    private static bool IsWrapping(ReadOnlySpan<byte> name) =>
        name.StartsWith("@odata."u8) || name.SequenceEqual("kind"u8) || name.SequenceEqual("apiVersion"u8) || name.SequenceEqual("metadata"u8)
        || name.SequenceEqual("messageType"u8) || name.SequenceEqual("owner"u8) || name.SequenceEqual("logGroup"u8) || name.SequenceEqual("logStream"u8) || name.SequenceEqual("subscriptionFilters"u8)
        || name.SequenceEqual("nextToken"u8) || name.SequenceEqual("NextToken"u8) || name.SequenceEqual("nextPageToken"u8);

    // At a bracket; goes on to the first object.
    private static ArrayLook OfObjects(ReadOnlySpan<byte> text, ref int at)
    {
        at++;
        if (!Skip(text, ref at)) return ArrayLook.NeedMore;
        if (text[at] != '{') return ArrayLook.No;
        var inside = at + 1;
        return !Skip(text, ref inside) ? ArrayLook.NeedMore : text[inside] is (byte)'"' or (byte)'}' ? ArrayLook.Yes : ArrayLook.No;
    }

    // True when something other than a blank is there.
    private static bool Skip(ReadOnlySpan<byte> text, ref int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
        return at < text.Length;
    }

    // Over one value of the wrapping; false when it does not end here.
    private static bool SkipValue(ReadOnlySpan<byte> text, ref int at)
    {
        var depth = 0;
        for (var quoted = false; at < text.Length; at++)
        {
            var b = text[at];
            if (quoted && b == '\\') at++;
            else if (b == '"') quoted = !quoted;
            else if (quoted) continue;
            else if (b is (byte)'{' or (byte)'[') depth++;
            else if (b is (byte)'}' or (byte)']' && --depth < 0) return true;
            else if (b == ',' && depth == 0) return true;
        }
        return false;
    }
}
