namespace Palisade.EndToEnd.Tests;

/// <summary>Files read by the built product itself, rotated by the real logrotate, and through kill -9: counts to the line.</summary>
public sealed class FileTests
{
    /// <summary>Ways of logrotate, each with a file of its own beside the others.</summary>
    private static readonly string[] Ways = ["create 0644", "copytruncate", "create 0644\n compress", "copytruncate\n compress"];

    [Fact]
    public async Task Rotation_by_logrotate_loses_and_doubles_nothing()
    {
        await using var product = await Product.CreateAsync();
        var config = Path.Combine(product.Folder, "rotate.conf");
        for (var way = 0; way < Ways.Length; way++)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Log(way))!);
            await File.AppendAllTextAsync(config, $"{Log(way)} {{\n rotate 20\n missingok\n {Ways[way]}\n}}\n");
            Watch(product, way, Path.Combine(product.Folder, $"logs-{way}", "*"));
        }
        await product.StartAsync();
        var written = 0;
        for (var round = 0; round < 6; round++)
        {
            await AppendAsync(700);
            // Odd rounds rotate at once, with lines that nobody has read yet; even ones when all is read.
            if (round % 2 == 0) await StoredAsync($"round {round}");
            await ProgramRun.RunAsync("/usr/sbin/logrotate", "-f", "-s", Path.Combine(product.Folder, "rotate.state"), config);
        }
        await AppendAsync(100);
        await StoredAsync("everything");
        // A second look by a fresh process: what it knows must not come again.
        await product.KillAsync();
        await product.StartAsync();
        await AppendAsync(50);
        await StoredAsync("what came after the restart");
        for (var way = 0; way < Ways.Length; way++) Assert.Equal((Ways[way], (long)written), (Ways[way], await product.StoredAsync($"disk-{way}")));

        string Log(int way) => Path.Combine(product.Folder, $"logs-{way}", "access.log");

        async Task AppendAsync(int lines)
        {
            for (var way = 0; way < Ways.Length; way++) await File.AppendAllLinesAsync(Log(way), AccessLog.Lines($"disk{way}", written, written + lines));
            written += lines;
        }

        async Task StoredAsync(string what)
        {
            for (var way = 0; way < Ways.Length; way++) await Product.UntilAsync($"{what} of {Ways[way]} is stored", async () => await product.StoredAsync($"disk-{way}") >= written);
        }
    }

    [Fact]
    public async Task Kill_9_in_the_middle_of_files_resumes_at_the_exact_byte()
    {
        const int Still = 30_000, Growing = 40_000, Part = 250, Kills = 4;
        await using var product = await Product.CreateAsync();
        var folder = Directory.CreateDirectory(Path.Combine(product.Folder, "logs")).FullName;
        await File.WriteAllLinesAsync(Path.Combine(folder, "still.log"), AccessLog.Lines("still", 0, Still));
        await File.WriteAllLinesAsync(Path.Combine(folder, "packed.log"), AccessLog.Lines("packed", 0, Still));
        await ProgramRun.RunAsync("gzip", Path.Combine(folder, "packed.log"));
        Watch(product, 0, Path.Combine(folder, "*"));
        var written = 0;
        var writer = Task.Run(WriteAsync, TestContext.Current.CancellationToken);
        for (var kill = 0; kill < Kills; kill++)
        {
            await product.StartAsync();
            // The file grows all the while: every kill falls between two of its lines, some within one.
            var before = Volatile.Read(ref written);
            await Product.UntilAsync("the file has grown", () => Task.FromResult(Volatile.Read(ref written) is var n && (n > before + 1000 || n == Growing)));
            await product.KillAsync();
        }
        await product.StartAsync();
        await writer;
        await Product.UntilAsync("every line is stored", async () => await product.StoredAsync("disk-0") >= 2 * Still + Growing);
        await File.AppendAllTextAsync(Path.Combine(folder, "growing.log"), "the last line\n");
        await Product.UntilAsync("the last line is stored", async () => await product.StoredAsync("disk-0") > 2 * Still + Growing);
        Assert.Equal(2 * Still + Growing + 1, await product.StoredAsync("disk-0"));

        async Task WriteAsync()
        {
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            await using var file = new StreamWriter(Path.Combine(folder, "growing.log"));
            for (; written < Growing; await pace.WaitForNextTickAsync())
            {
                foreach (var line in AccessLog.Lines("growing", written, written + Part))
                {
                    // In two pieces, so that there is nearly always half a line at the end.
                    await file.WriteAsync(line.AsMemory(0, line.Length / 2));
                    await file.FlushAsync();
                    await file.WriteAsync(string.Concat(line.AsSpan(line.Length / 2), "\n"));
                }
                await file.FlushAsync();
                Interlocked.Add(ref written, Part);
            }
        }
    }

    private static void Watch(Product product, int number, string path)
    {
        product.Settings[$"Ingest:Files:{number}:Path"] = path;
        product.Settings[$"Ingest:Files:{number}:Source"] = $"disk-{number}";
    }
}
