using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Palisade.Engine;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;
using Palisade.Server.Console;
using Palisade.Server.Ingest;
using Palisade.Server.Rules;
using Palisade.Server.Sources;

namespace Palisade.Server.Tests.Console;

public sealed class TextTests
{
    private static readonly TextCatalogue Texts = new();

    private static string Server([CallerFilePath] string file = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../../src/Palisade.Server"));

    private static IEnumerable<string> Sources(params string[] endings) => Directory.EnumerateFiles(Server(), "*", SearchOption.AllDirectories)
        .Where(f => endings.Any(e => f.EndsWith(e, StringComparison.Ordinal)));

    [Fact]
    public void Both_languages_have_the_same_keys_and_none_is_empty()
    {
        Assert.Empty(Texts.Keys(TextCatalogue.English).Except(Texts.Keys(TextCatalogue.Chinese)));
        Assert.Empty(Texts.Keys(TextCatalogue.Chinese).Except(Texts.Keys(TextCatalogue.English)));
        foreach (var language in TextCatalogue.Languages)
            Assert.DoesNotContain(Texts.Keys(language), k => string.IsNullOrWhiteSpace(Texts.Get(language, k)));
    }

    [Fact]
    public void Both_languages_take_the_same_values()
    {
        static string Holes(string text) => string.Join(',', Regex.Matches(text, @"\{\d\}", RegexOptions.NonBacktracking).Select(m => m.Value).Distinct().Order());
        // The form for one may spell the number out.
        var wrong = Texts.Keys(TextCatalogue.English).Where(k => !k.EndsWith(".one", StringComparison.Ordinal))
            .Where(k => Holes(Texts.Get(TextCatalogue.English, k)) != Holes(Texts.Get(TextCatalogue.Chinese, k)));
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_key_that_a_page_names_exists()
    {
        var used = from file in Sources(".razor", ".razor.cs", "NavEntries.cs", "AlertDesk.cs", "Ui.cs")
                   from Match use in Regex.Matches(File.ReadAllText(file), @"(?:T|text|this)(?:\[|\.Say\(|\.Count\()""([A-Za-z0-9.\-]+)""|Say\(""([a-z.A-Z]+)""|""(nav\.[a-z]+)""", RegexOptions.NonBacktracking)
                   let key = use.Groups.Values.Skip(1).First(g => g.Success).Value
                   where !key.EndsWith('.')
                   select (Key: key, File: Path.GetFileName(file));
        Assert.True(used.Count() > 100);
        Assert.Empty(used.Where(u => !Texts.Has(TextCatalogue.English, u.Key) && !Texts.Has(TextCatalogue.English, u.Key + ".other")).Distinct());
    }

    [Fact]
    public void Every_reason_that_pages_show_has_its_words()
    {
        var keys = Enum.GetValues<IngestRefusal>().Where(r => r != IngestRefusal.None).Select(r => "refusal." + IngestHttp.Code(r))
            .Concat(Enum.GetValues<ParseRefusal>().Where(r => r is not (ParseRefusal.None or ParseRefusal.Empty)).Select(r => "unparsed." + r.ToString().ToLowerInvariant()))
            .Concat(WebEvidence.Keys.Select(k => "decoding." + k))
            .Concat(Enum.GetValues<FindingConfidence>().Where(c => c != FindingConfidence.None).Select(c => "confidence." + c.ToString().ToLowerInvariant()))
            .Concat(Enum.GetValues<SourceEditRefusal>().Where(r => r != SourceEditRefusal.None).Select(r => "source.refused." + r.ToString().ToLowerInvariant()));
        keys = keys.Concat(Enum.GetValues<PipelineRefusal>().Where(r => r is not (PipelineRefusal.None or PipelineRefusal.PlaceholderName or PipelineRefusal.PlaceholderValue)).Select(r => "pipes.refused." + r.ToString().ToLowerInvariant()))
            .Concat(new[] { "stale", "toomany", "toolarge", "name", "value" }.Select(r => "pipes.refused.place" + r));
        Assert.All(keys, k => Assert.True(Texts.Has(TextCatalogue.English, k), k));
    }

    [Fact]
    public void No_page_holds_a_word_of_the_interface()
    {
        // What stands between a tag's end and the next tag, once expressions and code are taken out.
        var wrong = from file in Sources(".razor")
                    let markup = Regex.Replace(File.ReadAllText(file).Split("\n@code")[0], @"@\*[\s\S]*?\*@", "", RegexOptions.None, TimeSpan.FromSeconds(1))
                    from Match text in Regex.Matches(markup, @"<(?:a|b|p|h1|h2|h3|span|strong|button|label|dt|dd|th|td|li|option|em|div|summary)(?: [^<>]*)?>\s*([A-Za-z\u4e00-\u9fff][^<>@{}()]*)<", RegexOptions.NonBacktracking)
                    let words = text.Groups[1].Value.Trim()
                    where words.Length > 1 && words != "else"
                    select $"{Path.GetFileName(file)}: {words}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_page_sets_an_aria_label_or_title_in_plain_words()
    {
        var wrong = from file in Sources(".razor")
                    from Match text in Regex.Matches(File.ReadAllText(file), "(?:aria-label|title|placeholder|alt)=\"([A-Za-z][^\"@]*)\"", RegexOptions.NonBacktracking)
                    select $"{Path.GetFileName(file)}: {text.Value}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void No_page_names_a_raw_colour_or_an_inline_script()
    {
        var colours = from file in Sources(".razor", "pages.css", "narrow.css", "console.css", "rules.css")
                      from Match colour in Regex.Matches(File.ReadAllText(file), "#[0-9A-Fa-f]{6}", RegexOptions.NonBacktracking)
                      select $"{Path.GetFileName(file)}: {colour.Value}";
        Assert.Empty(colours);
        Assert.DoesNotContain(Sources(".razor"), f => Regex.IsMatch(File.ReadAllText(f), @"<script>| onclick=""", RegexOptions.NonBacktracking));
    }

    [Theory]
    [InlineData("zh-CN", "en", "zh-CN")]
    [InlineData(null, "zh-TW,en;q=0.5", "zh-CN")]
    [InlineData(null, "fr-FR,en-GB;q=0.8", "en")]
    [InlineData("", "", "en")]
    [InlineData("tlh", null, "en")]
    public void Language_is_the_persons_choice_then_the_browsers(string? wanted, string? accept, string expected) =>
        Assert.Equal(expected, TextCatalogue.Choose(wanted, accept));
}
