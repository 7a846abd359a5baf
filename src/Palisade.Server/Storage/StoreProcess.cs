using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Palisade.Server.Storage;

/// <summary>How the embedded store's program is started: this executable's <c>store</c> verb, unless a test says otherwise.</summary>
public sealed record StoreProgram(string Path, IReadOnlyList<string> Arguments)
{
    public static StoreProgram OfThisProcess { get; } = new(Environment.ProcessPath ?? "palisade", ["store"]);
}

/// <summary>A running child. It ends when its standard input does, so it never outlives this process, however that ends.</summary>
internal sealed partial class StoreProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int KeptLines = 20;

    private readonly Process process;
    private readonly Queue<string> said = new();
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private StoreProcess(Process process) => this.process = process;

    [LibraryImport("libc", EntryPoint = "kill")] private static partial int Signal(int process, int signal);

    public int Id => process.Id;
    public int ExitCode => process.ExitCode;
    public bool HasExited => process.HasExited;

    /// <summary>The last lines it wrote.</summary>
    public string Said
    {
        get { lock (said) return string.Join(" | ", said); }
    }

    public static StoreProcess Start(StoreProgram program, StorageOptions options, StoreFolder folder)
    {
        var info = new ProcessStartInfo(program.Path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Environment.CurrentDirectory,
        };
        string[] arguments =
        [
            .. program.Arguments, "--path", folder.Data, "--socket", folder.Socket, "--config", folder.Settings,
            "--connections", options.Connections.ToString(), "--watch-input", "true",
        ];
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        if (options.Library.Length > 0)
        {
            info.ArgumentList.Add("--library");
            info.ArgumentList.Add(options.Library);
        }
        info.Environment["TZ"] = "UTC";                  // the engine's dates follow it
        info.Environment["DOTNET_gcServer"] = "0";
        // The engine's allocator (jemalloc): one arena instead of four a core, and freed pages back to the system after 0.2 s:
        // some 170 MB less while records come in, at nearly the same rate. An operator's own setting goes first.
        info.Environment.TryAdd("JE_MALLOC_CONF", "dirty_decay_ms:200,muzzy_decay_ms:0,narenas:1");
        var child = new StoreProcess(new Process { StartInfo = info });
        child.process.OutputDataReceived += (_, e) => child.Hear(e.Data);
        child.process.ErrorDataReceived += (_, e) => child.Hear(e.Data);
        child.process.Start();
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    private void Hear(string? line)
    {
        if (line is null) return;
        if (line.StartsWith("READY ", StringComparison.Ordinal)) ready.TrySetResult();
        lock (said)
        {
            said.Enqueue(line);
            if (said.Count > KeptLines) said.Dequeue();
        }
    }

    /// <summary>True when it says that it answers, false when it ends before.</summary>
    public async Task<bool> WaitReadyAsync(CancellationToken stop)
    {
        var exit = process.WaitForExitAsync(stop);
        await Task.WhenAny(ready.Task, exit);
        stop.ThrowIfCancellationRequested();
        return ready.Task.IsCompletedSuccessfully;
    }

    public Task WaitForExitAsync(CancellationToken stop) => process.WaitForExitAsync(stop);

    public void Kill()
    {
        if (!process.HasExited) process.Kill();
    }

    /// <summary>Asks it to end; kills it when it does not. False when it had to be killed.</summary>
    public async Task<bool> StopAsync(TimeSpan patience)
    {
        if (!process.HasExited) _ = Signal(process.Id, SigTerm);
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            return false;
        }
    }

    public void Dispose() => process.Dispose();
}
