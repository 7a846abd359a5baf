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

    private static string Audited(int at, int serial, string account, int uid, string program, params string[] args)
    {
        var stamp = $"msg=audit({at}.200:{serial}):";
        return $"type=SYSCALL {stamp} arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 ppid=812 pid={serial} auid=4294967295 uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} fsgid={uid} tty=(none) ses=1 comm=\"{program[(program.LastIndexOf('/') + 1)..]}\" exe=\"{program}\" key=\"exec\"\u001dARCH=x86_64 SYSCALL=execve UID=\"{account}\" EUID=\"{account}\"\n"
            + $"type=EXECVE {stamp} argc={args.Length} {string.Join(' ', args.Select((a, i) => a.Contains(' ', StringComparison.Ordinal) ? $"a{i}={Convert.ToHexString(Encoding.UTF8.GetBytes(a))}" : $"a{i}=\"{a}\""))}\n"
            + $"type=CWD {stamp} cwd=\"/var/www/html\"\n";
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task An_access_log_and_the_audit_log_of_its_host_prove_that_an_attack_worked(bool accessFirst)
    {
        var begin = new DateTimeOffset(2026, 10, 5, 8, 0, 0, TimeSpan.Zero);
        var (access, audit) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < 9_000; i++)
        {
            var at = begin.AddSeconds(i).ToString("dd/MMM/yyyy:HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            var (client, target) = i == 5_000 ? ("203.0.113.9", "/net/trace?to=example.com%7Cid%3Buname%20-a") : ($"198.51.100.{i % 90 + 1}", $"/p/{i % 40}");
            access.Append($"{client} - - [{at} +0000] \"GET {target} HTTP/1.1\" 200 {3_000 + i % 70} \"-\" \"Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\"\n");
        }
        // Enough records of three lines for several blocks, none of them cut in two.
        var seconds = (int)begin.ToUnixTimeSeconds();
        for (var i = 0; i < 4_000; i++)
            audit.Append(i == 2_501 ? Audited(seconds + 5_003, 100 + i, "www-data", 33, "/usr/bin/dash", "sh", "-c", "traceroute example.com|id;uname -a") : Audited(seconds + i * 2, 100 + i, "root", 0, "/usr/bin/true", "true", $"run {i}"));
        string[] files = [folder.Write("access.log", access.ToString()), folder.Write("audit.log", audit.ToString())];
        var run = await PalisadeProgram.RunAsync(["scan", .. accessFirst ? files : files.Reverse(), "--format", "jsonl"]);
        Assert.Equal(0, run.Code);
        var incident = Assert.Single(run.Lines.Where(l => l.StartsWith("{\"incident\"", StringComparison.Ordinal)).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("incident")));
        Assert.Equal(("succeeded", "cmdi", "critical"), (incident.GetProperty("outcome").GetString(), incident.GetProperty("class").GetString(), incident.GetProperty("level").GetString()));
        Assert.Equal(["203.0.113.9"], incident.GetProperty("sources").EnumerateArray().Select(s => s.GetString()));
        var proof = incident.GetProperty("proofs").EnumerateArray().Single();
        Assert.EndsWith("access.log:5001", proof.GetProperty("request").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("audit.log:7504", proof.GetProperty("host").GetString(), StringComparison.Ordinal);
        Assert.Contains("traceroute example.com|id;uname -a", proof.GetProperty("did").GetString(), StringComparison.Ordinal);
        Assert.Contains("then 3 s later www-data ran", incident.GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Contains("21,000 lines", run.Err, StringComparison.Ordinal);
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

    [Fact]
    public async Task Pages_of_a_file_go_before_what_is_guessed()
    {
        var log = new StringBuilder();
        for (var i = 0; i < 60; i++) log.Append(System.Globalization.CultureInfo.InvariantCulture, $"203.0.113.{i % 20} - - [10/Nov/2026:1{i / 20}:{i % 20 * 3:00}:00 +0000] \"POST /gate/go HTTP/1.1\" 401 60 \"-\" \"Mozilla/5.0 (X11)\"\n");
        var path = folder.Write("login.log", log.ToString());
        Assert.DoesNotContain("credential_stuffing", (await PalisadeProgram.RunAsync("scan", path, "--format", "jsonl")).Out, StringComparison.Ordinal);
        var run = await PalisadeProgram.RunAsync("scan", path, "--format", "jsonl", "--pages", folder.Write("pages.yml", "pages:\n  - { path: /gate/go, is: login }\n"));
        Assert.True(run.Code == 0 && run.Out.Contains("\"class\":\"credential_stuffing\"", StringComparison.Ordinal), run.Out + run.Err);
        var wrong = await PalisadeProgram.RunAsync("scan", path, "--pages", folder.Write("wrong.yml", "pages:\n  - { path: /gate/go, is: shop }\n"));
        Assert.Equal(3, wrong.Code);
        Assert.Contains("wrong.yml:2: BUS003", wrong.Err, StringComparison.Ordinal);
    }
}
