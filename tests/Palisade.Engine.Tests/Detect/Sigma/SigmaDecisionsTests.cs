using System.Text;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The places where engines disagree, by the numbers of docs/reference/sigma.md; correlations (34 to 42) are in CorrelationDecisionsTests.</summary>
public sealed class SigmaDecisionsTests
{
    private static bool Hit(string detection, string? value) => SigmaWorld.Matches(detection + "\ncondition: s", ("f", value));
    private static bool Hit(string detection, params (string, string?)[] fields) => SigmaWorld.Matches(detection + "\ncondition: s", fields);

    private static IReadOnlyList<Diagnostic> Problems(string detection, RuleLoadOptions? options = null)
    {
        RuleSet.Load([("rules/x.yml", Encoding.UTF8.GetBytes(SigmaWorld.Rule("x", detection)))], options ?? new RuleLoadOptions(), out var problems);
        return problems;
    }

    private static void Refused(string code, string detection) => Assert.Equal(code, Assert.Single(Problems(detection), p => p.IsError).Code);
    private static void Remarked(string code, string detection) => Assert.Contains(Problems(detection), p => p.Code == code && !p.IsError);

    [Fact]
    public void Case_01_a_single_backslash_makes_the_star_a_star_and_a_remark_says_so()
    {
        Assert.True(Hit("s: { f: 'C:\\Temp\\*' }", "c:\\temp*"));
        Assert.False(Hit("s: { f: 'C:\\Temp\\*' }", "c:\\temp\\x"));
        Remarked("SIG071", "s: { f: 'C:\\Temp\\*' }\ncondition: s");
        Assert.DoesNotContain(Problems("s: { f: 'C:\\Temp\\\\*' }\ncondition: s"), p => p.Code == "SIG071");
    }

    [Theory]
    [InlineData("contains"), InlineData("re"), InlineData("cidr"), InlineData("base64"), InlineData("windash"), InlineData("expand"), InlineData("fieldref")]
    public void Case_21_null_beside_a_modifier_that_looks_at_a_text_is_refused(string modifier) => Refused("SIG029", $"s: {{ f|{modifier}: null }}\ncondition: s");

