using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Palisade.Engine.Rules;
using Palisade.Engine.Rules.Explain;
using Palisade.Engine.Rules.Lint;
using Palisade.Engine.Rules.Policy;

namespace Palisade.Engine.Tests.Rules;

/// <summary>Explanations, reach, archives, codes: what people are told about rules.</summary>
public sealed class RuleWorkbenchTests
{
    private const string Lookup = "sigma:\n  fields: { CommandLine: process.command_line }\n  logsources:\n    - match: { product: linux }\n      when: { event.dataset: sshd.auth }\n";
    private const string Rule = """
        title: Explained
        id: explained
        logsource: { product: linux }
        detection:
          tools: { CommandLine|contains: [nmap, masscan] }
          users: [ { user.name: root, user.id: 0 }, { user.name: admin } ]
          quiet: { process.name: cron }
          condition: tools and 1 of user* and not quiet

        """;

    private static readonly (string, byte[])[] Lookups = [("lookups/sigma/all.yml", Encoding.UTF8.GetBytes(Lookup))];

    private static EventBatch Event(params (string Field, string Value)[] fields)
    {
        var batch = new EventBatch();
        batch.Begin(new RecordInfo(1, 1, 1, 0, RecordInfo.AutoParser), []);
        foreach (var (field, value) in fields) batch.Add(FieldNames.GetOrAdd(field), Encoding.UTF8.GetBytes(value));
        return batch;
    }

    private static RuleText Text(string yaml = Rule) => RuleTexts.Read("rule.yml", Encoding.UTF8.GetBytes(yaml))[0];

    private static RuleExplanation Explain(string yaml, params (string, string)[] fields) => new RuleExplainer(Lookups).Explain(Text(yaml), [], Event(fields), 0);

    [Fact]
    public void An_explanation_says_of_each_part_whether_it_holds()
    {
        var told = Explain(Rule, ("event.dataset", "sshd.auth"), ("process.command_line", "/usr/bin/NMAP -sS"), ("user.name", "root"), ("user.id", "1"));
        Assert.Equal((false, true, false), (told.Matched, told.OfLogSource, told.Logic));
        Assert.Equal([("tools", true), ("users", false), ("quiet", false)], told.Identifiers.Select(i => (i.Name, i.Holds)));
        var item = told.Identifiers[0].Alternatives[0].Items[0];
        Assert.Equal([("nmap", true), ("masscan", false)], item.Values.Select(v => (v.Text, v.Holds)));
        Assert.Equal([new FoundValue("process.command_line", "/usr/bin/NMAP -sS")], item.Found);
        Assert.Equal([true, false], told.Identifiers[1].Alternatives[0].Items.Select(i => i.Holds));
        var and = Assert.Single(told.Conditions);
        Assert.Equal([("tools", true), ("1 of user*", false), ("not", true)], and.Parts.Select(p => (p.Text, p.Holds)));
        Assert.True(Explain(Rule, ("event.dataset", "sshd.auth"), ("process.command_line", "nmap"), ("user.name", "admin")).Matched);
    }

    [Fact]
    public void An_event_of_another_log_source_and_a_source_nobody_gives_are_told_apart()
    {
        var other = Explain(Rule, ("event.dataset", "nginx.access"), ("process.command_line", "nmap"), ("user.name", "admin"));
        Assert.Equal((false, false, true), (other.Matched, other.OfLogSource, other.Logic));
        Assert.Null(Explain(Rule.Replace("product: linux", "product: vms"), ("user.name", "admin")).OfLogSource);
    }

    [Fact]
    public void Values_are_asked_as_they_are_written()
    {
        var yaml = "title: V\nid: v\nlogsource: { product: linux }\ndetection:\n  a: { n: [7, \"0x7\", null, 'say \"hi\"\\n'] }\n  k: [ evil, 'wild*card' ]\n  condition: a or k\n";
        var told = Explain(yaml, ("n", "7"), ("text", "a wild green card"));
        Assert.Equal([true, false, false, false], told.Identifiers[0].Alternatives[0].Items[0].Values.Select(v => v.Holds));
        Assert.Equal([false, true], told.Identifiers[1].Alternatives[0].Items[0].Values.Select(v => v.Holds));
    }

