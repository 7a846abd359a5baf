using System.Diagnostics;

namespace Palisade.Cli.Bench;

/// <summary>A program measured as a user runs it, from its start to its end.</summary>
internal static class WholeProgram
{
    /// <summary>Seconds it takes; what it prints is read and thrown away.</summary>
    /// <exception cref="CliException">It ended with another code than 0.</exception>
    public static async Task<double> TimeAsync(string program, IEnumerable<string> arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var info = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in arguments) info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, 1 << 20, cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0) throw new CliException(ExitCodes.Internal, $"{program} ended with exit code {process.ExitCode}: {await error}");
        return time.GetElapsedTime(start).TotalSeconds;
    }
}

/// <summary>The fastest analyser of access logs that everybody knows, as a yardstick on the same machine in the same run.</summary>
internal static class GoAccess
{
    private const string Program = "/usr/bin/goaccess";

    /// <summary>Seconds it takes for a combined access log; null where it is not installed.</summary>
    public static async Task<double?> TimeAsync(string log, BenchContext context, CancellationToken cancellationToken) => !File.Exists(Program) ? null :
        await WholeProgram.TimeAsync(Program, [log, "--log-format=COMBINED", "--no-progress", "-o", Path.Combine(context.Folder, "report.json")], context.Time, cancellationToken);
}
