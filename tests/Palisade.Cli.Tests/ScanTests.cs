using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Palisade.Cli.Tests;

public sealed class ScanTests : IDisposable
{
    private readonly TestFolder folder = new();

    private string Log => folder.Write("access.log", SampleLog.Text);

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Jsonl_is_one_object_a_finding_in_line_order()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log, "--format", "jsonl");
        Assert.Equal(0, run.Code);
        var rows = run.Lines.Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal([2, 3, 4, 6], rows.Select(r => r.GetProperty("line").GetInt64()).Distinct());
        var first = rows[0];
        Assert.Equal("web.sqli", first.GetProperty("rule.id").GetString());
        Assert.Equal("203.0.113.9", first.GetProperty("source.ip").GetString());
        Assert.Equal("2026-11-10T13:55:37.000Z", first.GetProperty("@timestamp").GetString());
        Assert.Equal("/item.php", first.GetProperty("target").GetString());
        Assert.Contains("UNION", first.GetProperty("evidence").GetString(), StringComparison.Ordinal);
        Assert.Equal("blocked", rows.Single(r => r.GetProperty("line").GetInt64() == 3).GetProperty("outcome").GetString());
        Assert.Contains("6 lines", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_one_object_with_the_picture()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log, "--format", "json");
        Assert.Equal(0, run.Code);
        using var picture = JsonDocument.Parse(run.Out);
        Assert.Equal(JsonValueKind.Object, picture.RootElement.ValueKind);
        Assert.Contains("203.0.113.9", run.Out, StringComparison.Ordinal);
        Assert.Contains("\"sqli\"", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Html_is_a_whole_page_that_runs_nothing_of_the_log()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log, "--format", "html", "--out", folder["report.html"]);
        Assert.Equal(0, run.Code);
        Assert.Empty(run.Out);
        var page = await File.ReadAllTextAsync(folder["report.html"], TestContext.Current.CancellationToken);
        Assert.StartsWith("<!doctype html", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("203.0.113.9", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Text_shows_types_sources_and_targets_without_colour_in_a_pipe()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log);
        Assert.Equal(0, run.Code);
        Assert.Contains("sqli", run.Out, StringComparison.Ordinal);
        Assert.Contains("192.0.2.44", run.Out, StringComparison.Ordinal);
        Assert.Contains("/item.php", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\x1b', run.Out);
    }

    [Fact]
    public async Task Csv_has_a_row_a_finding_and_no_formula()
    {
        var log = folder.Write("=1+2.log", SampleLog.Text.Replace("/download?file=../../../../etc/passwd", "/q?a==cmd|%27/c%20calc%27!A0%20UNION%20SELECT%201,2%20--%20", StringComparison.Ordinal));
        var run = await PalisadeProgram.RunAsync("scan", log, "--format", "csv");
        Assert.Equal(0, run.Code);
        Assert.StartsWith("file,line,timestamp,", run.Out.TrimStart('\uFEFF'), StringComparison.Ordinal);
        Assert.True(run.Lines.Length > SampleLog.Attacks);
        foreach (var cell in run.Lines.Skip(1).SelectMany(l => l.Split(',')))
            Assert.False(cell.TrimStart('"') is ['=' or '+' or '-' or '@', ..], cell);
    }

    [Fact]
    public async Task Gzip_and_standard_input_give_what_the_plain_file_gives()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(Encoding.UTF8.GetBytes(SampleLog.Text));
        var plain = await PalisadeProgram.RunAsync("scan", Log, "--format", "jsonl");
        var gz = await PalisadeProgram.RunAsync("scan", folder.Write("access.log.gz", packed.ToArray()), "--format", "jsonl");
        var input = await PalisadeProgram.RunAsync(packed.ToArray(), ["scan", "-", "--format", "jsonl"]);
        Assert.Equal(Findings(plain), Findings(gz));
        Assert.Equal(Findings(plain), Findings(input));
        Assert.NotEmpty(Findings(plain));
    }

    [Fact]
    public async Task Many_blocks_are_reported_in_the_order_of_their_lines()
    {
        var log = folder.Write("long.log", string.Concat(Enumerable.Repeat(SampleLog.Text, 4000)));
        var run = await PalisadeProgram.RunAsync("scan", log, "--format", "jsonl");
        var rows = run.Lines.Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        var lines = rows.Where(r => r.TryGetProperty("line", out _)).Select(r => r.GetProperty("line").GetInt64()).ToArray();
        Assert.Equal(lines.Order(), lines);
        // The findings first, then what they make together.
        Assert.All(rows.Skip(lines.Length), r => Assert.NotEmpty(r.GetProperty("incident").GetProperty("lines").EnumerateArray()));
        Assert.True(rows.Length > lines.Length);
        Assert.Equal(4000 * SampleLog.Attacks, lines.Distinct().Count());
        Assert.Contains("24,000 lines", run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("medium", 1)]
    [InlineData("critical", 0)]
    public async Task Fail_on_makes_the_exit_code_speak(string level, int code) =>
        Assert.Equal(code, (await PalisadeProgram.RunAsync("scan", Log, "--format", "jsonl", "--fail-on", level)).Code);

    [Fact]
    public async Task A_log_without_attacks_says_so()
    {
        var run = await PalisadeProgram.RunAsync("scan", folder.Write("empty.log", ""), "--fail-on", "low");
        Assert.Equal(0, run.Code);
        Assert.Contains("No attacks found", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_flag_is_refused_and_the_nearest_named()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log, "--fromat", "json");
        Assert.Equal(2, run.Code);
        Assert.Contains("did you mean --format?", run.Err, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        var run = await PalisadeProgram.RunAsync("scan", folder["nothing.log"]);
        Assert.Equal(3, run.Code);
        Assert.Contains("nothing.log", run.Err, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Theory]
    [InlineData("scan"), InlineData("parse")]
    public async Task Damaged_gzip_is_refused_with_its_name(string verb)
    {
        var run = await PalisadeProgram.RunAsync(verb, folder.Write("bad.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xFF, 0xFF, 0xFF]));
        Assert.Equal(3, run.Code);
        Assert.Contains("bad.gz", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_source_name_gets_the_nearest()
    {
        var run = await PalisadeProgram.RunAsync("scan", Log, "--source", "ngnix");
        Assert.Equal(2, run.Code);
        Assert.Contains("did you mean nginx?", run.Err, StringComparison.Ordinal);
    }

    // The file's name is part of a row; everything else must be the same.
    private static string[] Findings(RunResult run) => [.. run.Lines.Select(l => l[l.IndexOf("\"line\"", StringComparison.Ordinal)..])];
}