    [Fact]
    public void A_correlation_is_explained_by_its_rules_and_what_it_groups_by()
    {
        var yaml = Rule + "---\ntitle: Many\nid: many\ncorrelation: { type: event_count, rules: [explained, gone], group-by: [source.ip, user.name], timespan: 5m, condition: { gte: 3 } }\n";
        var texts = RuleTexts.Read("rule.yml", Encoding.UTF8.GetBytes(yaml));
        var told = new RuleExplainer(Lookups).Explain(texts[1], texts, Event(("user.name", "root")), 0);
        Assert.Equal(["explained"], told.Correlation!.Rules.Select(r => r.Id));
        Assert.Equal(["gone"], told.Correlation.Missing);
        Assert.Equal(["user.name"], told.Correlation.Group.Select(g => g.Field));
        Assert.Equal(["source.ip"], told.Correlation.GroupMissing);
    }

    [Fact]
    public void Reach_says_what_cannot_fire_and_why()
    {
        static (string, byte[]) File(string id, string source, string detection) =>
            (id + ".yml", Encoding.UTF8.GetBytes($"title: {id}\nid: {id}\nlogsource: {{ {source} }}\ndetection: {{ {detection} }}\n"));
        var analysis = new ReachAnalysis(Lookups,
        [
            File("fires", "product: linux", "a: { CommandLine|contains: x }, condition: a"), File("negated", "product: linux", "a: { user.name: x }, b: { no.field: y }, condition: a and not b"),
            File("lacks", "product: linux", "a: { user.name: x, no.field: y }, condition: a"), File("either", "product: linux", "a: [ { no.field: y }, { user.name: x } ], condition: a"),
            File("nosource", "product: vms", "a: { user.name: x }, condition: a"), File("broken", "product: linux", "a: { user.name: x }, condition: b"),
            ("many.yml", "title: many\nid: many\ncorrelation: { type: temporal, rules: [fires, lacks], timespan: 5m }\n"u8.ToArray()),
        ]);
        Assert.Equal(ReachVerdict.NoEvents, analysis.Judge().Single(r => r.Rule.Id == "fires").Verdict);
        analysis.Observe(Event(("event.dataset", "sshd.auth"), ("process.command_line", "a"), ("user.name", "b")));
        var judged = analysis.Judge().ToDictionary(r => r.Rule.Id);
        Assert.Equal([ReachVerdict.CanFire, ReachVerdict.CanFire, ReachVerdict.NoFields, ReachVerdict.CanFire, ReachVerdict.NoSource, ReachVerdict.Refused, ReachVerdict.NoRules],
            new[] { "fires", "negated", "lacks", "either", "nosource", "broken", "many" }.Select(id => judged[id].Verdict));
        Assert.Equal(["no.field"], judged["lacks"].Missing);
        Assert.Equal(["lacks"], judged["many"].Missing);
    }

