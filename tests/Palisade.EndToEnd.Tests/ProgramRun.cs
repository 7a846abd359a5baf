using System.Diagnostics;

namespace Palisade.EndToEnd.Tests;

/// <summary>Programs run to their end or ended, each within a time: one that hangs is named, not waited for.</summary>
internal static class ProgramRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs a program that must end well, and gives what it printed.</summary>
    public static async Task<string> RunAsync(string program, params string[] words) => await RunAsync(new ProcessStartInfo(program, words));

    /// <inheritdoc cref="RunAsync(string, string[])"/>
    /// <param name="input">A text for it to read.</param>
    public static async Task<string> RunAsync(ProcessStartInfo start, string input = "")
    {
        var (code, output, error) = await TryAsync(start, input);
        return code == 0 ? output : throw new InvalidOperationException($"{Named(start)} ended with {code}: {error}{output}");
    }

    /// <summary>Runs a program, however it ends.</summary>
    /// <exception cref="TimeoutException">It took more than three minutes; it and what it started are killed.</exception>
    public static async Task<(int Code, string Out, string Err)> TryAsync(ProcessStartInfo start, string input = "")
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var run = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var (output, error) = (run.StandardOutput.ReadToEndAsync(limit.Token), run.StandardError.ReadToEndAsync(limit.Token));
            await run.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            run.StandardInput.Close();
            await run.WaitForExitAsync(limit.Token);
            return (run.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            var ended = run.HasExited ? "it has ended, and something it started holds its output open" : "it still ran";
            run.Kill(entireProcessTree: true);
            throw new TimeoutException($"{Named(start)} was waited for {Patience.TotalMinutes} minutes: {ended}");
        }
    }

    /// <summary>Kills a program whose output is read as it comes, with all it started, and waits until both are over.</summary>
    /// <exception cref="TimeoutException">Its end, or its output's, did not come.</exception>
    public static async Task KillAsync(Process process)
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Named(process.StartInfo)} (pid {process.Id}) was killed, and {(process.HasExited ? "something holds its output open" : "still runs")} after {Patience.TotalMinutes} minutes");
        }
    }

    private static string Named(ProcessStartInfo start) => string.Join(' ', [Path.GetFileName(start.FileName), .. start.ArgumentList]);
}
