using System.Text;
using System.Text.Json;

namespace Palisade.Cli.Tests;

public sealed class ParseTests
{
    [Fact]
    public async Task Every_line_gives_one_object_in_order_blank_and_broken_ones_too()
    {
        byte[] input = [.. Encoding.UTF8.GetBytes(SampleLog.Text), .. "\n"u8, .. "what is this\n"u8, 0xFF, 0x00, 0x01, (byte)'\n', .. "{\"broken\": \n"u8];
        var run = await PalisadeProgram.RunAsync(input, ["parse", "-"]);
        Assert.Equal(0, run.Code);
        var rows = run.Lines.Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal(SampleLog.Requests + 4, rows.Length);
        Assert.All(rows, r => Assert.Equal(JsonValueKind.Object, r.ValueKind));
        Assert.Contains("198.51.100.7", rows[0].GetRawText(), StringComparison.Ordinal);
        Assert.Contains("192.0.2.44", rows[SampleLog.Requests - 1].GetRawText(), StringComparison.Ordinal);
        Assert.Contains($"{SampleLog.Requests + 4} records: {SampleLog.Requests} parsed", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_input_gives_no_output()
    {
        var run = await PalisadeProgram.RunAsync("parse", "-");
        Assert.Equal(0, run.Code);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task A_wrong_source_name_gets_the_nearest()
    {
        var run = await PalisadeProgram.RunAsync("parse", "--source", "sshdd", "-");
        Assert.Equal(2, run.Code);
        Assert.Contains("did you mean sshd?", run.Err, StringComparison.Ordinal);
        run = await PalisadeProgram.RunAsync("parse", "--source", "mysql-errors", "-");
        Assert.Equal(2, run.Code);
        Assert.Contains("Like it: mysql mysql-audit mysql-slow.", run.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("zookeeper", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_flag_is_refused_and_the_nearest_named()
    {
        var run = await PalisadeProgram.RunAsync("parse", "--sorce", "nginx");
        Assert.Equal(2, run.Code);
        Assert.Contains("--source", run.Err, StringComparison.Ordinal);
    }
}
