using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

/// <summary>Which content each file is, over rotation by copy and truncate: by hand, one look at the disk after the other.</summary>
public sealed class FileTrackerTests : IDisposable
{
    private static readonly string Head = string.Concat(Enumerable.Range(0, 40).Select(i => $"line {i} of the first content\n"));
    private readonly string folder = Directory.CreateTempSubdirectory("palisade-tracker-").FullName;
    private readonly HandClock clock = new();
    private readonly Problems problems = new();
    private readonly FileTracker tracker;

    public FileTrackerTests() => tracker = new FileTracker([In("a.log*")], new FileTrackerLimits(100, 100, 10_000), problems, clock);

    private sealed class Problems : IFileProblems
    {
        public List<string> Said { get; } = [];
        public void Failed(string path, Exception error) => Said.Add(path);
        public void TooMany(string path, int limit) => Said.Add(path);
    }

    private string In(string name) => Path.Combine(folder, name);

    private TrackedFile At(string name) => Assert.Single(tracker.Live, f => f.Path == In(name));

    private TrackedFile Begin()
    {
        File.WriteAllText(In("a.log"), Head);
        Assert.True(tracker.Scan());
        return At("a.log");
    }

    [Fact]
    public void A_copy_made_before_the_file_is_truncated_is_nothing_new_and_what_was_not_read_is_found_in_it()
    {
        var first = Begin();
        first.Offset = 100;
        File.Copy(In("a.log"), In("a.log.1"));
        Assert.False(tracker.Scan());
        Assert.Single(tracker.Live);
        File.WriteAllText(In("a.log"), "");
        Assert.True(tracker.Scan());
        Assert.Equal((first, 100L), (At("a.log.1"), At("a.log.1").Offset));
        var begun = At("a.log");
        Assert.NotEqual(first.Session, begun.Session);
        Assert.Equal(0, begun.Offset);
        File.AppendAllText(In("a.log"), "the second content\n");
        Assert.False(tracker.Scan());
        Assert.Same(begun, At("a.log"));
        Assert.Empty(problems.Said);
    }

    [Fact]
    public void A_file_that_was_truncated_and_grew_past_what_was_read_is_known_by_how_it_begins()
    {
        var first = Begin();
        first.Offset = 30;
        File.WriteAllText(In("a.log"), "other " + Head + Head);
        Assert.True(tracker.Scan());
        Assert.NotEqual(first.Session, At("a.log").Session);
        Assert.Contains(first, tracker.All);
        File.WriteAllText(In("a.log.1"), Head);
        tracker.Scan();
        Assert.Same(first, At("a.log.1"));
        Assert.Equal(30, first.Offset);
    }

    [Fact]
    public void A_copy_that_no_truncation_follows_is_a_file_of_its_own_after_a_while()
    {
        var first = Begin();
        File.Copy(In("a.log"), In("a.log.1"));
        Assert.False(tracker.Scan());
        clock.Advance(TimeSpan.FromMinutes(6));
        Assert.True(tracker.Scan());
        Assert.NotEqual(first.Session, At("a.log.1").Session);
        Assert.Same(first, At("a.log"));
    }

    [Fact]
    public void A_copy_that_holds_less_than_was_read_is_not_taken_for_the_rest()
    {
        var first = Begin();
        first.Offset = Head.Length;
        File.WriteAllText(In("a.log"), "");
        tracker.Scan();
        File.WriteAllText(In("a.log.1"), Head[..^20]);
        tracker.Scan();
        Assert.DoesNotContain(tracker.Live, f => ReferenceEquals(f, first));
    }

    public void Dispose()
    {
        foreach (var file in tracker.All) file.Close();
        Directory.Delete(folder, recursive: true);
    }
}
