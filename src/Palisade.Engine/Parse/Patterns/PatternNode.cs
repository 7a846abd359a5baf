using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Palisade.Engine.Parse.Targets;

namespace Palisade.Engine.Parse.Patterns;

internal enum NodeKind : byte { Literal, Capture, Optional }

/// <summary>
/// One part of a compiled pattern: 40 bytes, so that all parts of a pattern lie in one piece. Patterns are many, and seldom in the processor's cache: what most
/// tries end at stands in the part itself.
/// </summary>
internal struct PatternNode
{
    private const int WordBytes = sizeof(ulong);
    // The first bytes of the literal.
    private readonly ulong word;
    // By kind the literal, the target, or the parts inside.
    private readonly object what;
    private byte[][] ends;

    private PatternNode(NodeKind kind, object what) => (Kind, this.what, ends) = (kind, what, []);

    /// <summary>A text that stands for itself.</summary>
    public PatternNode(byte[] literal) : this(NodeKind.Literal, literal)
    {
        Size = literal.Length;
        Span<byte> first = stackalloc byte[WordBytes];
        first.Clear();
        literal.AsSpan(0, Math.Min(Size, WordBytes)).CopyTo(first);
        word = BinaryPrimitives.ReadUInt64LittleEndian(first);
    }

    /// <summary>A value.</summary>
    public PatternNode(Target target) : this(NodeKind.Capture, target) => Takes = target.Kind;

    /// <summary>Parts that may be missing together.</summary>
    public PatternNode(PatternNode[] children) : this(NodeKind.Optional, children) { }

    public NodeKind Kind { get; }
    /// <summary>The kind of the target.</summary>
    public CaptureKind Takes { get; }
    /// <summary>Everything that may follow is optional: the end of the text ends the capture too.</summary>
    public bool EndMayBeText { readonly get; set; }
    /// <summary>Behind the literal that ends it stands a number: tells the quote that closes from one inside.</summary>
    public bool NumberFollows { readonly get; set; }
    /// <summary>Bytes of the literal.</summary>
    public int Size { get; }

    /// <summary>The text of a <see cref="NodeKind.Literal"/>.</summary>
    public readonly byte[] Literal => Kind == NodeKind.Literal ? Unsafe.As<byte[]>(what) : [];
    /// <summary>What a <see cref="NodeKind.Capture"/> takes and where it goes.</summary>
    public readonly Target Target => Kind == NodeKind.Capture ? Unsafe.As<Target>(what) : null!;
    /// <summary>The parts of a <see cref="NodeKind.Optional"/>.</summary>
    public readonly PatternNode[] Children => Kind == NodeKind.Optional ? Unsafe.As<PatternNode[]>(what) : [];

    /// <summary>The literals that may end a Text capture, nearest first wins; empty means the end of the text.</summary>
    public byte[][] Ends { readonly get => ends; set => (ends, End) = (value, value is [[var one]] ? one : NoEnd); }
    /// <summary>The byte that alone may end a Text capture; <see cref="NoEnd"/>: not one byte alone may.</summary>
    public short End { readonly get; private set; } = NoEnd;

    public const short NoEnd = -1;

    /// <summary>Whether a text begins with the literal.</summary>
    public readonly bool Begins(ReadOnlySpan<byte> text) => Size >= WordBytes || text.Length < WordBytes ? text.StartsWith(Literal)
        : ((BinaryPrimitives.ReadUInt64LittleEndian(text) ^ word) & (1UL << Size * 8) - 1) == 0;
}
