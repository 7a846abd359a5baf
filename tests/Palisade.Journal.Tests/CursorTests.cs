namespace Palisade.Journal.Tests;

public sealed class CursorTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reader_goes_on_behind_its_last_commit()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open())
        {
            await Scratch.Fill(journal, 1, 100);
            using var reader = journal.OpenReader("engine");
            Scratch.ReadNumbers(reader);
            reader.Commit(60);
        }
        using var again = scratch.Open();
        using var second = again.OpenReader("engine");
        Assert.Equal(60UL, second.Committed);
        Assert.Equal(Scratch.Numbers(61, 100), Scratch.ReadNumbers(second));
        second.Seek(10);
        Assert.Equal(Scratch.Numbers(11, 100), Scratch.ReadNumbers(second));
        second.Commit(20);
        Assert.Equal(60UL, second.Committed);
    }

    [Fact]
    public async Task Segments_stay_until_every_cursor_has_passed_them()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { SegmentBytes = 16 << 10 }, TimeProvider.System);
        using var engine = journal.OpenReader("engine");
        journal.OpenReader("archive").Dispose();
        var last = await Scratch.Fill(journal, 1, 1000);
        var before = scratch.Segments.Length;
        Assert.True(before > 5);
        Scratch.ReadNumbers(engine);
        engine.Commit(last);
        Assert.Equal(before, scratch.Segments.Length);
        Assert.Equal(1UL, journal.Usage.OldestSequence);

        using var archive = journal.OpenReader("archive");
        Assert.Equal(Scratch.Numbers(1, 1000), Scratch.ReadNumbers(archive));
        archive.Commit(500);
        Assert.InRange(scratch.Segments.Length, 2, before - 1);
        Assert.InRange(journal.Usage.OldestSequence, 2UL, 501UL);
        archive.Commit(last);
        Assert.Single(scratch.Segments);
        Assert.True(journal.Verify(Cancel).IsWhole);
    }

    [Fact]
    public async Task Registered_cursor_that_never_reads_holds_everything_over_restarts()
    {
        using var scratch = new Scratch();
        var options = scratch.Options with { SegmentBytes = 16 << 10 };
        using (var journal = Journal.Open(options, TimeProvider.System))
        {
            journal.OpenReader("sleeper").Dispose();
        }
        using (var journal = Journal.Open(options, TimeProvider.System))
        {
            using var engine = journal.OpenReader("engine");
            engine.Commit(await Scratch.Fill(journal, 1, 1000));
            Assert.True(scratch.Segments.Length > 5);
            Assert.True(journal.RemoveCursor("sleeper"));
            Assert.False(journal.RemoveCursor("sleeper"));
            Assert.Single(scratch.Segments);
        }
    }

    [Fact]
    public async Task Without_any_cursor_nothing_is_deleted()
    {
        using var scratch = new Scratch();
        using var journal = Journal.Open(scratch.Options with { SegmentBytes = 16 << 10 }, TimeProvider.System);
        await Scratch.Fill(journal, 1, 1000);
        using var late = journal.OpenReader("late");
        Assert.Equal(Scratch.Numbers(1, 1000), Scratch.ReadNumbers(late));
    }

    [Fact]
    public async Task Sequences_never_go_back_even_when_the_segments_are_gone()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open())
        {
            using var reader = journal.OpenReader("engine");
            reader.Commit(await Scratch.Fill(journal, 1, 50));
        }
        foreach (var segment in scratch.Segments) File.Delete(segment);
        using var again = scratch.Open();
        Assert.Equal(51UL, await Scratch.Fill(again, 51, 51));
        using var second = again.OpenReader("engine");
        Assert.Equal([51UL], Scratch.ReadNumbers(second));
    }

    [Fact]
    public async Task Half_written_cursor_of_a_crash_is_ignored_and_a_damaged_one_is_named()
    {
        using var scratch = new Scratch();
        using (var journal = scratch.Open())
        {
            using var reader = journal.OpenReader("engine");
            reader.Commit(await Scratch.Fill(journal, 1, 50));
        }
        await File.WriteAllBytesAsync(Path.Combine(scratch.Root, "engine.cursor.new"), [1, 2, 3], Cancel);
        using (var journal = scratch.Open()) Assert.Equal(50UL, journal.OpenReader("engine").Committed);

        var path = Path.Combine(scratch.Root, "engine.cursor");
        var bytes = await File.ReadAllBytesAsync(path, Cancel);
        bytes[12] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, Cancel);
        var error = Assert.Throws<JournalException>(scratch.Open);
        Assert.Equal(JournalProblem.BadCursor, error.Problem);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("a.b")]
    public void Cursor_names_cannot_leave_the_folder(string name)
    {
        using var scratch = new Scratch();
        using var journal = scratch.Open();
        Assert.Throws<ArgumentException>(() => journal.OpenReader(name));
    }
}
