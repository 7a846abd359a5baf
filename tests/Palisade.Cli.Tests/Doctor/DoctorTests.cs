using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Palisade.Journal;

namespace Palisade.Cli.Tests.Doctor;

/// <summary>The doctor as a process, before folders that are damaged in one way each.</summary>
public sealed class DoctorTests
{
    private static readonly string[] Checks = ["configuration", "machine", "data", "disk", "ports", "control", "store", "journal", "certificates", "content", "clock"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_installation_that_is_well_gives_0_and_names_every_check()
    {
        using var folder = new TestFolder();
        var run = await PalisadeProgram.RunAsync("doctor", "--json", "--data", folder["data"], "--http", "127.0.0.1:0", "--syslog", "127.0.0.1:0");
        Assert.True(run.Code == 0, run.Out + run.Err);
        using var json = JsonDocument.Parse(run.Out);
        Assert.Equal(Checks, json.RootElement.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("check").GetString()).Distinct());
        Assert.All(json.RootElement.GetProperty("checks").EnumerateArray(), c =>
        {
            Assert.NotEqual("problem", c.GetProperty("state").GetString());
            Assert.Equal(c.GetProperty("state").GetString() == "ok", c.GetProperty("mend").GetString() == "");
        });
        Assert.False(Directory.Exists(folder["data"]));
    }

