namespace Palisade.Cli;

/// <summary>Ends the program with a message for the person at the terminal and an exit code of <see cref="ExitCodes"/>.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
