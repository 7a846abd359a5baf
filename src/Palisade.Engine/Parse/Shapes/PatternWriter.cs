using System.Text;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>Writes a shape as a pattern of docs/reference/sources.md.</summary>
internal sealed class PatternWriter
{
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly StringBuilder pattern = new();
    private int addresses;

    /// <param name="parts">The shape.</param>
    /// <param name="take">Parts that are written; what is behind them goes to the message as a whole.</param>
    /// <param name="isPlain">Captures without kinds, which take whatever stands before the next literal.</param>
    /// <param name="isRequest">The quoted part at this place is a request line in all lines.</param>
    public static string Write(IReadOnlyList<ShapePart> parts, int take, bool isPlain, Func<int, bool> isRequest)
    {
        var writer = new PatternWriter();
        for (var i = 0; i < take; i++) writer.Part(parts[i], i, isPlain, isRequest);
        if (take < parts.Count) writer.pattern.Append("%{").Append(writer.Free("message", "rest")).Append(":rest}");
        return writer.pattern.ToString();
    }

    private void Part(ShapePart part, int index, bool isPlain, Func<int, bool> isRequest)
    {
        if (part.Constant is { } text) { Escape(text); return; }
        pattern.Append("%{");
        switch (part.Kind)
        {
            case ShapeKind.Time: Time(part); break;
            case ShapeKind.Rest: pattern.Append(Free("message", "rest")).Append(":rest"); break;
            case ShapeKind.Quoted when isRequest(index): pattern.Append("-:request"); break;
            case ShapeKind.Quoted: pattern.Append(Named(part, "text", "message")).Append(":quoted"); break;
            case ShapeKind.Single: pattern.Append(Named(part, "text", "message")); break;
            case ShapeKind.Ip or ShapeKind.IpPort: Endpoint(part, isPlain); break;
            default: Value(part, isPlain); break;
        }
        pattern.Append('}');
    }

    private void Time(ShapePart part)
    {
        var kind = ShapeTimes.KindOf(part.Times);
        // A day and a clock in two places are one time together.
        var joins = kind is "date" or "clock" && used.Contains("@" + (kind == "date" ? "clock" : "date"));
        var isFirst = used.Add("@timestamp") || joins;
        if (isFirst && kind is "date" or "clock") used.Add("@" + kind);
        pattern.Append(isFirst ? "@timestamp" : part.IsKeyed ? Unique(FieldGuess.Label(part.Hint)) : "-").Append(':').Append(kind);
    }

    private void Endpoint(ShapePart part, bool isPlain)
    {
        var side = FieldGuess.TryGet(part.Hint, part.IsKeyed, out var field, out var need) && need == FieldNeed.Endpoint ? field : "source";
        if (part.IsKeyed && field.Length > 0 && need == FieldNeed.Any) { pattern.Append(Free(field, part.Hint)).Append(isPlain ? "" : ":word"); return; }
        if (part.IsKeyed && need != FieldNeed.Endpoint) side = "";
        if (side.Length > 0 && !used.Add(side)) side = side == "source" && used.Add("destination") ? "destination" : "";
        addresses++;
        if (side.Length == 0) pattern.Append(Unique(FieldGuess.Label(part.IsKeyed ? part.Hint : $"address_{addresses}"))).Append(part.Kind == ShapeKind.Ip && !isPlain ? ":ip" : isPlain ? "" : ":word");
        else pattern.Append(side).Append(isPlain ? ".address" : part.Kind == ShapeKind.IpPort ? ":endpoint_port" : ":endpoint");
    }

    private void Value(ShapePart part, bool isPlain)
    {
        var kind = part.Kind switch { ShapeKind.Int => ":int", ShapeKind.Num => ":num", _ => ":word" };
        if (part.Hint.Length > 0 && FieldGuess.TryGet(part.Hint, part.IsKeyed, out var field, out var need))
        {
            switch (need)
            {
                // A host by name, behind a key that says so.
                case FieldNeed.Endpoint when part.Kind == ShapeKind.Word && part.IsKeyed && used.Add(field):
                    pattern.Append(field).Append(isPlain ? ".address" : ":endpoint");
                    return;
                case FieldNeed.Duration when part.Kind is ShapeKind.Int or ShapeKind.Num && (part.Unit.Length > 0 || part.Kind == ShapeKind.Num) && used.Add(field):
                    pattern.Append(field).Append(part.Unit switch { "ms" => ":ms", "us" => ":us", _ => ":seconds" });
                    return;
                case FieldNeed.Any or FieldNeed.Int when (need == FieldNeed.Any || part.Kind == ShapeKind.Int) && used.Add(field):
                    pattern.Append(field).Append(isPlain ? "" : kind);
                    return;
            }
        }
        var name = part.IsKeyed ? part.Hint : part.Kind == ShapeKind.Path ? "path" : part.Kind is ShapeKind.Int or ShapeKind.Num ? "number" : "word";
        if (!part.IsKeyed && part.Hint.Length > 0 && part.Kind != ShapeKind.Path) name = part.Hint;
        var free = part.Kind == ShapeKind.Path && !part.IsKeyed ? Free("url.original", name) : Unique(FieldGuess.Label(name));
        pattern.Append(free).Append(isPlain ? "" : kind);
    }

    private string Named(ShapePart part, string otherwise, string unnamed) =>
        part.Hint.Length > 0 && FieldGuess.TryGet(part.Hint, part.IsKeyed, out var field, out var need) && need == FieldNeed.Any && used.Add(field) ? field
        : part.Hint.Length > 0 ? Unique(FieldGuess.Label(part.Hint)) : Free(unnamed, otherwise);

    private string Free(string field, string otherwise) => used.Add(field) ? field : Unique(FieldGuess.Label(otherwise));

    private string Unique(string name)
    {
        if (used.Add(name)) return name;
        for (var n = 2; ; n++)
            if (used.Add($"{name}_{n}")) return $"{name}_{n}";
    }

    // What would begin a capture or an optional part is written as one of one word.
    private void Escape(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var next = i + 1 < text.Length ? text[i + 1] : '\0';
            // Also where the next part might begin with it: a capture is written right behind.
            if (text[i] == '%' && next is '{') pattern.Append("%{-:in %}");
            else if (text[i] == '[' && next is '?') pattern.Append("%{-:in [}");
            else pattern.Append(text[i]);
        }
    }
}
