using System.Buffers.Binary;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Patterns;

internal enum NodeKind : byte { Literal, Capture, Optional }

/// <summary>One part of a compiled pattern. What most tries end at stands in the part itself: they are many, and seldom near in memory.</summary>
internal sealed class PatternNode
{
    private const int WordBytes = sizeof(ulong);
    private readonly byte[] literal = [];
    private readonly ulong word, mask;
    private readonly Target target = null!;
    private byte[][] ends = [];

    public NodeKind Kind { get; init; }
    public byte[] Literal
    {
        get => literal;
        init
        {
            literal = value;
            Size = value.Length;
            Span<byte> first = stackalloc byte[WordBytes];
            first.Clear();
            value.AsSpan(0, Math.Min(Size, WordBytes)).CopyTo(first);
            word = BinaryPrimitives.ReadUInt64LittleEndian(first);
            mask = Size < WordBytes ? (1UL << Size * 8) - 1 : ~0UL;
        }
    }
    /// <summary>Bytes of the literal.</summary>
    public int Size { get; private init; }
    /// <summary>What a capture takes and where it goes.</summary>
    public Target Target { get => target; init => (target, Takes) = (value, value.Kind); }
    /// <summary>The kind of the target.</summary>
    public CaptureKind Takes { get; private init; }
    public PatternNode[] Children { get; init; } = [];
    /// <summary>The literals that may end a Text capture, nearest first wins; empty means the end of the text.</summary>
    public byte[][] Ends { get => ends; set => (ends, End) = (value, value is [[var one]] ? one : NoEnd); }
    /// <summary>The byte that alone may end a Text capture; <see cref="NoEnd"/>: not one byte alone may.</summary>
    public short End { get; private set; } = NoEnd;
    /// <summary>Everything that may follow is optional: the end of the text ends the capture too.</summary>
    public bool EndMayBeText { get; set; }
    /// <summary>Behind the literal that ends it stands a number: tells the quote that closes from one inside.</summary>
    public bool NumberFollows { get; set; }

    public const short NoEnd = -1;

    /// <summary>Whether a text begins with the literal.</summary>
    public bool Begins(ReadOnlySpan<byte> text) =>
        text.Length < WordBytes ? text.StartsWith(literal) : (BinaryPrimitives.ReadUInt64LittleEndian(text) & mask) == word && (Size <= WordBytes || text.StartsWith(literal));
}
