namespace Palisade.Engine.Detect.Sigma.Compile;

internal enum NodeKind : byte { Atom, And, Or, Not, Always }

/// <summary>A rule's condition as a tree over atoms (tests of one field).</summary>
internal sealed class Node
{
    public required NodeKind Kind { get; init; }
    public Atom? Atom { get; init; }
    public Node[] Children { get; init; } = [];

    public static readonly Node Always = new() { Kind = NodeKind.Always };

    public static Node Of(Atom atom) => new() { Kind = NodeKind.Atom, Atom = atom };
    public static Node Not(Node child) => new() { Kind = NodeKind.Not, Children = [child] };

    public static Node And(IReadOnlyList<Node> children) => Join(NodeKind.And, children);
    public static Node Or(IReadOnlyList<Node> children) => Join(NodeKind.Or, children);

    private static Node Join(NodeKind kind, IReadOnlyList<Node> children)
    {
        if (children.Count == 1) return children[0];
        var flat = new List<Node>(children.Count);
        foreach (var child in children)
        {
            if (child.Kind == kind) flat.AddRange(child.Children);
            else flat.Add(child);
        }
        return new Node { Kind = kind, Children = [.. flat] };
    }
}

internal enum AtomKind : byte
{
    /// <summary>Any of a list of literals, each with its place in the value; answered by the scan alone.</summary>
    Literals,
    /// <summary>A pattern that has to be tried on the value: inner wildcards, or letters whose case counts.</summary>
    Glob,
    Regex,
    /// <summary>The field is absent or null.</summary>
    Null,
    /// <summary>The field is there, whatever its value, null included.</summary>
    Exists,
    /// <summary>The field has a value (the pattern <c>*</c>).</summary>
    HasValue,
    /// <summary>The value is the empty text.</summary>
    Empty,
    Number,
    Cidr,
    FieldReference,
    TimePart,
}

internal enum Place : byte { Whole, Start, End, Anywhere }

internal enum Comparison : byte { Equal, Less, LessOrEqual, Greater, GreaterOrEqual }

internal enum TimeUnit : byte { None, Minute, Hour, Day, Week, Month, Year }

/// <summary>A literal to be found in a folded value, and where.</summary>
internal readonly record struct Literal(byte[] Bytes, Place Place);

/// <summary>A test of one field. Atoms of equal content are one object, evaluated once an event.</summary>
internal sealed class Atom
{
    public required AtomKind Kind { get; init; }
    /// <summary>Index in the field table; 0 is "any value" (keywords).</summary>
    public required int Field { get; init; }
    /// <summary>Dash-like signs are one sign (windash).</summary>
    public bool Dashes { get; init; }
    public bool Cased { get; init; }
    public Literal[] Literals { get; init; } = [];
    /// <summary>Folded bytes of which one must occur for the atom to be true; the scan looks for them. Empty: none is known.</summary>
    public byte[][] Required { get; init; } = [];
    public Pattern? Pattern { get; init; }
    public LazyPattern? Regex { get; init; }
    public Comparison Comparison { get; init; }
    public double Number { get; init; }
    public TimeUnit Unit { get; init; }
    public Network[] Networks { get; init; } = [];
    public int OtherField { get; init; }
    public Place Place { get; init; }

    /// <summary>Position in the rule set; given when the set is closed.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Its literals are searched when a rule asks, not in the scan.</summary>
    public bool Late { get; set; }

    /// <summary>Can be true only when the field is there.</summary>
    public bool NeedsField => Kind != AtomKind.Null;
}
