using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Palisade.Cli.Tests;

/// <summary>What a run of the program left behind.</summary>
internal sealed record RunResult(int Code, string Out, string Err)
{
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs the built program as its users do: a process, words, standard input, exit code.</summary>
internal static class PalisadeProgram
{
    public static readonly string Root = Path.GetFullPath(Path.Combine(Here(), "..", ".."));
    private static readonly string Program = Path.Combine(Root, "artifacts", "bin", "Palisade.Cli", "release_linux-x64", "palisade");

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    public static Task<RunResult> RunAsync(params string[] words) => RunAsync([], words);

    public static Task<RunResult> RunAsync(byte[] input, string[] words) => RunAsync(Program, input, words);

    /// <summary>A copy of the program's folder whose files can be replaced one by one. Gives its path.</summary>
    public static async Task<string> CopyAsync(string folder)
    {
        using var copy = Process.Start("cp", ["-r", Path.GetDirectoryName(Program)!, folder]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, copy.ExitCode);
        return Path.Combine(folder, "palisade");
    }

    public static async Task<RunResult> RunAsync(string program, byte[] input, string[] words)
    {
        var cancel = TestContext.Current.CancellationToken;
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            StandardOutputEncoding = new UTF8Encoding(false), StandardErrorEncoding = new UTF8Encoding(false),
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var error = process.StandardError.ReadToEndAsync(cancel);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input, cancel);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended without reading its input, as it may; its exit code tells.
        }
        await process.WaitForExitAsync(cancel);
        return new RunResult(process.ExitCode, await output, await error);
    }
}

/// <summary>A folder for one test's files, gone afterwards.</summary>
internal sealed class TestFolder : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("palisade-cli-").FullName;

    public string this[string name] => Path.Combine(folder, name);

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
