using System.Buffers;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Sets of bytes of which every match of an expression has at least one: a value without them is not worth asking the expression about.
/// </summary>
/// <remarks>
/// Reads what expressions are mostly made of: characters, classes, groups, alternatives, quantifiers. What it does not know makes it
/// give up and require nothing, which is always true. Letters and digits are in every value, so sets with many of them are left out.
/// </remarks>
internal ref struct RequiredBytes
{
    private const int MostSets = 2, MostWeight = 19, MostDepth = 50;

    private static readonly SearchValues<char> Counts = SearchValues.Create("0123456789,");

    private readonly ReadOnlySpan<char> text;
    private int at, depth;
    private bool lost;

    private RequiredBytes(string expression) => text = expression;

    /// <summary>The rarest sets, at most two; none where nothing is sure.</summary>
    /// <param name="expression">Without options: letters match as they are written.</param>
    public static SearchValues<byte>[] Of(string? expression)
    {
        if (expression is null) return [];
        var reader = new RequiredBytes(expression);
        var sets = reader.Alternatives();
        if (reader.lost || reader.at < expression.Length) return [];
        return [.. sets.Where(s => WeightOf(s) <= MostWeight).OrderBy(WeightOf).Take(MostSets).Select(s => SearchValues.Create(Members(s)))];
    }

    private static byte[] Members(UInt128 set) => [.. Enumerable.Range(0, 128).Where(b => (set >> b & 1) != 0).Select(b => (byte)b)];

    /// <summary>About how often bytes of the set stand in values.</summary>
    private static int WeightOf(UInt128 set) => Members(set).Sum(static b => b switch
    {
        >= (byte)'a' and <= (byte)'z' or >= (byte)'0' and <= (byte)'9' => MostWeight + 1,
        (byte)'/' or (byte)'.' or (byte)'-' or (byte)'_' or (byte)' ' or (byte)'=' => 4,
        (byte)':' or (byte)'&' or (byte)'?' or (byte)',' => 2,
        _ => 1,
    });

    // One of several ways: what one of them requires is required only beside what the others do.
    private List<UInt128> Alternatives()
    {
        if (++depth > MostDepth) lost = true;
        var all = Sequence();
        while (!lost && at < text.Length && text[at] == '|')
        {
            at++;
            var other = Sequence();
            all = all.Count == 0 || other.Count == 0 ? [] : [all.MinBy(WeightOf) | other.MinBy(WeightOf)];
        }
        depth--;
        return all;
    }

    private List<UInt128> Sequence()
    {
        var all = new List<UInt128>();
        while (!lost && at < text.Length && text[at] is not ('|' or ')'))
        {
            var one = Atom();
            if (Least() > 0) all.AddRange(one.Where(s => s != 0));
        }
        return all;
    }

    /// <summary>What one piece requires; a set of zero stands for "nothing that is known".</summary>
    private List<UInt128> Atom()
    {
        var c = text[at++];
        switch (c)
        {
            case '(': return Group();
            case '[': return [Class()];
            case '^' or '$' or '.': return [];
            case '\\': return [Escape()];
            default: return [c < 128 ? UInt128.One << c : 0];
        }
    }

    private List<UInt128> Group()
    {
        var asserts = false;
        if (at < text.Length && text[at] == '?')
        {
            var rest = text[at..];
            var behind = rest.StartsWith("?<=") || rest.StartsWith("?<!");
            asserts = behind || rest.StartsWith("?=") || rest.StartsWith("?!");
            if (!asserts && !rest.StartsWith("?:") && !rest.StartsWith("?>")) { lost = true; return []; }
            at += behind ? 3 : 2;
        }
        var inner = Alternatives();
        if (at >= text.Length) { lost = true; return []; }
        at++;
        return asserts ? [] : inner;
    }

    /// <summary>Least times of the quantifier that follows, 1 where none does.</summary>
    private int Least()
    {
        if (at >= text.Length || text[at] is not ('*' or '+' or '?' or '{')) return 1;
        var least = text[at] == '+' ? 1 : 0;
        if (text[at] == '{')
        {
            var length = text[at..].IndexOf('}');
            // A brace that counts nothing is a character.
            if (length < 2 || text.Slice(at + 1, length - 1).ContainsAnyExcept(Counts)) return 1;
            least = text[at + 1] is >= '1' and <= '9' ? 1 : 0;
            at += length;
        }
        at++;
        if (at < text.Length && text[at] == '?') at++;
        return least;
    }

    /// <summary>What stands behind a back-slash: a character or one of many; 0: nothing known.</summary>
    private UInt128 Escape()
    {
        if (at >= text.Length) { lost = true; return 0; }
        var c = text[at++];
        switch (c)
        {
            case 'd': return Range('0', '9');
            // The classes go beyond ASCII.
            case 'w' or 's' or 'W' or 'S' or 'D' or 'b' or 'B' or 'A' or 'z' or 'Z': return 0;
            case 'n': return UInt128.One << '\n';
            case 'r': return UInt128.One << '\r';
            case 't': return UInt128.One << '\t';
            case 'x' when at + 2 <= text.Length && byte.TryParse(text.Slice(at, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var b):
                at += 2;
                return b < 128 ? UInt128.One << b : 0;
            case >= '0' and <= '9' or >= 'a' and <= 'z' or >= 'A' and <= 'Z': lost = true; return 0;
            default: return c < 128 ? UInt128.One << c : 0;
        }
    }

    private static UInt128 Range(int from, int to)
    {
        UInt128 set = 0;
        for (var b = from; b <= to; b++) set |= UInt128.One << b;
        return set;
    }

    /// <summary>The members of a class; 0 where some lie beyond ASCII.</summary>
    private UInt128 Class()
    {
        UInt128 set = 0;
        var known = true;
        if (at < text.Length && text[at] == '^') { known = false; at++; }
        for (var first = true; ; first = false)
        {
            if (at >= text.Length) { lost = true; return 0; }
            if (text[at] == ']' && !first) break;
            var low = Member();
            if (at + 1 < text.Length && text[at] == '-' && text[at + 1] == '[') { lost = true; return 0; }
            if (at + 1 < text.Length && text[at] == '-' && text[at + 1] != ']')
            {
                at++;
                var high = Member();
                if (low is { } from && high is { } to && UInt128.PopCount(from) == 1 && UInt128.PopCount(to) == 1) set |= Range((int)UInt128.TrailingZeroCount(from), (int)UInt128.TrailingZeroCount(to));
                else known = false;
            }
            else if (low is { } one) set |= one;
            else known = false;
        }
        at++;
        return known ? set : 0;
    }

    private UInt128? Member()
    {
        var c = text[at++];
        var one = c == '\\' ? Escape() : c < 128 ? UInt128.One << c : 0;
        return one == 0 ? null : one;
    }
}
