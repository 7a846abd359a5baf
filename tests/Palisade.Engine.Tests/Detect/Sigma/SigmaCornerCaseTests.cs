using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>What the specification says in passing or leaves open; each row is one decision (docs/reference/sigma.md).</summary>
public sealed class SigmaCornerCaseTests
{
    private static bool Hit(string detection, string? value) => SigmaWorld.Matches(detection + "\ncondition: s", ("f", value));

    [Theory]
    // Case is folded, also outside ASCII; cased keeps it
    [InlineData("s: { f: Nginx }", "NGINX", true)]
    [InlineData("s: { f: 'ÄPFEL' }", "äpfel", true)]
    [InlineData("s: { f|cased: Nginx }", "NGINX", false)]
    [InlineData("s: { f|cased: Nginx }", "Nginx", true)]
    // Wildcards and their escapes
    [InlineData("s: { f: 'a*z' }", "a-to-z", true)]
    [InlineData("s: { f: 'a*z' }", "a-to-z!", false)]
    [InlineData("s: { f: 'a?c' }", "abc", true)]
    [InlineData("s: { f: 'a?c' }", "aéc", true)]
    [InlineData("s: { f: 'a?c' }", "ac", false)]
    [InlineData("s: { f: 'a\\*z' }", "a*z", true)]
    [InlineData("s: { f: 'a\\*z' }", "abz", false)]
    [InlineData("s: { f: 'a\\?' }", "a?", true)]
    [InlineData("s: { f: 'a\\?' }", "ab", false)]
    [InlineData("s: { f: 'C:\\tools' }", "c:\\tools", true)]
    [InlineData("s: { f: 'C:\\\\tools' }", "c:\\tools", true)]
    [InlineData("s: { f: 'dir\\\\*' }", "dir\\file", true)]
    [InlineData("s: { f: 'dir\\\\*' }", "dir*", false)]
    [InlineData("s: { f|contains: '\\' }", "a\\b", true)]
    [InlineData("s: { f|endswith: 'x\\' }", "ax\\", true)]
    // Places
    [InlineData("s: { f|startswith: ab }", "abc", true)]
    [InlineData("s: { f|startswith: ab }", "xab", false)]
    [InlineData("s: { f|endswith: 'b?' }", "xabc", true)]
    [InlineData("s: { f|contains: [x, b] }", "abc", true)]
    [InlineData("s: { f|contains|all: [x, b] }", "abc", false)]
    [InlineData("s: { f|contains|all: [c, b] }", "abc", true)]
    [InlineData("s: { f|neq: abc }", "abc", false)]
    [InlineData("s: { f|neq: abc }", "abd", true)]
    // Nothing, empty and there
    [InlineData("s: { f: null }", null, true)]
    [InlineData("s: { f: null }", "x", false)]
    [InlineData("s: { f: '' }", "", true)]
    [InlineData("s: { f: '' }", "x", false)]
    [InlineData("s: { f: '*' }", "x", true)]
    [InlineData("s: { f|exists: true }", "x", true)]
    [InlineData("s: { f|exists: false }", "x", false)]
    // Networks
    [InlineData("s: { f|cidr: 192.0.2.0/24 }", "192.0.2.255", true)]
    [InlineData("s: { f|cidr: 192.0.2.0/24 }", "192.0.3.0", false)]
    [InlineData("s: { f|cidr: 192.0.2.77/24 }", "192.0.2.1", true)]
    [InlineData("s: { f|cidr: '2001:db8::/32' }", "2001:DB8:1::9", true)]
    [InlineData("s: { f|cidr: '2001:db8::/32' }", "2001:db9::1", false)]
    [InlineData("s: { f|cidr: 192.0.2.0/24 }", "no address", false)]
    // Regular expressions: anywhere, case kept unless i
    [InlineData("s: { f|re: 'b+c' }", "abbbcd", true)]
    [InlineData("s: { f|re: '^b+c$' }", "abbbcd", false)]
    [InlineData("s: { f|re: 'ABC' }", "abc", false)]
    [InlineData("s: { f|re|i: 'ABC' }", "abc", true)]
    [InlineData("s: { f|re: 'a.c' }", "a\nc", false)]
    [InlineData("s: { f|re|s: 'a.c' }", "a\nc", true)]
    // Dashes
    [InlineData("s: { f|windash|contains: ' -n ' }", "run /n now", true)]
    [InlineData("s: { f|windash|contains: ' -n ' }", "run –n now", true)]
    [InlineData("s: { f|windash|contains: ' -n ' }", "run n now", false)]
    // Encodings: the same words at each of the three offsets
    [InlineData("s: { f|base64offset|contains: palisade }", "cGFsaXNhZGU=", true)]
    [InlineData("s: { f|base64offset|contains: palisade }", "eHBhbGlzYWRl", true)]
    [InlineData("s: { f|base64offset|contains: palisade }", "eHlwYWxpc2FkZQ==", true)]
    [InlineData("s: { f|base64offset|contains: palisade }", "aGVsbG8gd29ybGQ=", false)]
    [InlineData("s: { f|base64: go }", "Z28=", true)]
    [InlineData("s: { f|wide|base64: go }", "ZwBvAA==", true)]
    // Numbers: text that is one counts, text that is none never does
    [InlineData("s: { f|gte: 400 }", "400", true)]
    [InlineData("s: { f|gt: 400 }", "400", false)]
    [InlineData("s: { f|lt: 1.5 }", "1.25", true)]
    [InlineData("s: { f|lt: 0 }", "-3", true)]
    [InlineData("s: { f|lte: 10 }", "9x", false)]
    [InlineData("s: { f|gt: 9 }", "10", true)]
    [InlineData("s: { f: 404 }", "404", true)]
    [InlineData("s: { f: 404 }", "4040", false)]
    public void A_value_matches_as_decided(string detection, string? value, bool hit) => Assert.Equal(hit, Hit(detection, value));

