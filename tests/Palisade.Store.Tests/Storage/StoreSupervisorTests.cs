using System.Diagnostics;
using Palisade.Server.Storage;

namespace Palisade.Store.Tests.Storage;

public sealed class StoreSupervisorTests
{
    private static bool Runs(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [Fact]
    public async Task It_starts_the_store_restarts_it_when_killed_and_stops_it_cleanly()
    {
        var folder = TestStore.NewFolder();
        try
        {
            int pid;
            await using (var store = await TestStore.StartAsync(folder))
            {
                await Samples.StoreAsync(store, Samples.Run(4, 100), "supervised");
                var first = store.State.ProcessId;
                await store.KillAndWaitAsync();
                pid = store.State.ProcessId;
                Assert.NotEqual(first, pid);
                Assert.False(Runs(first));
                Assert.Equal(100, await store.Queries.CountAsync(4, new EventSearch(Samples.Whole), CancellationToken.None));
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsLinux() ? File.GetUnixFileMode(store.Files.Socket) & ~UnixFileMode.UserExecute : default);
                await store.StopAsync();
                Assert.Equal(StorePhase.Stopped, store.State.Phase);
                Assert.False(Runs(pid));
            }
            await using var again = await TestStore.StartAsync(folder);
            Assert.Equal(0, again.State.Restarts);
            Assert.Equal(100, await again.Queries.CountAsync(4, new EventSearch(Samples.Whole), CancellationToken.None));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_store_that_hangs_is_killed_and_started_again()
    {
        await using var store = await TestStore.StartAsync(options: new StorageOptions { PingMilliseconds = 400, PingFailures = 3 });
        var hung = store.State.ProcessId;
        using (var stopper = Process.Start("kill", ["-STOP", hung.ToString()])) await stopper.WaitForExitAsync();
        await TestStore.UntilAsync(() => store.State.Restarts > 0);
        await store.ReadyAsync();
        Assert.False(Runs(hung));
        Assert.Equal(1, await store.NumberAsync("SELECT 1"));
    }
}
