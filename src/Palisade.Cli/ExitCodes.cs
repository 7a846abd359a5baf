namespace Palisade.Cli;

/// <summary>What the program says to scripts when it ends. Frozen: scripts rely on it.</summary>
internal static class ExitCodes
{
    public const int Done = 0;
    /// <summary>Findings at or above the level of <c>--fail-on</c>.</summary>
    public const int Findings = 1;
    /// <summary>The words on the command line are wrong.</summary>
    public const int Usage = 2;
    /// <summary>Input or content (rules, sources, configuration) is wrong; said with file and line.</summary>
    public const int BadInput = 3;
    /// <summary>A server, a store, a port or a needed part of the machine cannot be reached.</summary>
    public const int Unreachable = 4;
    /// <summary>A fault of ours.</summary>
    public const int Internal = 70;
}
