namespace Palisade.Server.Configuration;

/// <summary>The configuration is wrong. Holds all problems, each with its key path.</summary>
public sealed class ConfigException(IReadOnlyList<string> problems)
    : Exception("configuration: " + string.Join("; ", problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
