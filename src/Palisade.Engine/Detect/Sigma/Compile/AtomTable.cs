using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Detect.Sigma.Compile;

/// <summary>Makes atoms, one object for equal content, over the fields of a rule set.</summary>
internal sealed class AtomTable(FieldTable fields)
{
    private readonly Dictionary<string, Atom> atoms = new(StringComparer.Ordinal);
    // most of all: they are their own keys
    private readonly HashSet<Atom> literalAtoms = new(SameLiterals.Instance);

    /// <summary>Where remarks on the rule being compiled go.</summary>
    public Action<string, int, string> Warn { get; set; } = static (_, _, _) => { };

    public int Field(string name, int line)
    {
        var field = fields.IndexOf(name);
        if (field < 0) throw new RuleException("SIG027", line, $"too many field names: no room for '{name}'");
        return field;
    }

    public Atom Simple(AtomKind kind, int field) => Keep($"{kind}|{field}", () => new Atom { Kind = kind, Field = field });

    public Atom Reference(int field, int other, Place place, bool cased) =>
        Keep($"ref|{field}|{other}|{place}|{cased}", () => new Atom { Kind = AtomKind.FieldReference, Field = field, OtherField = other, Place = place, Cased = cased });

    public Atom Number(int field, Comparison comparison, double number, TimeUnit unit) =>
        Keep(string.Create(CultureInfo.InvariantCulture, $"num|{field}|{comparison}|{number:R}|{unit}"), () => new Atom
        {
            Kind = unit == TimeUnit.None ? AtomKind.Number : AtomKind.TimePart, Field = field, Comparison = comparison, Number = number, Unit = unit,
        });

    public Atom Cidr(int field, Network network) => Keep($"cidr|{field}|{network}", () => new Atom { Kind = AtomKind.Cidr, Field = field, Networks = [network] });

    public Atom Regex(int field, string text, Place place, RegexOptions options, int line)
    {
        return Keep($"re|{field}|{place}|{options}|{text}", () =>
        {
            var regex = new LazyPattern(RegexText.Anchor(text, place), options: options);
            if (regex.Fault(out var backtracks) is { } fault)
                throw new RuleException("SIG028", line, backtracks ? $"the expression needs backtracking (look-around, back reference) or is too large: {text}" : "the expression is broken: " + fault);
            return new Atom { Kind = AtomKind.Regex, Field = field, Regex = regex, Required = RegexLiteral.Find(text) };
        });
    }

    /// <summary>An atom for a pattern; null when it is a plain literal that went to <paramref name="literals"/>.</summary>
    public Atom? Pattern(int field, Pattern pattern, bool dashes, bool cased, List<Literal>? literals)
    {
        var parts = pattern.Parts;
        if (parts.Length == 0) return Simple(AtomKind.Empty, field);
        if (parts.Length == 1 && parts[0].Kind == PartKind.Run) return Simple(AtomKind.HasValue, field);
        var begin = parts[0].Kind == PartKind.Run ? 1 : 0;
        var end = parts.Length - (parts[^1].Kind == PartKind.Run ? 1 : 0);
        if (!cased && end - begin == 1 && parts[begin].Kind == PartKind.Literal)
        {
            var place = (begin, parts.Length - end) switch { (0, 0) => Place.Whole, (0, _) => Place.Start, (_, 0) => Place.End, _ => Place.Anywhere };
            var literal = new Literal(Prepare(parts[begin].Literal, dashes), place);
            if (literals is null) return Literals(field, [literal], dashes);
            literals.Add(literal);
            return null;
        }
        var ready = pattern.Map(b => cased ? dashes ? Folding.Dashes(b) : b : Prepare(b, dashes));
        var required = parts.Where(p => p.Kind == PartKind.Literal).Select(p => Prepare(p.Literal, dashes)).MaxBy(l => l.Length);
        var key = new StringBuilder($"glob|{field}|{dashes}|{cased}");
        foreach (var p in ready.Parts) key.Append('|').Append(p.Kind).Append(Convert.ToHexString(p.Literal));
        return Keep(key.ToString(), () => new Atom { Kind = AtomKind.Glob, Field = field, Pattern = ready, Dashes = dashes, Cased = cased, Required = required is null ? [] : [required] });
    }

    public Atom Literals(int field, IReadOnlyList<Literal> literals, bool dashes)
    {
        var atom = new Atom { Kind = AtomKind.Literals, Field = field, Literals = [.. literals], Dashes = dashes };
        if (literalAtoms.TryGetValue(atom, out var known)) return known;
        literalAtoms.Add(atom);
        return atom;
    }

    private static byte[] Prepare(byte[] literal, bool dashes)
    {
        var folded = Folding.Fold(literal);
        return dashes ? Folding.Dashes(folded) : folded;
    }

    private Atom Keep(string key, Func<Atom> make)
    {
        if (!atoms.TryGetValue(key, out var atom)) atoms[key] = atom = make();
        return atom;
    }
}
