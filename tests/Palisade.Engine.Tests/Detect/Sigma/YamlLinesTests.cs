using System.Text;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The quick reader of plain YAML against the full one.</summary>
public sealed class YamlLinesTests
{
    private static readonly string[] Plain =
    [
        "a: b\n", "a: b", "a:\n  - x\n  - 'y''z'\n  - \"q\"\nb: c # note\n", "a:\n- x\n- y\nb:\n    c: 1\n    d:\n", "---\na: 1\n---\nb: 2\n", "# head\n\na: |\n  one\n    two\n\n  three\n\n\nb: x\n", "a: |-\n  one\n",
        "a:\n  - b: 1\n    c:\n      - d\n      - e\n  - f|contains|all:\n    - x:y\n    - 'k: v'\n", "'|all': x\n'a b': c#d\n", "s:\n    Image|endswith: '\\cmd.exe'\n    n: -1\n    t: yes\n    u: null\ncondition: 1 of s*\n", "a: 中文 é\n",
    ];

    private static readonly string[] Others =
    [
        "", "a", "- a\n", "a: [b]\n", "a: {b: c}\n", "a: &x b\n", "a: *x\n", "a: !t b\n", "a: >\n  b\n", "a: |+\n  b\n\n", "a: \"b\\n\"\n", "a: b\n  c\n", "a:\n  b\n", "a: b: c\n", "a: b\na: c\n", "a:\tb\n", "a: b\r\n", "a: 'b\n  c'\n", "? a\n: b\n",
        "a: b\n...\n", "%YAML 1.2\n---\na: b\n", "--- # x\na: b\n", " a: b\n", "a: |\n", "a: |2\n  b\n", "a: @b\n", "a:\n  - - b\n", "a:\n    b: 1\n  c: 2\n", "a:\n  - b\n c: d\n", "a: 'b' c\n", "a: |\n  b", "a: \u2028b\n", "a:\n -\n - b\n", "<<: a\n",
    ];

    private static string Show(YamlNode node) => node.Kind switch
    {
        YamlKind.Scalar => $"{node.Line}{(node.Plain ? "p" : "q")}<{node.Text}>",
        YamlKind.Sequence => $"{node.Line}[{node.Size} {string.Join(", ", node.Items.Select(Show))}]",
        _ => $"{node.Line}{{{node.Size} {string.Join(", ", node.Pairs.Select(p => Show(p.Key) + ": " + Show(p.Value)))}}}",
    };

    private static string Show(List<YamlNode> documents) => string.Join("\n---\n", documents.Select(Show));

    private static bool Same(string text)
    {
        if (YamlLines.Read(text) is not { } quick) return false;
        var problems = new List<Diagnostic>();
        var full = YamlTree.ReadFully("x.yml", text, problems);
        Assert.True(problems.Count == 0, $"{problems.FirstOrDefault()?.Message} in\n{text}");
        Assert.Equal(Show(full), Show(quick));
        return true;
    }

    [Fact]
    public void Plain_texts_are_read_as_the_full_reader_does() => Assert.All(Plain, t => Assert.True(Same(t), t));

    [Fact]
    public void Anything_else_is_left_to_it() => Assert.All(Others, t => Assert.Null(YamlLines.Read(t)));

    [Fact]
    public void Every_shipped_file_that_is_read_quickly_is_read_alike()
    {
        var quick = Directory.EnumerateFiles(ShippedRules.Content, "*.yml", SearchOption.AllDirectories).Count(f => Same(File.ReadAllText(f)));
        Assert.InRange(quick, 20, int.MaxValue);
    }

    [Fact]
    public void Texts_changed_at_random_are_read_alike_or_left()
    {
        var random = new Random(17);
        string[] pieces = ["\n", "  ", " ", "- ", ":", ": ", "#", " #", "'", "\"", "|", "---\n", "x", "a: b\n", "\\", "[", "*", "é", "-", "''"];
        var seeds = Plain.Concat(Directory.EnumerateFiles(Path.Combine(ShippedRules.Content, "rules"), "*.yml").Order(StringComparer.Ordinal).Take(40).Select(File.ReadAllText)).ToArray();
        var read = 0;
        for (var round = 0; round < 30_000; round++)
        {
            var text = new StringBuilder(seeds[random.Next(round % 3 == 0 ? seeds.Length : Plain.Length)]);
            for (var n = random.Next(1, 4); n > 0; n--)
            {
                var at = random.Next(text.Length + 1);
                switch (random.Next(3))
                {
                    case 0: text.Insert(at, pieces[random.Next(pieces.Length)]); break;
                    case 1: text.Remove(at, Math.Min(random.Next(1, 6), text.Length - at)); break;
                    default: if (at < text.Length) text[at] = pieces[random.Next(pieces.Length)][0]; break;
                }
            }
            if (Same(text.ToString())) read++;
        }
        Assert.InRange(read, 3_000, 30_000);
    }
}
