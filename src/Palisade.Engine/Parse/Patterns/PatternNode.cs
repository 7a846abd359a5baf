using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Patterns;

internal enum NodeKind : byte { Literal, Capture, Optional }

/// <summary>One part of a compiled pattern.</summary>
internal sealed class PatternNode
{
    public NodeKind Kind { get; init; }
    public byte[] Literal { get; init; } = [];
    /// <summary>What a capture takes and where it goes.</summary>
    public Target Target { get; init; } = null!;
    public PatternNode[] Children { get; init; } = [];
    /// <summary>The literals that may end a Text capture, nearest first wins; empty means the end of the text.</summary>
    public byte[][] Ends { get; set; } = [];
    /// <summary>Everything that may follow is optional: the end of the text ends the capture too.</summary>
    public bool EndMayBeText { get; set; }
    /// <summary>Behind the literal that ends it stands a number: tells the quote that closes from one inside.</summary>
    public bool NumberFollows { get; set; }
}
