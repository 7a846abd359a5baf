using Palisade.Server.Control;

namespace Palisade.Server.Tests.Control;

/// <summary>Who hears of what, and that leaving leaves nothing behind.</summary>
public sealed class ChangeFeedTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private sealed class Reader
    {
        private readonly SemaphoreSlim reads = new(0);
        public int Count { get; private set; }
        public Task ReadAsync() { Count++; reads.Release(); return Task.CompletedTask; }
        public async Task WaitAsync() => Assert.True(await reads.WaitAsync(Long));
    }

    [Fact]
    public async Task A_follower_reads_after_changes_of_its_topic_and_tenant_only()
    {
        using var stop = new CancellationTokenSource();
        var feed = new ChangeFeed(TimeProvider.System);
        var (own, other, sibling) = (new Reader(), new Reader(), new Reader());
        Task[] following = [feed.FollowAsync(Topic.Alerts, 1, own.ReadAsync, stop.Token), feed.FollowAsync(Topic.Alerts, 2, other.ReadAsync, stop.Token), feed.FollowAsync(Topic.Incidents, 1, sibling.ReadAsync, stop.Token)];
        feed.Publish(Topic.Alerts, 1, 1, 3);
        await own.WaitAsync();
        feed.Publish(Topic.Alerts, 1);
        await own.WaitAsync();
        feed.Publish(Topic.Incidents, 1);
        await sibling.WaitAsync();
        Assert.Equal((2, 0, 1), (own.Count, other.Count, sibling.Count));
        Assert.Equal(3, feed.Followers);
        await stop.CancelAsync();
        await Task.WhenAll(following).WaitAsync(Long);
        Assert.Equal(0, feed.Followers);
    }

    [Fact]
    public async Task Many_changes_while_a_follower_reads_are_one_more_reading()
    {
        using var stop = new CancellationTokenSource();
        var feed = new ChangeFeed(TimeProvider.System);
        var (reader, hold, again) = (new Reader(), new TaskCompletionSource(), new TaskCompletionSource());
        var following = feed.FollowAsync(Topic.Alerts, 1, async () =>
        {
            await reader.ReadAsync();
            if (reader.Count == 1) await hold.Task;
            if (reader.Count == 2) again.SetResult();
        }, stop.Token);
        feed.Publish(Topic.Alerts, 1);
        await reader.WaitAsync();
        for (var i = 0; i < 1000; i++) feed.Publish(Topic.Alerts, 1);
        hold.SetResult();
        await again.Task.WaitAsync(Long);
        await stop.CancelAsync();
        await following.WaitAsync(Long);
        Assert.Equal(2, reader.Count);
    }

    [Fact]
    public async Task A_reader_that_fails_is_no_longer_a_follower()
    {
        var feed = new ChangeFeed(TimeProvider.System);
        var following = feed.FollowAsync(Topic.Alerts, 1, () => throw new InvalidOperationException("unreadable"), CancellationToken.None);
        feed.Publish(Topic.Alerts, 1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => following.WaitAsync(Long));
        Assert.Equal(0, feed.Followers);
    }
}
