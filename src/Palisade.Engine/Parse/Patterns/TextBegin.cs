using System.Numerics;
using Palisade.Engine.Parse.Targets;
using Palisade.Engine.Parse.Times;

namespace Palisade.Engine.Parse.Patterns;

/// <summary>
/// Which bytes a text may have at each of its first places for a pattern to fit it. The parts of the pattern are told one behind the other; where one may
/// be longer or shorter, each place at which the next one may begin counts. It never says no to what fits.
/// </summary>
internal sealed class TextBegin
{
    /// <summary>Places that are known.</summary>
    public const int Places = 32;

    private const string Digits = "0123456789", Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    // By byte a bit for each place where it may stand.
    private readonly uint[] may = new uint[256];
    // A bit for each place where the next part may begin.
    private uint next = 1;

    /// <summary>What the texts of a pattern begin with.</summary>
    public static TextBegin Of(PatternNode[] nodes)
    {
        var begin = new TextBegin();
        begin.Add(nodes);
        begin.Many(" \t\r\n");      // blanks at the end do not count
        return begin;
    }

    /// <summary>May this byte stand at this place, the first being 0?</summary>
    public bool May(int place, int value) => (PlacesOf(value) >> place & 1) != 0;

    /// <summary>A bit for each place where this byte may stand.</summary>
    public uint PlacesOf(int value) => may[value];

    private void Add(PatternNode[] nodes)
    {
        foreach (var node in nodes)
        {
            switch (node.Kind)
            {
                case NodeKind.Literal:
                    Text(node.Literal);
                    break;
                case NodeKind.Optional:
                    var without = next;
                    Add(node.Children);
                    next |= without;
                    break;
                default:
                    Add(node.Target);
                    break;
            }
        }
    }

    private void Add(Target target)
    {
        switch (target.Kind)
        {
            case CaptureKind.Time when target.Layout is { } layout: layout.AddTo(this); break;
            case CaptureKind.Time: Shape(TimeReader.Begin(target.Time)); break;
            case CaptureKind.In: OneOf(target.Words); return;
            case CaptureKind.Kv when target.Words is [var first]: Text(first); break;
            case CaptureKind.Chars: for (var i = 0; i < target.Size && next != 0; i++) Rest(once: true); return;
            case CaptureKind.Word or CaptureKind.Plus or CaptureKind.Endpoint or CaptureKind.Endpoint_Port or CaptureKind.Hex or CaptureKind.String: Rest(once: true, but: " \t\n"); break;
            default: if (PatternStart.Of(target) is { } bytes) One(bytes); break;
        }
        Rest();
    }

    /// <summary>This text.</summary>
    public void Text(ReadOnlySpan<byte> text)
    {
        foreach (var b in text)
        {
            may[b] |= next;
            next <<= 1;
        }
    }

    /// <summary>One byte of these.</summary>
    public void One(IEnumerable<char> bytes)
    {
        foreach (var c in bytes) may[(byte)c] |= next;
        next <<= 1;
    }

    /// <summary>A digit for each <c>0</c>, a letter for each <c>a</c>, any byte for each <c>?</c>; every other sign stands for itself.</summary>
    public void Shape(string shape)
    {
        foreach (var c in shape)
        {
            if (c == '?') Rest(once: true);
            else One(c switch { '0' => Digits, 'a' => Letters, _ => [c] });
        }
    }

    /// <summary>As many of these bytes as there are, or none.</summary>
    public void Many(string bytes)
    {
        if (next == 0) return;
        next = From(next);
        foreach (var c in bytes) may[(byte)c] |= next;
    }

    /// <summary>One digit or two.</summary>
    public void OneOrTwoDigits()
    {
        One(Digits);
        Maybe(Digits);
    }

    /// <summary>As many letters as there are, or none.</summary>
    public void ManyLetters() => Many(Letters);

    /// <summary>One byte of these, or none.</summary>
    public void Maybe(string bytes)
    {
        var without = next;
        One(bytes);
        next |= without;
    }

    /// <summary>A point or a comma with digits behind it, or nothing.</summary>
    public void Fraction()
    {
        var without = next;
        One(".,");
        Many(Digits);
        next |= without;
    }

    /// <summary>What comes from here on may be anything; or just the next byte, without some.</summary>
    public void Rest(bool once = false, string but = "")
    {
        if (next == 0) return;
        var places = once ? next : From(next);
        for (var value = 0; value < may.Length; value++) if (!but.Contains((char)value, StringComparison.Ordinal)) may[value] |= places;
        next = once ? next << 1 : 0;
    }

    // In any case of letters.
    private void OneOf(byte[][] words)
    {
        var (from, behind) = (next, 0u);
        foreach (var word in words)
        {
            next = from;
            foreach (var b in word) One([char.ToLowerInvariant((char)b), char.ToUpperInvariant((char)b)]);
            behind |= next;
        }
        next = behind;
    }

    private static uint From(uint places) => ~0u << BitOperations.TrailingZeroCount(places);
}
