using System.Diagnostics;

namespace Palisade.Cli.Tests.Launcher;

/// <summary>The launcher on machines it is not made for, played by programs of the same name earlier in PATH.</summary>
public sealed class LauncherTests
{
    private static async Task<RunResult> RunAsync(TestFolder folder, string name, string script)
    {
        Directory.CreateDirectory(folder["bin"]);
        File.SetUnixFileMode(folder.Write("bin/" + name, "#!/bin/sh\n" + script + "\n"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("bash", [Path.Combine(PalisadeProgram.Root, "palisade"), "--version"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = folder["bin"] + ":" + Environment.GetEnvironmentVariable("PATH");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new RunResult(process.ExitCode, await output, await error);
    }

    [Fact]
    public async Task Another_processor_is_named_before_anything_is_built()
    {
        using var folder = new TestFolder();
        var run = await RunAsync(folder, "uname", "[ \"$1\" = -m ] && echo aarch64 || echo Linux");
        Assert.Equal((4, ""), (run.Code, run.Out));
        Assert.Equal(1, run.Err.Count(c => c == '\n'));
        Assert.Contains("runs on Linux x86-64; here is Linux aarch64", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_system_is_named()
    {
        using var folder = new TestFolder();
        var run = await RunAsync(folder, "uname", "[ \"$1\" = -m ] && echo x86_64 || echo Darwin");
        Assert.Equal(4, run.Code);
        Assert.Contains("here is Darwin x86_64", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_C_library_is_said_with_what_to_use_instead()
    {
        using var folder = new TestFolder();
        var run = await RunAsync(folder, "getconf", "exit 1");
        Assert.Equal((4, ""), (run.Code, run.Out));
        Assert.Contains("needs glibc", run.Err, StringComparison.Ordinal);
        Assert.Contains("Use a glibc container or host", run.Err, StringComparison.Ordinal);
    }
}
