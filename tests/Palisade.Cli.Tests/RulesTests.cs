using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Palisade.Cli.Tests;

/// <summary>The rule commands that need no server, as a process.</summary>
public sealed class RulesTests : IDisposable
{
    private const string Rule = """
        title: Who am I
        id: 5f7c2c1e-1111-4c1c-9c57-0123456789ab
        status: test
        level: high
        logsource: { product: any }
        detection:
          who: { CommandLine|contains: whoami }
          word: [needle]
          condition: who or word

        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Lint_says_code_file_and_line_and_fails_on_errors_alone()
    {
        var wrong = folder.Write("wrong.yml", Rule.Replace("|contains", "|holds", StringComparison.Ordinal));
        var run = await PalisadeProgram.RunAsync("rules", "lint", wrong);
        Assert.Equal(3, run.Code);
        Assert.Contains($"{wrong}:7: error SIG020: the modifier 'holds' is unknown", run.Out + run.Err, StringComparison.Ordinal);

        run = await PalisadeProgram.RunAsync("rules", "lint", folder.Write("right.yml", Rule));
        Assert.Equal(0, run.Code);
        Assert.Contains("0 errors", run.Out + run.Err, StringComparison.Ordinal);

        run = await PalisadeProgram.RunAsync("rules", "lint", "--explain", "SIG020");
        Assert.Equal(0, run.Code);
        Assert.Contains("The modifier is unknown", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Match_reads_events_with_a_mark_before_them_says_what_is_none_and_agrees_with_the_oracle()
    {
        var many = "{" + string.Join(',', Enumerable.Range(0, 1_200).Select(i => $"\"f{i}\":1")) + ",\"CommandLine\":\"whoami\"}";
        var events = folder.Write("events.ndjson", "\uFEFF{\"CommandLine\":\"cmd /c WHOAMI\"}\n{\"CommandLine\":\"dir\"}\nno event\n" + many + "\n{\"any\":\"a needle\"}\n");
        var run = await PalisadeProgram.RunAsync("rules", "match", "--rules", folder.Write("rule.yml", Rule), "--events", events, "--any-logsource", "--oracle");
        Assert.Equal(3, run.Code);
        Assert.Equal(["0", "3", "4"], run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => System.Text.Json.JsonDocument.Parse(l).RootElement.GetProperty("event").ToString()));
        Assert.Contains("events.ndjson:3: an event is a JSON object; this is none", run.Err, StringComparison.Ordinal);
        Assert.Contains("events.ndjson:4: more than 1000 fields", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_says_part_by_part_why_not()
    {
        var rule = folder.Write("rule.yml", Rule);
        var run = await PalisadeProgram.RunAsync("rules", "explain", rule, "{\"CommandLine\": \"dir\"}");
        Assert.Equal(0, run.Code);
        Assert.Contains("does not match", run.Out, StringComparison.Ordinal);
        Assert.Contains("CommandLine", run.Out, StringComparison.Ordinal);

        run = await PalisadeProgram.RunAsync("rules", "explain", rule, "{\"CommandLine\": \"dir\"}\n{\"CommandLine\": \"whoami\"}\n");
        Assert.Equal(3, run.Code);
        Assert.Contains("these are several events", run.Err, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "explain", rule, "");
        Assert.Equal(3, run.Code);
        Assert.Contains("the event is empty", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_takes_what_match_takes()
    {
        var rule = folder.Write("foreign.yml", "title: Foreign\nid: 3d1f4b1e-5a0a-4a53-9b4a-0c6f3f8b7a11\nlogsource: { product: our-gateway }\ndetection: { a: { cs-user|expand: '%admins%' }, condition: a }\n");
        var pipeline = folder.Write("pipeline.yml", "name: ours\ntransformations: [ { type: field_name_mapping, mapping: { cs-user: user.name } } ]\n");
        var admins = folder.Write("admins.yml", "admins: [root, wheel]\n");
        const string Event = "{\"user.name\": \"wheel\"}";
        var run = await PalisadeProgram.RunAsync("rules", "explain", rule, Event, "--any-logsource", "--placeholders", admins, "--pipeline", pipeline);
        Assert.Contains(": matches", run.Out, StringComparison.Ordinal);
        Assert.Contains("event: user.name = wheel", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "explain", rule, Event, "--placeholders", admins, "--pipeline", pipeline);
        Assert.Contains("no known source gives it", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "explain", rule, Event, "--any-logsource");
        Assert.Contains("SIG025", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "explain", rule, Event, "--pipeline", folder.Write("broken.yml", "transformations: [ { type: nothing } ]\n"));
        Assert.Equal(3, run.Code);
        Assert.Contains("SIG081", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Import_takes_pipelines_and_placeholders_and_lint_says_how_much_more_is_wrong()
    {
        var rules = folder.Write("imported.yml", "title: Foreign\nid: 3d1f4b1e-5a0a-4a53-9b4a-0c6f3f8b7a11\nlogsource: { product: our-gateway }\ndetection: { a: { cs-user|expand: '%admins%' }, condition: a }\n");
        var pipeline = folder.Write("to-linux.yml", "transformations: [ { type: field_name_mapping, mapping: { cs-user: user.name } }, { type: change_logsource, product: linux, service: sshd } ]\n");
        var admins = folder.Write("accounts.yml", "admins: [root, wheel]\n");
        var run = await PalisadeProgram.RunAsync("rules", "import", rules, "--format", "json");
        Assert.Contains("\"verdict\":\"refused\"", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "import", rules, "--format", "json", "--placeholders", admins);
        Assert.Contains("\"verdict\":\"no_source\"", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "import", rules, "--format", "json", "--placeholders", admins, "--pipeline", pipeline);
        Assert.Contains("\"verdict\":\"can_fire\"", run.Out, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("rules", "import", rules, "--pipeline", folder.Write("unknown.yml", "transformations: [ { type: nothing } ]\n"));
        Assert.Equal(3, run.Code);
        Assert.Contains("SIG081", run.Err, StringComparison.Ordinal);

        run = await PalisadeProgram.RunAsync("rules", "lint", folder.Write("many.yml", string.Concat(Enumerable.Range(0, 300).Select(i => Rule.Replace("|contains", $"|holds{i}", StringComparison.Ordinal) + "---\n"))));
        Assert.Contains("error SIG090: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("more problems of this file are not shown", run.Out, StringComparison.Ordinal);
        Assert.True(run.Out.Split('\n').Length < 220);
    }

    [Fact]
    public async Task Import_counts_what_an_archive_holds_and_a_folder_of_logs_is_said_to_be_one()
    {
        var archive = folder["rules.tar.gz"];
        await using (var tar = new TarWriter(new GZipStream(File.Create(archive), CompressionLevel.Fastest)))
        {
            foreach (var (name, text) in new[] { ("rules/a.yml", Rule), ("rules/b.yml", Rule.Replace("|contains", "|holds", StringComparison.Ordinal)) })
                await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) }, TestContext.Current.CancellationToken);
        }
        var run = await PalisadeProgram.RunAsync("rules", "import", archive);
        Assert.Contains("SIG020", run.Out + run.Err, StringComparison.Ordinal);

        run = await PalisadeProgram.RunAsync("rules", "import", archive, "--data", folder[""]);
        Assert.Equal(3, run.Code);
        Assert.Contains("is a folder; name the files in it", run.Err, StringComparison.Ordinal);
    }
}
