namespace Palisade.Engine.Parse.Shapes;

/// <summary>One part of a shape: the same text in all lines, or what the texts there have in common.</summary>
internal sealed class ShapePart(ShapeToken first)
{
    public ShapeKind Kind { get; private set; } = first.Kind;
    /// <summary>The text that all lines have here; null where they differ.</summary>
    public string? Constant { get; private set; } = first.Kind == ShapeKind.Literal || (first is { Kind: ShapeKind.Word, IsData: false }) ? first.Text : null;
    public string Hint { get; } = first.Hint;
    public bool IsKeyed { get; } = first.IsKeyed;
    public uint Times { get; private set; } = first.Times;
    public string Unit { get; } = first.Unit;

    /// <summary>True when the part stands for a word of plain text, which tells one shape from another.</summary>
    public static bool IsPlain(in ShapeToken token) => token is { Kind: ShapeKind.Word, IsData: false };

    /// <summary>Whether a token can stand here at all.</summary>
    public bool Takes(in ShapeToken token) => token.Kind != ShapeKind.Time || (Times & token.Times) != 0;

    /// <summary>Makes room for one more text; true when that changed the part.</summary>
    public bool Widen(in ShapeToken token)
    {
        var (kind, constant, times) = (Kind, Constant, Times);
        if (Constant is not null && Constant != token.Text) Constant = null;
        if (Kind == ShapeKind.Time) Times &= token.Times;
        Kind = Both(Kind, constant, token);
        return kind != Kind || constant != Constant || times != Times;
    }

    // A dash alone stands for "nothing" where the others have a number or an address.
    private static ShapeKind Both(ShapeKind kind, string? text, in ShapeToken token)
    {
        if (kind == token.Kind || token.Text == "-") return kind;
        if (text == "-" || (kind, token.Kind) is (ShapeKind.Int, ShapeKind.Num)) return token.Kind;
        return (kind, token.Kind) is (ShapeKind.Num, ShapeKind.Int) ? ShapeKind.Num : ShapeKind.Word;
    }
}