    [Fact]
    public void Archives_give_their_rules_and_bombs_end_at_the_limit()
    {
        static MemoryStream Zip(params (string Name, byte[] Bytes)[] files)
        {
            var stream = new MemoryStream();
            using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
                foreach (var (name, bytes) in files)
                {
                    using var entry = zip.CreateEntry(name).Open();
                    entry.Write(bytes);
                }
            stream.Position = 0;
            return stream;
        }

        var rule = Encoding.UTF8.GetBytes(Rule);
        Assert.Equal(["../../rules/a.yml"], RuleArchive.Read(Zip(("../../rules/a.yml", rule), ("b.txt", rule)), "x.zip", new ArchiveLimits()).Files.Select(f => f.path));
        var bomb = RuleArchive.Read(Zip(("big.yml", new byte[5 << 20]), ("small.yml", rule)), "x.zip", new ArchiveLimits { FileBytes = 1 << 20 });
        Assert.Equal((1, "big.yml"), (bomb.Files.Count, Assert.Single(bomb.TooLarge)));
        Assert.NotNull(RuleArchive.Read(Zip(("a.yml", new byte[3 << 20]), ("b.yml", new byte[3 << 20])), "x.zip", new ArchiveLimits { FileBytes = 8 << 20, TotalBytes = 4 << 20 }).Problem);
        Assert.NotNull(RuleArchive.Read(Zip(("a.yml", rule), ("b.yml", rule)), "x.zip", new ArchiveLimits { Files = 1 }).Problem);
        Assert.NotNull(RuleArchive.Read(new MemoryStream("PK\u0003\u0004 no zip"u8.ToArray()), "x.zip", new ArchiveLimits()).Problem);

        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "rules/a.yml") { DataStream = new MemoryStream(rule) });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "huge.bin") { DataStream = new MemoryStream(new byte[6 << 20]) });
        }
        packed.Position = 0;
        Assert.Equal(["rules/a.yml"], RuleArchive.Read(packed, "x.tar.gz", new ArchiveLimits()).Files.Select(f => f.path));
        packed.Position = 0;
        Assert.Contains("MiB", RuleArchive.Read(packed, "x.tar.gz", new ArchiveLimits { TotalBytes = 2 << 20 }).Problem);
    }

    [Fact]
    public void Slips_beside_the_logic_are_remarked_and_keys_of_ones_own_are_not()
    {
        const string Logic = "logsource: { product: test }\ndetection: { s: { a: b }, condition: s }\n";
        Assert.Equal(["SIG087", "SIG088", "SIG088", "SIG089"], Remarks("levle: high\ndate: May 2026\nmodified: 2026-02-30\ntags: [attack.t1059, execution]\nowner: me\n"));
        Assert.Empty(Remarks("level: high\ndate: 2026-05-31\nmodified: 2023/12/01\ntags: [attack.t1059, cve.2021-44228]\nticket: PAY-1\n"));

        IEnumerable<string> Remarks(string head)
        {
            RuleSet.Load([("r.yml", Encoding.UTF8.GetBytes("title: t\nid: 5c9a2f7e-7d53-4d0b-9a4e-0d6d3b8f3a10\n" + head + Logic))], new RuleLoadOptions { AnyLogSource = true }, out var problems);
            return problems.Where(p => !p.IsError && p.Code != "SIG069").Select(p => p.Code);
        }
    }

    [Fact]
    public void Every_code_that_loading_can_say_is_explained_and_the_reference_is_of_the_same_table()
    {
        var root = Path.GetDirectoryName(ShippedRules.Content)!;
        var said = Directory.EnumerateFiles(Path.Combine(root, "src", "Palisade.Engine"), "*.cs", SearchOption.AllDirectories).Where(f => !f.EndsWith("LintCodes.cs", StringComparison.Ordinal))
            .SelectMany(f => Regex.Matches(File.ReadAllText(f), "\"(SIG\\d{3})\"", RegexOptions.NonBacktracking).Select(m => m.Groups[1].Value)).Distinct().Order().ToList();
        Assert.NotEmpty(said);
        Assert.Empty(said.Except(LintCodes.All.Select(c => c.Code)));
        Assert.Equal(LintCodes.All.Select(c => c.Code).Order(StringComparer.Ordinal), LintCodes.All.Select(c => c.Code));
        Assert.Equal(LintCodes.Markdown(), File.ReadAllText(Path.Combine(root, "docs", "reference", "lint.md")));
    }

    [Fact]
    public void Own_correlations_keep_what_they_counted_when_another_rule_changes()
    {
        const string own = "title: Base\nid: base\nlogsource: { category: any }\ndetection: { a: { message: bad }, condition: a }\n---\ntitle: Three\nid: three\nlevel: high\ncorrelation: { type: event_count, rules: [base], group-by: [source.ip], timespan: 1h, condition: { gte: 3 } }\n";
        var stage = new PolicyStage();
        static OwnRules Compile(string more) => OwnRules.Compile([], [("own/a.yml", Encoding.UTF8.GetBytes(own + more))], new RuleLoadOptions { Tenant = 1 }, out _);
        void Put(string more) => stage.Policies = TenantPolicies.Empty.With(7, new TenantPolicy(new Dictionary<string, RuleSetting>(), [], Compile(more)));
        int Judge(uint tenant, ulong sequence)
        {
            var batch = new EventBatch();
            batch.Begin(new RecordInfo(sequence, (long)sequence, tenant, 0, RecordInfo.AutoParser), []);
            batch.Add(FieldNames.GetOrAdd("message"), "bad"u8);
            batch.Add(FieldNames.GetOrAdd("source.ip"), "192.0.2.1"u8);
            var findings = new FindingList();
            stage.AfterDetect(batch, findings, RuleSet.Empty);
            stage.AfterCorrelate(batch, findings);
            return findings.Count;
        }

        Put("");
        Assert.Equal((0, 0, 0), (Judge(7, 1), Judge(7, 2), Judge(8, 3)));
        Put("---\ntitle: Other\nid: other\nlogsource: { category: any }\ndetection: { a: { message: good }, condition: a }\n");
        using var saved = new MemoryStream();
        stage.Save(saved);
        Assert.Equal(1, Judge(7, 4));
        stage = new PolicyStage();
        Put("");
        saved.Position = 0;
        Assert.True(stage.TryLoad(saved));
        Assert.Equal(1, Judge(7, 5));
    }
}
