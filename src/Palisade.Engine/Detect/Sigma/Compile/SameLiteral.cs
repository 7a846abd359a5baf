namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Literals as keys, by what they hold.</summary>
internal sealed class SameLiteral : IEqualityComparer<Literal>
{
    public static readonly SameLiteral Instance = new();

    public bool Equals(Literal x, Literal y) => x.Place == y.Place && x.Bytes.AsSpan().SequenceEqual(y.Bytes);

    public int GetHashCode(Literal obj)
    {
        var hash = new HashCode();
        hash.Add(obj.Place);
        hash.AddBytes(obj.Bytes);
        return hash.ToHashCode();
    }
}

/// <summary>Atoms of literals as keys, by what they look for.</summary>
internal sealed class SameLiterals : IEqualityComparer<Atom>
{
    public static readonly SameLiterals Instance = new();

    public bool Equals(Atom? x, Atom? y) => x is not null && y is not null && x.Field == y.Field && x.Dashes == y.Dashes && x.Literals.AsSpan().SequenceEqual(y.Literals, SameLiteral.Instance);

    public int GetHashCode(Atom obj)
    {
        var hash = HashCode.Combine(obj.Field, obj.Dashes);
        foreach (var literal in obj.Literals) hash = hash * 31 + SameLiteral.Instance.GetHashCode(literal);
        return hash;
    }
}
