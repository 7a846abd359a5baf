namespace Palisade.Cli.Tests;

/// <summary>Zones and explanations of parse, and the beginning of a new source, as a process.</summary>
public sealed class ExplainTests : IDisposable
{
    private const string Gate = """
        2026-11-24 10:00:00 [WARN] gateway said no to order A1009
        2026-11-24 10:00:01 [INFO] gateway said yes to order A1010
        it's a line of its own kind

        """;

    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Each_line_is_told_with_source_pattern_and_the_bytes_of_every_field()
    {
        var run = await PalisadeProgram.RunAsync("parse", "--explain", folder.Write("access.log", SampleLog.Text));
        Assert.Equal(0, run.Code);
        Assert.Matches(@"^1: 198\.51\.100\.7 - - \[10/Nov/2026", run.Out);
        Assert.Matches(@"\n  read by \S+ \(detected\), pattern \S+", run.Out);
        Assert.Matches(@"\n    @timestamp +2026-11-10T13:55:36\.000Z  \(byte 18: '10/Nov/2026:13:55:36 \+0000'\)", run.Out);
        Assert.Matches(@"\n    source\.ip +198\.51\.100\.7  \(byte 0\)", run.Out);
        Assert.Matches(@"\n    event\.category +web  \(set by the source\)", run.Out);
        Assert.Contains("6 records: 6 read.", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_nobody_reads_is_told_with_the_pattern_that_got_furthest()
    {
        var text = "192.0.2.1 - - [10/Nov/2026:13:55:36 +0000] \"GET / HTTP/1.1\" twohundred 5 \u001b[31m";
        var run = await PalisadeProgram.RunAsync("parse", "--explain", "--source", "nginx", folder.Write("odd.log", text + "\n"));
        Assert.Equal(0, run.Code);
        Assert.Contains("  not read: the line does not have the form of its source", run.Out, StringComparison.Ordinal);
        Assert.Matches(@"  nearest: nginx\S*, pattern \S+: read \d+ bytes, then expected .+ and found 'twohundred 5 ", run.Out);
        Assert.DoesNotContain('\u001b', run.Out);
    }

    [Fact]
    public async Task A_zone_moves_the_stamps_that_have_none()
    {
        var log = folder.Write("gate.log", Gate);
        Assert.Equal(0, (await PalisadeProgram.RunAsync("new", "source", "gate", "--from", log, "--dir", folder["own"])).Code);
        string[] read = ["parse", "--source", "gate", "--content", folder["own"], log];
        Assert.Contains("\"@timestamp\":\"2026-11-24T10:00:00.000Z\"", (await PalisadeProgram.RunAsync(read)).Lines[0], StringComparison.Ordinal);
        Assert.Contains("\"@timestamp\":\"2026-11-24T02:00:00.000Z\"", (await PalisadeProgram.RunAsync([.. read, "--zone", "Asia/Shanghai"])).Lines[0], StringComparison.Ordinal);
        Assert.Contains("\"@timestamp\":\"2026-11-24T15:30:00.000Z\"", (await PalisadeProgram.RunAsync([.. read, "--zone", "-05:30"])).Lines[0], StringComparison.Ordinal);
        var wrong = await PalisadeProgram.RunAsync("scan", log, "--zone", "Asia/Shangai");
        Assert.Equal(2, wrong.Code);
        Assert.Contains("did you mean Asia/Shanghai?", wrong.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scan_reads_stamps_by_the_zone_it_is_given()
    {
        var log = folder.Write("error.log", "2026/11/24 10:00:00 [error] 7#7: *1 open() \"/srv/etc/passwd\" failed (2: No such file or directory), client: 203.0.113.9, server: shop.example.com, request: \"GET /download?file=../../../../etc/passwd HTTP/1.1\", host: \"shop.example.com\"\n");
        var run = await PalisadeProgram.RunAsync("scan", log, "--format", "jsonl", "--zone", "Asia/Shanghai");
        Assert.Equal(0, run.Code);
        Assert.Contains("\"@timestamp\":\"2026-11-24T02:00:00.000Z\"", run.Lines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_source_reads_its_sample_to_the_events_beside_it()
    {
        var made = await PalisadeProgram.RunAsync("new", "source", "gate", "--from", folder.Write("gate.log", Gate), "--dir", folder["own"]);
        Assert.Equal(0, made.Code);
        Assert.Equal(folder["own/gate"], made.Out.Trim());
        Assert.Contains("3 lines, 3 of them read.", made.Err, StringComparison.Ordinal);
        Assert.Equal(["README.md", "expected.jsonl", "sample.log", "source.yml"], Directory.GetFiles(folder["own/gate"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        var read = await PalisadeProgram.RunAsync("parse", "--source", "gate", "--content", folder["own"], folder["own/gate/sample.log"]);
        Assert.Equal(await File.ReadAllTextAsync(folder["own/gate/expected.jsonl"], TestContext.Current.CancellationToken), read.Out);
        Assert.Contains("\"log.level\":\"WARN\"", read.Lines[0], StringComparison.Ordinal);
        Assert.Contains("\"message\":\"gateway said no to order A1009\"", read.Lines[0], StringComparison.Ordinal);
        Assert.Contains("\"message\":\"it's a line of its own kind\"", read.Lines[2], StringComparison.Ordinal);

        var again = await PalisadeProgram.RunAsync("new", "source", "gate", "--from", folder["gate.log"], "--dir", folder["own"]);
        Assert.Equal(3, again.Code);
        Assert.Contains("is there already", again.Err, StringComparison.Ordinal);
        Assert.Equal(2, (await PalisadeProgram.RunAsync("new", "source", "../gate", "--from", folder["gate.log"])).Code);
    }

    [Fact]
    public async Task A_new_source_of_JSON_lines_maps_time_level_and_message()
    {
        var log = folder.Write("app.log", "{\"ts\":\"2026-11-24T10:00:00\",\"level\":\"warn\",\"msg\":\"no\",\"order\":{\"id\":7}}\n{\"ts\":\"2026-11-24T10:00:01\",\"level\":\"info\",\"msg\":\"yes\"}\n");
        Assert.Equal(0, (await PalisadeProgram.RunAsync("new", "source", "app-json", "--from", log, "--dir", folder["own"])).Code);
        var read = await PalisadeProgram.RunAsync("parse", "--source", "app-json", "--content", folder["own"], "--zone", "+08:00", log);
        Assert.Contains("\"@timestamp\":\"2026-11-24T02:00:00.000Z\"", read.Lines[0], StringComparison.Ordinal);
        foreach (var part in new[] { "\"log.level\":\"warn\"", "\"message\":\"no\"", "\"order.id\":\"7\"" }) Assert.Contains(part, read.Lines[0].Replace("\"order.id\":7", "\"order.id\":\"7\"", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