    [Fact]
    public void A_rule_that_is_not_UTF8_is_refused_instead_of_read_with_other_signs()
    {
        byte[] gbk = [.. Encoding.UTF8.GetBytes(SigmaWorld.Rule("x", "s: { f: '")), 0xB5, 0xC7, 0xC2, 0xBC, .. "' }\ncondition: s"u8];
        foreach (var bytes in new[] { gbk, [0xFF, 0xFE, .. Encoding.Unicode.GetBytes(SigmaWorld.Rule("x", "s: { f: v }\ncondition: s"))] })
        {
            Assert.Equal(0, RuleSet.Load([("rules/x.yml", bytes)], new RuleLoadOptions(), out var problems).RuleCount);
            Assert.Contains(problems, p => p is { Code: "SIG002", IsError: true } && p.Message.Contains("UTF-8", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_remark_quotes_no_more_than_somebody_would_read() =>
        Assert.All(Problems($"s: {{ f: v }}\ncondition: s and {new string('x', 100_000)}"), p => Assert.InRange(p.Message.Length, 1, 501));

    [Fact]
    public void Case_02_a_literal_that_ends_with_a_backslash_never_meets_the_wildcard_behind_it() =>
        Assert.True(Hit("s: { f|contains: '\\Temp\\' }", "c:\\temp\\x"));

    [Theory]
    [InlineData("'a\\\\\\*'", "a\\*", true), InlineData("'a\\\\\\*'", "a\\b", false)]
    [InlineData("'a\\\\\\\\'", "a\\\\", true), InlineData("'a\\?'", "a?", true), InlineData("'a\\'", "a\\", true)]
    [InlineData("'\\\\host\\*\\share'", "\\host*\\share", true), InlineData("'/p?id=1'", "/pXid=1", true)]
    public void Case_03_escapes_are_read_once(string value, string text, bool hit) => Assert.Equal(hit, Hit($"s: {{ f: {value} }}", text));

    [Fact]
    public void Case_03_an_open_question_mark_in_an_address_is_remarked() => Remarked("SIG075", "s: { f|contains: '/index.php?id=' }\ncondition: s");

    [Theory]
    [InlineData("s: { f|contains: '' }", "", true), InlineData("s: { f|contains: '' }", "x", true), InlineData("s: { f|contains: '' }", null, false)]
    [InlineData("s: { f: '*' }", "", true), InlineData("s: { f: '*' }", null, false), InlineData("s: { f|startswith: '' }", "x", true)]
    public void Case_04_the_empty_text_is_in_every_value_that_is_there(string detection, string? value, bool hit) => Assert.Equal(hit, Hit(detection, value));

    [Theory]
    [InlineData("σίσυφος", "ΣΊΣΥΦΟΣ", true), InlineData("kelvin", "\u212Aelvin", true), InlineData("ａｂｃ", "ＡＢＣ", true), InlineData("i", "ı", false), InlineData("ss", "ß", false)]
    public void Case_05_case_folds_by_single_characters_beyond_ascii(string rule, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f: '{rule}' }}", value));

    [Fact]
    public void Case_05_cased_may_stand_before_or_behind()
    {
        foreach (var modifiers in new[] { "cased|contains", "contains|cased" })
        {
            Assert.True(Hit($"s: {{ f|{modifiers}: Ab }}", "xAbx"));
            Assert.False(Hit($"s: {{ f|{modifiers}: Ab }}", "xabx"));
        }
    }

    [Theory]
    [InlineData("a?c", "a\U0001F600c", true), InlineData("a??c", "a\U0001F600c", false), InlineData("a?c", "a\u0000c", true), InlineData("*??", "\U0001D4B3", false), InlineData("*??", "x\U0001D4B3", true)]
    public void Case_06_a_question_mark_is_one_character_however_long(string rule, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f: '{rule}' }}", value));

    [Theory]
    [InlineData("contains|windash"), InlineData("windash|contains")]
    public void Case_07_only_the_order_of_encodings_counts(string modifiers) => Assert.True(Hit($"s: {{ f|{modifiers}: ' -n ' }}", "x /n y"));

    [Fact]
    public void Case_07_encodings_apply_from_left_to_right()
    {
        Assert.True(Hit("s: { f|wide|base64: go }", "ZwBvAA=="));
        Assert.False(Hit("s: { f|base64|wide: go }", "ZwBvAA=="));
        Assert.True(Hit("s: { f|all|contains: [a, b] }", "ab"));
    }

    [Theory]
    [InlineData("' –n'", "x -n", true), InlineData("' -n -e'", "x /n –e", true), InlineData("'a-b'", "a/b", true), InlineData("' -a -b -c -d -e -f -g -h -i -j'", " /a –b -c /d ―e -f /g -h /i -j", true)]
    public void Case_08_dashes_are_one_sign_wherever_they_stand(string rule, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f|windash|contains: {rule} }}", value));

    [Theory]
    [InlineData("hé"), InlineData("xhé"), InlineData("xxhé")]
    public void Case_09_base64offset_counts_bytes(string text) =>
        Assert.True(Hit("s: { f|base64offset|contains: 'hé' }", Convert.ToBase64String(Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Case_10_utf16_has_a_mark_of_byte_order_and_utf16le_has_none()
    {
        Assert.True(Hit("s: { f|utf16|base64: a }", Convert.ToBase64String([0xFF, 0xFE, 0x61, 0])));
        Assert.True(Hit("s: { f|utf16le|base64: a }", Convert.ToBase64String([0x61, 0])));
    }

    [Fact]
    public void Case_11_escapes_are_read_before_encoding() => Assert.True(Hit("s: { f|base64: 'a\\?b' }", "YT9i"));

    [Theory]
    [InlineData("re", "b", "abc", true), InlineData("re", "^b", "abc", false), InlineData("re|contains", "^b", "abc", false), InlineData("re|startswith", "b|a", "abc", true), InlineData("re|startswith", "b|c", "abc", false)]
    [InlineData("re|endswith", "b|c", "abc", true), InlineData("re", "ABC", "abc", false), InlineData("re", "(?i)ABC", "abc", true), InlineData("re|i", "ABC", "abc", true), InlineData("re", "[[:upper:]]", "a", false), InlineData("re", "[[:upper:]_]", "_", true)]
    public void Case_12_expressions_search_and_keep_case(string modifiers, string expression, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f|{modifiers}: '{expression}' }}", value));

    [Fact]
    public void Case_13_all_of_one_value_is_remarked_and_an_expansion_stays_or()
    {
        Remarked("SIG061", "s: { f|contains|all: x }\ncondition: s");
        Assert.True(Hit("s: { f|base64offset|contains|all: [foobar, bazqux] }", Convert.ToBase64String("foobar+bazqux"u8)));
    }

    [Fact]
    public void Case_14_neq_is_not_any_and_true_of_a_missing_field()
    {
        Assert.False(Hit("s: { f|neq: [a, b] }", "b"));
        Assert.True(Hit("s: { f|neq: [a, b] }", "c"));
        Assert.True(Hit("s: { f|neq: a }", ("g", "a")));
        Assert.True(Hit("s: { f|fieldref|neq: g }", ("f", "a")));
        Assert.False(Hit("s: { f|neq: null }", ("g", "a")));
        Assert.True(Hit("s: { f|neq: null }", "x"));
    }

    [Theory]
    [InlineData("10.0.0.1/8", "10.9.9.9", true), InlineData("10.0.0.0/8", "::ffff:10.0.0.1", true), InlineData("fe80::/10", "fe80::1%eth0", true), InlineData("1.2.3.0/24", "1.2.3.4:80", false)]
    [InlineData("::/0", "[::1]:80", false), InlineData("::/0", "10.0.0.1", false), InlineData("::ffff:10.0.0.0/104", "10.2.3.4", true), InlineData("10.0.0.0/8", "010.1.1.1", true)]
    public void Case_15_networks_ignore_host_bits_zones_and_the_mapped_notation(string network, string address, bool hit) => Assert.Equal(hit, Hit($"s: {{ f|cidr: '{network}' }}", address));

    [Theory]
    [InlineData("0x10", "16", true), InlineData("0x10", "0x10", true), InlineData("010", "10", true), InlineData("010", "8", false), InlineData("1_000", "1_000", true), InlineData("1_000", "1000", false)]
    [InlineData("1e3", "1000", true), InlineData("1e3", "1e3", true), InlineData("yes", "yes", true), InlineData("yes", "true", false), InlineData("off", "off", true), InlineData("'0x10'", "16", false)]
    public void Case_16_plain_scalars_are_read_by_yaml_1_2(string rule, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f: {rule} }}", value));

    [Theory]
    [InlineData("010"), InlineData("1_000"), InlineData("1e3"), InlineData("yes"), InlineData("off"), InlineData("12:30"), InlineData("2026-11-24"), InlineData("0o17")]
    public void Case_16_what_yaml_1_1_would_read_otherwise_is_remarked(string rule)
    {
        Remarked("SIG072", $"s: {{ f: {rule} }}\ncondition: s");
        Assert.DoesNotContain(Problems($"s: {{ f: '{rule}' }}\ncondition: s"), p => p.Code == "SIG072");
    }

    [Fact]
    public void Case_16_a_comparison_needs_a_number_and_takes_text_that_is_one()
    {
        Refused("SIG022", "s: { f|gt: '5' }\ncondition: s");
        Assert.True(Hit("s: { f|gt: 5 }", "7"));
        Assert.True(Hit("s: { f|gte: 5 }", "5.0"));
    }

    [Theory]
    [InlineData("1", "1", true), InlineData("'1'", "1", true), InlineData("true", "True", true), InlineData("true", "1", false)]
    public void Case_17_types_do_not_count_but_texts_do(string rule, string value, bool hit) => Assert.Equal(hit, Hit($"s: {{ f: {rule} }}", value));

    [Theory]
    [InlineData("minute|gt: 58", true), InlineData("gt|minute: 59", false), InlineData("week: 48", true), InlineData("hour: 3", true)]
    public void Case_18_a_part_of_a_time_can_be_compared(string test, bool hit) => Assert.Equal(hit, Hit($"s: {{ f|{test} }}", "2026-11-24T03:59:00+08:00"));

    [Fact]
    public void Case_19_a_placeholder_nobody_fills_refuses_the_rule_and_an_escaped_sign_is_itself()
    {
        Refused("SIG025", "s: { f|expand: 'x%who%' }\ncondition: s");
        Assert.True(Hit("s: { f|expand: '50\\%' }", "50%"));
        var options = new RuleLoadOptions { Placeholders = new Dictionary<string, IReadOnlyList<string>> { ["who"] = ["a.b"] } };
        Assert.Empty(Problems("s: { f|re|expand: '^%who%$' }\ncondition: s", options));
    }

    [Fact]
    public void Case_20_exists_takes_a_truth_value_in_any_notation()
    {
        Assert.True(Hit("s: { f|exists: 'true' }", "x"));
        Refused("SIG023", "s: { f|exists: [true] }\ncondition: s");
        Refused("SIG023", "s: { f|exists: maybe }\ncondition: s");
    }

    [Fact]
    public void Case_21_null_is_missing_or_null_and_never_the_empty_text()
    {
        Assert.True(Hit("s: { f: null }", (string?)null));
        Assert.True(Hit("s: { f: ~ }", ("g", "x")));
        Assert.False(Hit("s: { f: null }", ""));
        Assert.False(Hit("s: { f: '' }", (string?)null));
        Assert.False(Hit("s: { f: 'null' }", (string?)null));
        Assert.True(Hit("s: { f|exists: true }", (string?)null));
    }

    [Fact]
    public void Case_22_null_in_a_list_is_one_of_its_values_and_remarked()
    {
        Assert.True(Hit("s: { f: [a, null] }", ("g", "x")));
        Assert.True(Hit("s: { f: [a, null] }", "a"));
        Remarked("SIG074", "s: { f: [a, null] }\ncondition: s");
    }

    [Fact]
    public void Case_23_an_empty_list_says_nothing_and_is_refused() => Refused("SIG021", "s: { f: [] }\ncondition: s");

    [Fact]
    public void Case_24_keywords_are_looked_for_in_every_value_and_all_of_them_anywhere()
    {
        Assert.True(Hit("s: [needle]", ("a", "x"), ("b", "a NEEDLE")));
        Assert.True(Hit("s: { '|all': [one, two] }", ("a", "one"), ("b", "two")));
        Assert.False(Hit("s: { '|all': [one, two] }", ("a", "one")));
        Assert.True(Hit("s: [404]", ("a", "x 404 y")));
        Assert.True(Hit("s: { '|re': 'n.e' }", ("a", "one nxe")));
    }

    [Fact]
    public void Case_25_a_list_may_mix_keywords_and_maps()
    {
        Assert.True(Hit("s:\n  - word\n  - { f: x }", ("g", "a word")));
        Assert.True(Hit("s:\n  - word\n  - { f: x }", ("f", "x")));
    }

    [Theory]
    [InlineData("not_admin: { f: x }\ncondition: not_admin", true), InlineData("notepad: { f: x }\ncondition: notepad", true), InlineData("sel-1: { f: x }\ncondition: 1 of sel-*", true)]
    [InlineData("s: { f: x }\ncondition: NOT s", false), InlineData("s: { f: x }\nt: { f: y }\ncondition: s AND NOT t", true), InlineData("sel1: { f: x }\nsel2: { f: y }\ncondition: 1 of sel?", true)]
    public void Case_26_words_are_split_before_operators_are_looked_for(string detection, bool hit) => Assert.Equal(hit, SigmaWorld.Matches(detection, ("f", "x")));

    [Fact]
    public void Case_26_other_quantities_are_refused() => Refused("SIG017", "sel1: { f: x }\nsel2: { f: x }\ncondition: 2 of sel*");

    [Fact]
    public void Case_27_a_pattern_that_fits_nothing_is_refused_and_an_underscore_hides()
    {
        Refused("SIG017", "s: { f: x }\ncondition: all of t*");
        Assert.False(SigmaWorld.Matches("s: { f: y }\n_x: { f: x }\ncondition: 1 of them", ("f", "x")));
        Assert.False(SigmaWorld.Matches("s: { f: y }\n_x: { f: x }\ncondition: 1 of *", ("f", "x")));
        Assert.True(SigmaWorld.Matches("_x: { f: x }\ncondition: 1 of _*", ("f", "x")));
        Assert.True(SigmaWorld.Matches("a_mid_z: { f: x }\ncondition: 1 of a*z", ("f", "x")));
        Assert.True(SigmaWorld.Matches("'1': { f: x }\nof: { f: x }\nthem: { f: x }\ncondition: 1 and of and them", ("f", "x")));
    }

    [Fact]
    public void Case_28_a_list_of_conditions_is_or_and_one_finding()
    {
        Assert.True(SigmaWorld.Matches("a: { f: x }\nb: { f: x }\ncondition: [a, b]", ("f", "x")));
        Assert.True(SigmaWorld.Matches("a: { f: x }\nb: { f: y }\nc: { f: x }\ncondition: a or b and not c", ("f", "x")));
    }

    [Fact]
    public void Case_29_what_the_condition_never_uses_and_the_timeframe_of_old_are_remarked()
    {
        Remarked("SIG067", "s: { f: x }\nt: { f: y }\ncondition: s");
        Remarked("SIG066", "s: { f: x }\ntimeframe: 5m\ncondition: s");
    }

    [Fact]
    public void Case_33_names_keep_their_case_and_any_of_several_values_is_enough()
    {
        Assert.False(Hit("s: { F: x }", ("f", "x")));
        Assert.True(Hit("s: { a.b: x }", ("a.b", "y"), ("a.b", "x")));
        Assert.False(Hit("s: { a.b|neq: x }", ("a.b", "y"), ("a.b", "x")));
    }

    [Theory]
    [InlineData(FilterPolarity.And, "k", true), InlineData(FilterPolarity.And, "not k", false), InlineData(FilterPolarity.AndNot, "k", false), InlineData(FilterPolarity.AndNot, "not k", true)]
    public void Case_43_a_filter_that_looks_written_for_the_other_polarity_is_remarked(FilterPolarity polarity, string condition, bool remarked)
    {
        var filter = $"title: f\nlogsource: {{ product: test }}\nfilter:\n  rules: [x]\n  k: {{ g: keep }}\n  condition: {condition}\n";
        var rule = SigmaWorld.Rule("x", "s: { f: x }\ncondition: s");
        RuleSet.Load([("rules/a.yml", Encoding.UTF8.GetBytes(rule)), ("rules/b.yml", Encoding.UTF8.GetBytes(filter))], new RuleLoadOptions { Polarity = polarity }, out var problems);
        Assert.Equal(remarked, problems.Any(p => p.Code == "SIG073"));
    }

    [Theory]
    [InlineData("x", null), InlineData("10000000-0000-4000-8000-000000000001", null), InlineData("The title", "title"), InlineData("many", "correlation"), InlineData("nobody", "no rule")]
    public void Case_44_a_filter_names_rules_by_id_or_name_only(string target, string? remark)
    {
        var files = new[]
        {
            SigmaWorld.Rule("x", "s: { f: x }\ncondition: s").Replace("title: x", "title: The title\nid: 10000000-0000-4000-8000-000000000001", StringComparison.Ordinal),
            "title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [x]\n  group-by: [g]\n  timespan: 5m\n  condition: { gte: 3 }\n",
            $"title: f\nlogsource: {{ product: test }}\nfilter:\n  rules: ['{target}']\n  s: {{ g: keep }}\n  condition: not s\n",
        };
        RuleSet.Load(files.Select((f, i) => ($"rules/{i}.yml", Encoding.UTF8.GetBytes(f))), new RuleLoadOptions(), out var problems);
        if (remark is null) Assert.Empty(problems);
        else Assert.Contains(remark, Assert.Single(problems, p => p.Code == "SIG068").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("f|contains|gt: 5"), InlineData("f|lt|gt: 5"), InlineData("f|hour|minute: 5"), InlineData("f|cidr|contains: 10.0.0.0/8"), InlineData("f|re|base64: a"), InlineData("f|exists|contains: true"), InlineData("f|fieldref|windash: g")]
    public void Modifiers_that_say_nothing_together_are_refused(string field) => Refused("SIG029", $"s: {{ {field} }}\ncondition: s");
}