    [Theory]
    [InlineData("condition: all of sel_*", true, true, true)]
    [InlineData("condition: all of sel_*", true, false, false)]
    [InlineData("condition: 1 of sel_*", false, true, true)]
    [InlineData("condition: any of them", true, false, true)]
    [InlineData("condition: 1 of them", false, false, false)]
    [InlineData("condition: not 1 of sel_*", false, false, true)]
    [InlineData("condition: sel_a or sel_b and not sel_a", true, false, true)]
    [InlineData("condition: (sel_a or sel_b) and not sel_a", true, false, false)]
    [InlineData("condition: [sel_a and sel_b, sel_b]", false, true, true)]
    public void A_condition_reads_as_decided(string condition, bool a, bool b, bool hit) =>
        Assert.Equal(hit, SigmaWorld.Matches($"sel_a: {{ a: yes }}\nsel_b: {{ b: yes }}\n{condition}", ("a", a ? "yes" : "-"), ("b", b ? "yes" : "-")));

    [Fact]
    public void A_missing_field_is_null_and_does_not_exist()
    {
        Assert.True(SigmaWorld.Matches("s: { f: null }\ncondition: s", ("g", "x")));
        Assert.True(SigmaWorld.Matches("s: { f|exists: false }\ncondition: s", ("g", "x")));
        Assert.False(SigmaWorld.Matches("s: { f: '*' }\ncondition: s", ("g", "x")));
    }

    [Fact]
    public void A_list_of_mappings_is_or_and_a_mapping_is_and()
    {
        const string detection = "s:\n  - { a: 1, b: 2 }\n  - { a: 3 }\ncondition: s";
        Assert.True(SigmaWorld.Matches(detection, ("a", "1"), ("b", "2")));
        Assert.True(SigmaWorld.Matches(detection, ("a", "3")));
        Assert.False(SigmaWorld.Matches(detection, ("a", "1"), ("b", "3")));
    }

    [Fact]
    public void One_of_several_values_of_a_field_is_enough() => Assert.True(SigmaWorld.Matches("s: { f: two }\ncondition: s", ("f", "one"), ("f", "two")));

    [Fact]
    public void A_keyword_is_looked_for_in_every_value() => Assert.True(SigmaWorld.Matches("k: [needle]\ncondition: k", ("a", "hay"), ("b", "a NEEDLE in it")));

    [Fact]
    public void Neq_is_true_of_a_missing_field() => Assert.True(SigmaWorld.Matches("s: { f|neq: x }\ncondition: s", ("g", "x")));

    [Fact]
    public void Fieldref_compares_two_fields_of_the_event()
    {
        Assert.True(SigmaWorld.Matches("s: { f|fieldref: g }\ncondition: s", ("f", "Same"), ("g", "same")));
        Assert.False(SigmaWorld.Matches("s: { f|fieldref: g }\ncondition: s", ("f", "one"), ("g", "other")));
        Assert.True(SigmaWorld.Matches("s: { f|fieldref|startswith: g }\ncondition: s", ("f", "one-and-more"), ("g", "one")));
    }

