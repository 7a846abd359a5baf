using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Tests.Rules;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The places about log sources where engines disagree, by the numbers of docs/reference/sigma.md: whole records, by the shipped sources and look-ups.</summary>
public sealed class SigmaSourceDecisionsTests
{
    private const string Sysmon = "Microsoft-Windows-Sysmon/Operational";

    private static EngineSnapshot Load(string logSource, string detection, out IReadOnlyList<Diagnostic> problems)
    {
        string[] parts = ["sources/windows-event/source.yml", "sources/windows-flat/source.yml", "lookups/sigma/logsources.yml", "lookups/sigma/fields.yml"];
        var rule = $"title: case\nlogsource: {logSource}\ndetection:\n  s: {detection}\n  condition: s\n";
        return EngineContent.Load([.. parts.Select(p => (p, File.ReadAllBytes(Path.Combine(ShippedRules.Content, p)))), ("rules/case.yml", Encoding.UTF8.GetBytes(rule))], out problems);
    }

    private static bool Hit(string logSource, string detection, string channel, int id, string more)
    {
        var snapshot = Load(logSource, detection, out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 1_795_600_000_000, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes($$"""{"@timestamp":"2026-11-24T10:00:01.123Z","Hostname":"ws1","SourceName":"x","Channel":"{{channel}}","EventID":{{id}},{{more}}}"""));
        pipeline.Detect();
        return pipeline.Findings.Count == 1;
    }

    [Theory]
    [InlineData("{ product: windows }", true)]
    [InlineData("{ category: process_creation }", true)]
    [InlineData("{ product: windows, category: process_creation }", true)]
    [InlineData("{ product: linux }", false)]
    [InlineData("{ product: linux, category: process_creation }", false)]
    [InlineData("{ product: windows, category: image_load }", false)]
    public void Case_30_what_a_log_source_does_not_say_may_be_anything(string logSource, bool hit) =>
        Assert.Equal(hit, Hit(logSource, "{ CommandLine|contains: whoami }", Sysmon, 1, "\"Image\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"CommandLine\":\"cmd.exe /c whoami\""));

    [Fact]
    public void Case_30_a_dimension_that_nobody_knows_is_said_and_matches_nothing()
    {
        var snapshot = Load("{ product: windows, category: process_creation, service: no_such_service }", "{ CommandLine|contains: whoami }", out var problems);
        Assert.Contains(problems, p => p.Code == "SIG069");
        Assert.Single(snapshot.Rules.Unrouted);
        Assert.Equal(0, snapshot.Rules.RuleCount);
    }

    [Theory]
    [InlineData("registry_event", 12, true), InlineData("registry_event", 13, true), InlineData("registry_event", 14, true), InlineData("registry_event", 11, false)]
    [InlineData("registry_set", 13, true), InlineData("registry_set", 12, false), InlineData("registry_rename", 14, true), InlineData("registry_rename", 13, false)]
    public void Case_31_categories_are_sets_of_channel_and_number(string category, int id, bool hit) =>
        Assert.Equal(hit, Hit($"{{ product: windows, category: {category} }}", "{ TargetObject|endswith: 'Run' }", Sysmon, id, "\"EventType\":\"CreateKey\",\"TargetObject\":\"HKLM\\\\Software\\\\Run\",\"Image\":\"C:\\\\a.exe\""));

    [Fact]
    public void Case_31_a_program_start_is_one_whichever_channel_tells_it()
    {
        const string rule = "{ CommandLine|contains: whoami, Image|endswith: 'cmd.exe' }";
        Assert.True(Hit("{ product: windows, category: process_creation }", rule, "Security", 4688, "\"NewProcessName\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"CommandLine\":\"cmd.exe /c whoami\",\"NewProcessId\":\"0x32c\""));
        Assert.False(Hit("{ product: windows, category: process_creation }", rule, "Security", 4689, "\"NewProcessName\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"CommandLine\":\"cmd.exe /c whoami\""));
    }

    [Theory]
    [InlineData("{ Hashes|contains: 'IMPHASH=00000000000000000000000000000002' }"), InlineData("{ Hashes|contains|all: ['MD5=00000000000000000000000000000001', 'SHA1='] }"), InlineData("{ process.hash.md5: '00000000000000000000000000000001' }")]
    public void Case_32_hashes_as_sent_are_kept_beside_the_single_ones(string detection) =>
        Assert.True(Hit("{ product: windows, category: process_creation }", detection, Sysmon, 1, "\"Image\":\"C:\\\\a.exe\",\"Hashes\":\"SHA1=0000000000000000000000000000000000000001,MD5=00000000000000000000000000000001,SHA256=0000000000000000000000000000000000000000000000000000000000000001,IMPHASH=00000000000000000000000000000002\""));
}
