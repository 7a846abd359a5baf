using System.Text;
using Palisade.Journal;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class RelpTests
{
    private static Task<IngestServer> StartAsync(TimeProvider? clock = null, string? folder = null, IngestOptions? options = null, RelpOptions? relp = null) =>
        IngestServer.StartAsync((options ?? new IngestOptions()) with { Relp = [relp ?? new()] }, clock, folder);

    private static string[] Lines(int from, int count) => [.. Enumerable.Range(from, count).Select(i => $"<13>Nov  1 00:00:00 web1 app: line {i}")];

    private static async Task<string[]> StoredAsync(IngestServer server, int count) =>
        [.. (await server.ReadAsync(count)).Select(f => Encoding.Latin1.GetString(f.Payload))];

    [Fact]
    public async Task Records_are_durable_before_they_are_answered()
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync([.. Lines(0, 3000), "<13>two\nlines", "<13>trailing\n"]);
        await client.ReadAnswersAsync();
        Assert.Equal(3002ul, server.Journal.DurableSequence);
        var frames = await server.ReadAsync(3002);
        Assert.Equal([.. Lines(0, 3000), "<13>two\nlines", "<13>trailing"], frames.Select(f => Encoding.Latin1.GetString(f.Payload)));
        Assert.All(frames, f => Assert.Equal((7u, RecordEncodings.Syslog, "relp"), (f.Header.Tenant, f.Header.Encoding, server.Lookups.NameOf(f.Header.Source))));
        Assert.Equal(Enumerable.Range(1, 3002).Select(i => (ulong)i), frames.Select(f => f.Header.SenderSequence));
        await client.CloseAsync();
    }

    [Fact]
    public async Task A_connection_cut_after_the_journal_and_before_the_answer_stores_what_is_sent_again_once()
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync(Lines(0, 50));
        await client.ReadAnswersAsync(leave: 20);
        await client.SendAsync(Lines(50, 30));
        await StoredAsync(server, 80);
        client.Cut();
        Assert.Equal(50, client.Unanswered.Count);
        await client.OpenAsync();
        await client.SendAsync(Lines(80, 10));
        await client.ReadAnswersAsync();
        Assert.Equal(Lines(80, 10), await StoredAsync(server, 10));
        Assert.Equal(new() { [IngestRefusal.Duplicate] = 50 }, await server.RefusalsAsync(50));
        Assert.Equal(90, client.Acknowledged);
    }

    [Fact]
    public async Task A_session_that_breaks_while_it_repeats_is_known_at_the_next_attempt()
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync(Lines(0, 40));
        await StoredAsync(server, 40);
        client.Cut();
        // A part of the repetition only; then the connection breaks again, then the rest comes with something new behind it.
        using (var half = new RelpClient(server.Relp))
        {
            await half.OpenAsync();
            await half.SendAsync(Lines(0, 25));
            await half.BreakAsync();
        }
        await client.OpenAsync();
        await client.SendAsync(Lines(40, 5));
        Assert.Equal(Lines(40, 5), await StoredAsync(server, 5));
        client.Cut();
        await client.OpenAsync();
        await client.SendAsync(Lines(45, 5));
        await client.ReadAnswersAsync();
        Assert.Equal(Lines(45, 5), await StoredAsync(server, 5));
    }

    [Fact]
    public async Task Honest_repetition_within_a_session_and_after_a_farewell_is_stored()
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync("<13>same", "<13>same", "<13>same");
        await client.ReadAnswersAsync();
        await client.CloseAsync();
        await client.OpenAsync();
        await client.SendAsync("<13>same", "<13>same");
        await client.ReadAnswersAsync();
        Assert.Equal(Enumerable.Repeat("<13>same", 5), await StoredAsync(server, 5));
    }

    [Fact]
    public async Task A_session_that_begins_like_a_repetition_and_goes_on_otherwise_is_stored_whole()
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync("<13>a", "<13>b", "<13>c");
        await client.ReadAnswersAsync();
        client.Cut();
        using var other = new RelpClient(server.Relp);
        await other.OpenAsync();
        await other.SendAsync("<13>a", "<13>b", "<13>x");
        await other.ReadAnswersAsync();
        // and one that stops on the way: it is held back for a moment, not for ever
        using var slow = new RelpClient(server.Relp);
        await slow.OpenAsync();
        await slow.SendAsync("<13>b");
        await slow.ReadAnswersAsync();
        Assert.Equal(["<13>a", "<13>b", "<13>c", "<13>a", "<13>b", "<13>x", "<13>b"], await StoredAsync(server, 7));
    }

    [Fact]
    public async Task What_the_journal_holds_is_known_again_after_the_server_died()
    {
        var folder = Directory.CreateTempSubdirectory("palisade-relp-").FullName;
        var image = Directory.CreateTempSubdirectory("palisade-relp-image-").FullName;
        try
        {
            using var client = await CrashAsync(folder, image);
            await using var server = await StartAsync(folder: image);
            using var again = new RelpClient(server.Relp);
            await again.OpenAsync();
            await again.SendAsync(Lines(60, 40));
            await again.SendAsync(Lines(100, 7));
            await again.ReadAnswersAsync();
            Assert.Equal(Lines(0, 107), await StoredAsync(server, 107));
            Assert.Equal(new() { [IngestRefusal.Duplicate] = 40 }, await server.RefusalsAsync(40));
        }
        finally
        {
            Directory.Delete(folder, true);
            Directory.Delete(image, true);
        }
    }

    /// <summary>What a killed server leaves: the files as they lie while it still runs.</summary>
    private static async Task<RelpClient> CrashAsync(string folder, string image)
    {
        await using var server = await StartAsync(folder: folder);
        var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync(Lines(0, 100));
        await client.ReadAnswersAsync();
        Directory.CreateDirectory(Path.Combine(image, "journal"));
        foreach (var file in Directory.GetFiles(Path.Combine(folder, "journal"), "*.*").Where(f => !f.EndsWith("lock", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(image, "journal", Path.GetFileName(file)));
        return client;
    }

    [Fact]
    public async Task Without_a_right_to_send_the_sender_keeps_its_records_and_the_refusal_is_counted()
    {
        await using var server = await StartAsync();
        server.Lookups.OnlyTenant = 0;
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync("<13>1 - h a - - [palisade@32473 token=\"good-2\"] x");
        await client.ReadAnswersAsync();
        await client.SendAsync("<13>1 - h a - - [palisade@32473 token=\"nobody\"] y");
        Assert.Equal((3, "500 refused: bad_token"), await client.AnswerAsync());
        Assert.Equal((0, "serverclose"), await client.AnswerAsync());
        Assert.Equal(2u, (await server.ReadAsync(1))[0].Header.Tenant);
        Assert.Equal(new() { [IngestRefusal.BadToken] = 1 }, await server.RefusalsAsync(1));
    }

    [Theory]
    [InlineData("<13>plain syslog\n"), InlineData("2 syslog 3 toolong\n"), InlineData("2 open 0\n"), InlineData("2 syslog 99999999999999 x\n")]
    public async Task Garbage_and_lying_lengths_end_the_session_and_are_counted(string bytes)
    {
        await using var server = await StartAsync();
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.RawAsync(bytes);
        Assert.Equal((0, "serverclose"), await client.AnswerAsync());
        Assert.Equal(new() { [IngestRefusal.BadFrame] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task A_session_must_begin_with_open()
    {
        await using var server = await StartAsync();
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(server.Relp);
        await tcp.GetStream().WriteAsync("1 syslog 1 a\n"u8.ToArray());
        Assert.Equal(new() { [IngestRefusal.BadFrame] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task A_record_that_will_never_fit_is_counted_and_the_sender_may_forget_it()
    {
        await using var server = await StartAsync(options: new IngestOptions { MaxLineBytes = 2000 });
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.SendAsync("<13>a", "<13>" + new string('x', 500_000), "<13>b");
        await client.ReadAnswersAsync();
        Assert.Equal(["<13>a", "<13>b"], await StoredAsync(server, 2));
        Assert.Equal(new() { [IngestRefusal.LineTooLong] = 1 }, await server.RefusalsAsync(1));
    }

    [Fact]
    public async Task A_frame_that_never_ends_is_given_up()
    {
        var clock = new HandClock();
        await using var server = await StartAsync(clock, relp: new RelpOptions { IdleSeconds = 3000 });
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        await client.RawAsync("2 syslog 100 slow");
        await clock.AdvanceWhenWaitingAsync(TimeSpan.FromSeconds(3000));
        Assert.Equal((0, "serverclose"), await client.AnswerAsync());
    }

    [Fact]
    public async Task A_full_journal_withholds_answers_and_loses_nothing()
    {
        await using var server = await StartAsync(options: new IngestOptions { JournalBudgetBytes = 4 << 20 });
        using var client = new RelpClient(server.Relp);
        await client.OpenAsync();
        using (var reader = server.Journal.OpenReader("test"))
        {
            var sent = Enumerable.Range(0, 3000).Select(i => $"<13>{i} {new string('x', 2000)}").ToArray();
            var sending = client.SendAsync(sent);
            var answering = client.ReadAnswersAsync();
            var stored = new List<string>();
            var batch = new JournalBatch();
            while (stored.Count < sent.Length)
            {
                if (reader.Read(batch, 100) == 0)
                {
                    Assert.False(answering.IsFaulted);
                    await reader.WaitAsync(TestContext.Current.CancellationToken);
                    continue;
                }
                for (var i = 0; i < batch.Count; i++)
                    if (batch.Header(i).Kind == FrameKind.Record) stored.Add(Encoding.Latin1.GetString(batch.Payload(i)));
                reader.Commit(batch.LastSequence);
            }
            await sending;
            await answering;
            Assert.Equal(sent, stored);
        }
        Assert.Equal(3000, client.Acknowledged);
    }
}