    [Theory]
    [InlineData("hour: 3", true), InlineData("hour: 4", false), InlineData("week: 48", true), InlineData("month: 11", true), InlineData("year: 2026", true), InlineData("minute: 59", true), InlineData("day: 24", true)]
    public void A_part_of_a_time_is_read_in_its_own_offset(string part, bool hit) => Assert.Equal(hit, Hit($"s: {{ f|{part} }}", "2026-11-24T03:59:00+08:00"));

    [Theory]
    [InlineData("SIG011", "s: { f: x }")]
    [InlineData("SIG017", "s: { f: x }\ncondition: s and")]
    [InlineData("SIG017", "s: { f: x }\ncondition: other")]
    [InlineData("SIG017", "s: { f: x }\ncondition: 2 of s*")]
    [InlineData("SIG017", "s: { f: x }\ncondition: 1 of t*")]
    [InlineData("SIG017", "s: { f: x }\ncondition: s | count() > 3")]
    [InlineData("SIG020", "s: { f|sounds: x }\ncondition: s")]
    [InlineData("SIG020", "s: { f|i: x }\ncondition: s")]
    [InlineData("SIG022", "s: { f|gt: x }\ncondition: s")]
    [InlineData("SIG023", "s: { f|exists: perhaps }\ncondition: s")]
    [InlineData("SIG024", "s: { f|cidr: 192.0.2.0/99 }\ncondition: s")]
    [InlineData("SIG025", "s: { f|expand: '%admins%' }\ncondition: s")]
    [InlineData("SIG026", "s: { f|base64: 'a*' }\ncondition: s")]
    [InlineData("SIG028", "s: { f|re: '(?=x)' }\ncondition: s")]
    [InlineData("SIG028", "s: { f|re: '(' }\ncondition: s")]
    public void A_broken_rule_is_refused_with_its_code_and_stops_no_other(string code, string detection)
    {
        var files = new[] { ("rules/bad.yml", SigmaWorld.Rule("bad", detection)), ("rules/good.yml", SigmaWorld.Rule("good", "s: { f: x }\ncondition: s")) };
        var set = RuleSet.Load(files.Select(f => (f.Item1, Encoding.UTF8.GetBytes(f.Item2))), new RuleLoadOptions(), out var problems);
        Assert.Equal(1, set.RuleCount);
        var error = Assert.Single(problems, p => p.IsError);
        Assert.Equal((code, "rules/bad.yml"), (error.Code, error.File));
        Assert.True(error.Line > 0);
    }

    [Fact]
    public void A_placeholder_stands_for_each_of_its_values()
    {
        var options = new RuleLoadOptions { Placeholders = new Dictionary<string, IReadOnlyList<string>> { ["admins"] = ["anna", "ben"] } };
        var rule = SigmaWorld.Rule("who", "s: { f|expand: 'user-%admins%' }\ncondition: s");
        var set = RuleSet.Load([("rules/who.yml", Encoding.UTF8.GetBytes(rule))], options, out _);
        var batch = new EventBatch();
        var findings = new FindingList();
        foreach (var user in new[] { "user-anna", "user-ben", "user-carl" }) SigmaWorld.Add(batch, 1, 0, ("f", user));
        new SigmaDetector(set).Detect(batch, findings);
        Assert.Equal(2, findings.Count);
    }

    [Theory]
    [InlineData(FilterPolarity.And, 1), InlineData(FilterPolarity.AndNot, 0)]
    public void A_filter_says_what_to_keep_unless_asked_otherwise(FilterPolarity polarity, int hits)
    {
        const string filter = "title: keep\nlogsource: { product: test }\nfilter:\n  rules: [who]\n  k: { g: keep }\n  condition: k\n";
        var rule = SigmaWorld.Rule("who", "s: { f: x }\ncondition: s");
        var set = RuleSet.Load([("rules/a.yml", Encoding.UTF8.GetBytes(rule)), ("rules/b.yml", Encoding.UTF8.GetBytes(filter))], new RuleLoadOptions { Polarity = polarity }, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        var batch = new EventBatch();
        var findings = new FindingList();
        SigmaWorld.Add(batch, 1, 0, ("f", "x"), ("g", "keep"));
        new SigmaDetector(set).Detect(batch, findings);
        Assert.Equal(hits, findings.Count);
    }
}
