namespace Palisade.Engine.Parse.Shapes;

/// <summary>What a part of a line looks like.</summary>
internal enum ShapeKind : byte
{
    /// <summary>Blanks, punctuation and the keys of key=value pairs: equal in all lines of a shape.</summary>
    Literal,
    Word,
    Int,
    Num,
    Ip,
    /// <summary>An IPv4 address with a port.</summary>
    IpPort,
    /// <summary>A path or a URL.</summary>
    Path,
    /// <summary>What stands between double quotes.</summary>
    Quoted,
    /// <summary>What stands between single quotes.</summary>
    Single,
    Time,
    /// <summary>Everything behind the last part that is looked at.</summary>
    Rest,
}

/// <summary>One part of a line.</summary>
/// <param name="Text">As it stands in the line.</param>
/// <param name="IsData">Never a word of the shape, also when all lines have the same: a value behind a key, a number, a word with digits.</param>
/// <param name="Hint">The key before it, or the word before it; empty: neither.</param>
/// <param name="IsKeyed">The hint is a key.</param>
/// <param name="Times">Bits of <see cref="ShapeTimes"/> that read it.</param>
/// <param name="Unit">Letters of a unit right behind a number.</param>
internal readonly record struct ShapeToken(ShapeKind Kind, string Text, bool IsData, string Hint, bool IsKeyed, uint Times, string Unit);
