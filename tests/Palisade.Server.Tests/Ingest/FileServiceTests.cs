using System.IO.Compression;
using System.Text;
using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>Files on a real disk, read by the running service.</summary>
public sealed class FileServiceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("palisade-files-").FullName;
    private readonly string data = Directory.CreateTempSubdirectory("palisade-files-data-").FullName;

    private string In(string name) => Path.Combine(folder, name);

    private Task<IngestServer> StartAsync(string glob, string encoding = "auto", int maxLine = 1 << 20, int rotatedSeconds = 0) => IngestServer.StartAsync(new IngestOptions
    {
        Files = [new FileSourceOptions { Path = In(glob), Source = "disk", Encoding = encoding }], FilePollMilliseconds = 20, RotatedFileSeconds = rotatedSeconds, MaxLineBytes = maxLine,
    }, folder: data);

    private static string[] Lines(string name, int from, int to) => [.. Enumerable.Range(from, to - from).Select(i => $"{name} line {i:D6} with enough behind it to be a log")];

    private static string Text(IEnumerable<string> lines) => string.Concat(lines.Select(l => l + "\n"));

    private static async Task<List<string>> ReadAsync(IngestServer server, int count) => [.. (await server.ReadAsync(count)).Select(f => Encoding.UTF8.GetString(f.Payload))];

    /// <summary>Everything in the journal is these lines, each once; a last line of another file shows that nothing else was on its way.</summary>
    private async Task OnlyAsync(IngestServer server, IEnumerable<string> expected)
    {
        await File.AppendAllTextAsync(In("zz-end.log"), "the end\n");
        server.Rewind();
        var found = new List<string>();
        while (!found.Contains("the end")) found.AddRange(await ReadAsync(server, 1));
        File.Delete(In("zz-end.log"));
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Where(l => l != "the end").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Lines_come_as_they_are_written_and_only_whole()
    {
        await File.WriteAllTextAsync(In("a.log"), "one\r\ntwo\n\nthr");
        await using var server = await StartAsync("*.log");
        var frames = await server.ReadAsync(2);
        Assert.Equal(["one", "two"], frames.Select(f => Encoding.UTF8.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal((7u, RecordEncodings.Line), (f.Header.Tenant, f.Header.Encoding)));
        Assert.Equal("disk", server.Lookups.NameOf(frames[0].Header.Source));
        await File.AppendAllTextAsync(In("a.log"), "ee\nfour");
        Assert.Equal(["three"], await ReadAsync(server, 1));
        await File.AppendAllTextAsync(In("a.log"), "\n");
        Assert.Equal(["four"], await ReadAsync(server, 1));
        await File.WriteAllTextAsync(In("new.log"), "another\n");
        Assert.Equal(["another"], await ReadAsync(server, 1));
    }

    [Fact]
    public async Task Of_a_file_that_was_truncated_and_filled_anew_between_a_look_at_the_disk_and_the_reading_nothing_is_taken()
    {
        await using var server = await StartAsync("*.elsewhere");
        var first = Text(Lines("first", 0, 50));
        await File.WriteAllTextAsync(In("a.log"), first);
        var file = new TrackedFile(1, "*") { Path = In("a.log"), Offset = 100, Handle = File.OpenHandle(In("a.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite) };
        file.Remember(Encoding.UTF8.GetBytes(first).AsSpan(0, TrackedFile.HeadBytes));
        var reader = new FileReader(server.Gate, new IngestOptions());
        await File.WriteAllTextAsync(In("a.log"), Text(Lines("second", 0, 60)));
        Assert.Equal(FileTurn.Replaced, reader.Turn(file, new IngestLane(7, 1), TextEncoding.Auto, over: false));
        Assert.Equal((100L, 0UL), (file.Offset, reader.Sequence));
        await File.WriteAllTextAsync(In("a.log"), first);
        Assert.Equal(FileTurn.AtEnd, reader.Turn(file, new IngestLane(7, 1), TextEncoding.Auto, over: false));
        Assert.Equal(first.Length, file.Offset);
        file.Close();
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task Documents_of_many_records_give_each_of_them_also_when_one_was_read_in_part_before_a_restart(bool zipped)
    {
        // Longer than the reader's buffer, on one line, as CloudTrail writes it.
        var records = Enumerable.Range(0, 4_000).Select(i => $"{{\"n\":{i},\"text\":\"{new string('x', 100)}\"}}").ToList();
        var text = $"{{\"Records\":[{string.Join(',', records)}]}}";
        var all = Encoding.UTF8.GetBytes(text + "\nplain\n");
        var part = Encoding.UTF8.GetBytes(text[..(text.Length / 2)]);
        async Task WriteAsync(byte[] bytes)
        {
            if (!zipped) { await File.WriteAllBytesAsync(In("a.json"), bytes); return; }
            await using var to = new GZipStream(File.Create(In("b.json.gz")), CompressionMode.Compress);
            await to.WriteAsync(bytes);
        }
        await WriteAsync(zipped ? all : part);
        var found = new List<string>();
        await using (var server = await StartAsync("*.json*")) found.AddRange(await ReadAsync(server, 1_500));
        if (!zipped) await WriteAsync(all);
        await using (var server = await StartAsync("*.json*"))
        {
            server.Rewind();
            found = await ReadAsync(server, 4_001);
        }
        Assert.Equal([.. records, "plain"], found);
    }

    [Fact]
    public async Task Folders_at_any_depth_and_links_are_followed_and_a_file_is_read_once()
    {
        Directory.CreateDirectory(In("x/y"));
        await File.WriteAllTextAsync(In("x/y/deep.log"), "deep\n");
        File.CreateSymbolicLink(In("link.log"), In("x/y/deep.log"));
        Directory.CreateSymbolicLink(In("x/loop"), folder);
        File.CreateSymbolicLink(In("dangling.log"), In("nothing"));
        await File.WriteAllTextAsync(In("top.log"), "top\n");
        await File.WriteAllTextAsync(In("top.txt"), "not asked for\n");
        await using var server = await StartAsync("**/*.log");
        Assert.Equal(["deep", "top"], (await ReadAsync(server, 2)).Order());
        await OnlyAsync(server, ["deep", "top"]);
    }

    [Theory]
    [InlineData("*.log"), InlineData("*")]
    public async Task Rotation_by_renaming_loses_and_doubles_nothing(string glob)
    {
        await File.WriteAllTextAsync(In("a.log"), Text(Lines("first", 0, 500)));
        await using var server = await StartAsync(glob, rotatedSeconds: 1);
        await server.ReadAsync(500);
        await using (var writer = new StreamWriter(In("a.log"), append: true))
        {
            await writer.WriteAsync(Text(Lines("first", 500, 600)));
            File.Move(In("a.log"), In("a.log.1"));
            await File.WriteAllTextAsync(In("a.log"), Text(Lines("second", 0, 300)));
            await writer.WriteAsync(Text(Lines("first", 600, 700)) + "a last line without an end");
        }
        await server.ReadAsync(glob == "*" ? 500 : 501);
        await OnlyAsync(server, [.. Lines("first", 0, 700), .. Lines("second", 0, 300), .. glob == "*" ? Array.Empty<string>() : ["a last line without an end"]]);
    }

    [Theory]
    [InlineData("*.log"), InlineData("*")]
    public async Task Rotation_by_copy_and_truncate_loses_and_doubles_nothing(string glob)
    {
        await File.WriteAllTextAsync(In("a.log"), Text(Lines("first", 0, 500)));
        await using var server = await StartAsync(glob);
        await server.ReadAsync(500);
        for (var round = 0; round < 3; round++)
        {
            // What is written just before is perhaps not read when the file is cut: then its rest is in the copy.
            await File.AppendAllTextAsync(In("a.log"), Text(Lines("late" + round, 0, 200)));
            File.Copy(In("a.log"), In("a.log." + round));
            await using (var cut = new FileStream(In("a.log"), FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(0);
            await File.AppendAllTextAsync(In("a.log"), Text(Lines("next" + round, 0, 900)));
            await server.ReadAsync(1100);
        }
        await OnlyAsync(server, [.. Lines("first", 0, 500), .. Enumerable.Range(0, 3).SelectMany(r => Lines("late" + r, 0, 200).Concat(Lines("next" + r, 0, 900)))]);
    }

    [Fact]
    public async Task Packed_history_is_read_once_also_when_it_was_read_before_it_was_packed()
    {
        await PackAsync("old.log.3.gz", Text(Lines("old", 0, 400)) + "end without a line end");
        await File.WriteAllTextAsync(In("a.log.1"), Text(Lines("known", 0, 300)));
        await using var server = await StartAsync("*");
        await server.ReadAsync(701);
        await File.AppendAllTextAsync(In("a.log.1"), Text(Lines("known", 300, 350)));
        await server.ReadAsync(50);
        await PackAsync("a.log.1.gz", await File.ReadAllTextAsync(In("a.log.1")) + "more\n");
        File.Delete(In("a.log.1"));
        Assert.Equal(["more"], await ReadAsync(server, 1));
        await File.WriteAllBytesAsync(In("broken.log.gz"), [0x1F, 0x8B, 8, 0, 1, 2, 3]);
        await OnlyAsync(server, [.. Lines("old", 0, 400), "end without a line end", .. Lines("known", 0, 350), "more"]);
    }

    [Fact]
    public async Task After_a_crash_the_journal_says_where_each_file_stood()
    {
        await File.WriteAllTextAsync(In("a.log"), Text(Lines("a", 0, 300)));
        await File.WriteAllTextAsync(In("b.log"), Text(Lines("b", 0, 300)));
        string[] remembered = [Path.Combine(data, "files", "files.json"), Path.Combine(data, "journal", "files.cursor")];
        List<byte[]> before;
        await using (var server = await StartAsync("*.log"))
        {
            await server.ReadAsync(600);
            before = [.. remembered.Select(File.ReadAllBytes)];
            await File.AppendAllTextAsync(In("a.log"), Text(Lines("a", 300, 800)) + "half a l");
            await server.ReadAsync(500);
        }
        // As if what was written down last had never reached the disk.
        for (var i = 0; i < remembered.Length; i++) await File.WriteAllBytesAsync(remembered[i], before[i]);
        await File.AppendAllTextAsync(In("a.log"), "ine\n" + Text(Lines("a", 800, 900)));
        File.Move(In("a.log"), In("a.log.1"));
        await File.WriteAllTextAsync(In("a.log"), Text(Lines("new", 0, 100)));
        await using (var server = await StartAsync("*.log"))
        {
            await OnlyAsync(server, [.. Lines("a", 0, 900), "half a line", .. Lines("b", 0, 300), .. Lines("new", 0, 100)]);
        }
    }

    [Theory]
    [InlineData("gb18030", "auto"), InlineData("gb18030", "gbk"), InlineData("utf-16", "auto"), InlineData("utf-16BE", "auto"), InlineData("utf-16", "utf-16le")]
    public async Task Other_encodings_come_out_as_UTF8(string written, string asked)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(written);
        await File.WriteAllBytesAsync(In("a.log"), [.. encoding.Preamble.ToArray(), .. encoding.GetBytes("用户登录失败 user=root\r\n第二行\n")]);
        await using var server = await StartAsync("*.log", asked);
        Assert.Equal(["用户登录失败 user=root", "第二行"], await ReadAsync(server, 2));
        await using (var more = new FileStream(In("a.log"), FileMode.Append)) await more.WriteAsync(encoding.GetBytes("第三行\n"));
        Assert.Equal(["第三行"], await ReadAsync(server, 1));
        server.Rewind();
        Assert.All(await server.ReadAsync(3), f => Assert.Equal(RecordEncodings.Line | RecordEncodings.Converted, f.Header.Encoding));
    }

    [Fact]
    public async Task A_line_too_long_is_counted_once_and_what_follows_is_read()
    {
        await File.WriteAllTextAsync(In("a.log"), "one\n" + new string('x', 3_000_000) + "\ntwo\n" + new string('y', 2000) + "\nthree\n");
        await using var server = await StartAsync("*.log", maxLine: 1024);
        Assert.Equal(new() { [IngestRefusal.LineTooLong] = 2 }, await server.RefusalsAsync(2));
        await OnlyAsync(server, ["one", "two", "three"]);
    }

    [Fact]
    public async Task A_full_journal_makes_files_wait_and_nothing_is_refused()
    {
        var lines = Lines("full", 0, 60_000);
        await File.WriteAllTextAsync(In("a.log"), Text(lines));
        await using var server = await IngestServer.StartAsync(new IngestOptions
        {
            Files = [new FileSourceOptions { Path = In("*.log"), Source = "disk" }], FilePollMilliseconds = 20, JournalBudgetBytes = 2 << 20,
        }, folder: data);
        var found = new List<string>();
        while (found.Count < lines.Length)
        {
            found.AddRange(await ReadAsync(server, 1));
            server.CommitRead();
        }
        Assert.Equal(lines, found);
    }

    private async Task PackAsync(string name, string text)
    {
        await using var gzip = new GZipStream(File.Create(In(name)), CompressionLevel.Fastest);
        await gzip.WriteAsync(Encoding.UTF8.GetBytes(text));
    }

    public void Dispose()
    {
        Directory.Delete(folder, true);
        Directory.Delete(data, true);
    }
}