    [Fact]
    public async Task A_flipped_bit_of_the_journal_is_found_and_its_segment_named()
    {
        using var folder = new TestFolder();
        var segments = await FillJournalAsync(folder["data/journal"]);
        Assert.Equal(0, (await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"])).Code);
        Flip(segments[0], 2000);
        var run = await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"]);
        Assert.Equal(3, run.Code);
        Assert.Contains($"{segments[0]}: BadFrame", run.Out, StringComparison.Ordinal);
        Assert.Contains($"{segments[1]}: BrokenChain", run.Out, StringComparison.Ordinal);
        Assert.Contains("> The disk gave back other bytes", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_head_of_the_hash_chain_is_the_sum_of_the_last_segment_written_to_its_end()
    {
        using var folder = new TestFolder();
        var segments = await FillJournalAsync(folder["data/journal"]);
        var head = segments.Order(StringComparer.Ordinal).ToArray()[^2];
        var sum = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(head, Cancel)));
        var run = await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"{Path.GetFileName(head)} sha256 {sum}", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signatures_of_the_journal_are_judged_and_the_key_is_named()
    {
        using var folder = new TestFolder();
        var keyFile = folder["data/keys/journal.pem"];
        var segments = await FillJournalAsync(folder["data/journal"], keyFile);
        using var key = ChainKey.Read(keyFile);
        var run = await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"{segments.Length - 1} full segments, all signed by the key sha256 {key.Fingerprint}", run.Out, StringComparison.Ordinal);

        // Signed by another key, as by one who put his own in its place for a while.
        var signature = Path.ChangeExtension(segments[0], ".sig");
        using var other = System.Security.Cryptography.ECDsa.Create();
        await File.WriteAllBytesAsync(signature, other.SignData(await File.ReadAllBytesAsync(segments[0], Cancel), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.DSASignatureFormat.Rfc3279DerSequence), Cancel);
        run = await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"]);
        Assert.Equal(3, run.Code);
        Assert.Contains($"{segments[0]}: NotSigned", run.Out, StringComparison.Ordinal);

        foreach (var file in Directory.GetFiles(folder["data/journal"], "*.sig")) File.Delete(file);
        run = await PalisadeProgram.RunAsync("doctor", "journal", "--data", folder["data"]);
        Assert.Equal(0, run.Code);
        Assert.Contains($"{segments.Length - 1} of {segments.Length - 1} full segments are not signed", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_said_with_its_holder()
    {
        using var folder = new TestFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var run = await PalisadeProgram.RunAsync("doctor", "ports", "--data", folder["data"], "--http", listener.LocalEndpoint.ToString()!, "--syslog", "127.0.0.1:0");
        Assert.Equal(4, run.Code);
        Assert.Contains($"{listener.LocalEndpoint} TCP is in use by", run.Out, StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId})", run.Out, StringComparison.Ordinal);
        Assert.Contains("set Http:Listen to another address", run.Out, StringComparison.Ordinal);

        var up = await PalisadeProgram.RunAsync("up", "--no-open", "--data", folder["data"], "--http", listener.LocalEndpoint.ToString()!, "--syslog", "127.0.0.1:0");
        Assert.Equal(4, up.Code);
        Assert.Contains($"{listener.LocalEndpoint} is in use", up.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        using var folder = new TestFolder();
        await InitAsync(folder);
        await ExecuteAsync(folder["data/control.db"], "INSERT INTO __EFMigrationsHistory (MigrationId, ProductVersion) VALUES ('99991231000000_Later', '99')");
        var doctor = await PalisadeProgram.RunAsync("doctor", "control", "--data", folder["data"]);
        Assert.Equal(3, doctor.Code);
        Assert.Contains("written by a newer version of Palisade (schema 99991231000000_Later)", doctor.Out, StringComparison.Ordinal);
        foreach (var verb in new[] { new[] { "up", "--no-open", "--http", "127.0.0.1:0", "--syslog", "127.0.0.1:0" }, ["admin", "tenants"] })
        {
            var run = await PalisadeProgram.RunAsync([.. verb, "--data", folder["data"]]);
            Assert.Equal(3, run.Code);
            Assert.Contains("written by a newer version of Palisade", run.Err, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_damaged_control_store_is_said_with_its_file()
    {
        using var folder = new TestFolder();
        await InitAsync(folder);
        var file = folder["data/control.db"];
        Assert.Equal(0, (await PalisadeProgram.RunAsync("doctor", "control", "--data", folder["data"])).Code);
        for (var at = 8192; at < new FileInfo(file).Length; at += 4096) Flip(file, at);
        var run = await PalisadeProgram.RunAsync("doctor", "control", "--data", folder["data"]);
        Assert.Equal(3, run.Code);
        Assert.Contains($"problem  control       {file}: ", run.Out, StringComparison.Ordinal);
        Assert.Contains("restore a backup", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_of_another_user_is_refused()
    {
        using var folder = new TestFolder();
        // Only root can give a folder away; for others root's own is one of another user.
        var data = Environment.IsPrivilegedProcess ? folder["data"] : "/etc";
        if (Environment.IsPrivilegedProcess)
        {
            Directory.CreateDirectory(data);
            await File.WriteAllTextAsync(Path.Combine(data, "control.db"), "theirs", Cancel);
            using var chown = Process.Start("chown", ["-R", "65534", data]);
            await chown.WaitForExitAsync(Cancel);
            Assert.Equal(0, chown.ExitCode);
        }
        var doctor = await PalisadeProgram.RunAsync("doctor", "data", "--data", data);
        Assert.Equal(4, doctor.Code);
        Assert.Contains($"{data} belongs to ", doctor.Out, StringComparison.Ordinal);
        Assert.Contains("chown -R USER", doctor.Out, StringComparison.Ordinal);
        var up = await PalisadeProgram.RunAsync("up", "--no-open", "--data", data, "--http", "127.0.0.1:0", "--syslog", "127.0.0.1:0");
        Assert.Equal(4, up.Code);
        Assert.Contains(data, up.Err, StringComparison.Ordinal);
        if (Environment.IsPrivilegedProcess) Assert.Equal([Path.Combine(data, "control.db")], Directory.GetFileSystemEntries(data));
    }

    [Fact]
    public async Task All_mistakes_of_a_configuration_are_said_at_once()
    {
        using var folder = new TestFolder();
        var file = folder.Write("palisade.json", """
            { // two unknown keys, a bad value and a bad type
              "Http": { "Lisen": "x", "Listen": "nowhere" },
              "Storge": {},
              "Storage": { "RetentionDays": "long" } }
            """);
        foreach (var words in new[] { new[] { "doctor", "--config", file }, ["up", "--no-open", "--config", file] })
        {
            var run = await PalisadeProgram.RunAsync(words);
            Assert.Equal(3, run.Code);
            foreach (var part in new[] { "Http:Lisen is not a known key; did you mean Http:Listen?", "Http:Listen is not ADDRESS:PORT", "did you mean Storage?", "Storage:RetentionDays: 'long' is not" })
                Assert.Contains(part, run.Out + run.Err, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_configuration_that_is_no_JSON_is_said_with_its_line()
    {
        using var folder = new TestFolder();
        var file = folder.Write("palisade.json", "{\n  \"Http\": {\n");
        var run = await PalisadeProgram.RunAsync("doctor", "configuration", "--config", file);
        Assert.Equal(3, run.Code);
        Assert.Contains($"{file}:3: ", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_alone_checks_only_the_configuration()
    {
        var run = await PalisadeProgram.RunAsync("doctor", "--config");
        Assert.Equal((0, 1), (run.Code, run.Lines.Length));
        Assert.StartsWith("ok       configuration", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_source_and_a_broken_rule_are_said_with_file_and_line()
    {
        using var folder = new TestFolder();
        var program = await PalisadeProgram.CopyAsync(folder["program"]);
        await File.WriteAllTextAsync(folder["program/content/sources/nginx/source.yml"], "name: nginx\nformat: pattern\npattern: 'a'\n", Cancel);
        await File.WriteAllTextAsync(folder["program/content/rules/linux/su_root.yml"], "title: no detection\nlogsource: { product: linux }\n", Cancel);
        var run = await PalisadeProgram.RunAsync(program, [], ["doctor", "content"]);
        Assert.Equal(3, run.Code);
        Assert.Contains("content/sources/nginx/source.yml:3: SRC002: unknown key 'pattern'", run.Out, StringComparison.Ordinal);
        Assert.Contains("content/rules/linux/su_root.yml:", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_from_the_future_say_that_the_clock_went_back()
    {
        using var folder = new TestFolder();
        Directory.CreateDirectory(folder["data"]);
        var file = folder.Write("data/control.db", "");
        File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().AddDays(2).UtcDateTime);
        var run = await PalisadeProgram.RunAsync("doctor", "clock", "--data", folder["data"]);
        Assert.Equal(4, run.Code);
        Assert.Contains($"{file} was written at", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_too_small_to_start_and_a_library_that_is_not_there_are_said()
    {
        using var folder = new TestFolder();
        var file = folder.Write("palisade.json", $$"""{ "Data": { "Directory": "{{folder["data"]}}", "MinimumFreeBytes": 4611686018427387904 }, "Storage": { "Library": "{{folder["none.so"]}}" } }""");
        var run = await PalisadeProgram.RunAsync("doctor", "disk", "store", "--config", file);
        Assert.Equal(4, run.Code);
        Assert.Contains("a start needs 4,398,046,511,104 MiB", run.Out, StringComparison.Ordinal);
        Assert.Contains("libchdb.so is missing", run.Out, StringComparison.Ordinal);

        var up = await PalisadeProgram.RunAsync("up", "--no-open", "--config", file);
        Assert.Equal(4, up.Code);
        Assert.Contains("4398046511104 MB are needed (Data:MinimumFreeBytes)", up.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_that_does_not_exist_is_a_mistake_of_usage() => Assert.Equal(2, (await PalisadeProgram.RunAsync("doctor", "nonsense")).Code);

    private static async Task InitAsync(TestFolder folder)
    {
        var run = await PalisadeProgram.RunAsync("admin", "init", "--email", "owner@example.com", "--password-file", folder.Write("pw", "a long enough pass phrase 1\n"), "--data", folder["data"]);
        Assert.True(run.Code == 0, run.Err);
    }

    private static async Task ExecuteAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync(Cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancel);
    }

    private static async Task<string[]> FillJournalAsync(string directory, string? keyFile = null)
    {
        Directory.CreateDirectory(directory);
        using (var journal = Palisade.Journal.Journal.Open(new JournalOptions { Directory = directory, SegmentBytes = 16 << 10, KeyFile = keyFile }, TimeProvider.System))
        {
            ulong last = 0;
            for (var i = 0; i < 300; i++)
                Assert.Equal(AppendResult.Ok, journal.Append(new FrameHeader(1, 1, 1, 1, 0, 0, 0), new byte[100], out last));
            await journal.WaitDurableAsync(last, Cancel);
        }
        return [.. Directory.GetFiles(directory, "*").Where(f => new FileInfo(f).Length > 4096).Order(StringComparer.Ordinal)];
    }

    private static void Flip(string file, long at)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = at;
        var value = stream.ReadByte();
        stream.Position = at;
        stream.WriteByte((byte)(value ^ 0x10));
    }
}
