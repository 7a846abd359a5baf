using Palisade.Server.Configuration;

namespace Palisade.Cli.Doctor;

/// <summary>One thing the doctor looks at. It reads and changes nothing, also while a server runs.</summary>
internal interface IDoctorCheck
{
    /// <summary>Stable, lower case: what is typed behind <c>doctor</c>.</summary>
    string Name { get; }

    /// <summary>Means nothing while the configuration cannot be read.</summary>
    bool NeedsConfiguration { get; }

    /// <summary>Looks. At least one result; an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> becomes a problem.</summary>
    Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop);
}

/// <summary>What checks look at.</summary>
/// <param name="Options">The configuration; defaults where it cannot be read.</param>
/// <param name="ConfigurationProblems">Every mistake of the configuration; empty when it is right.</param>
/// <param name="ConfigurationFile">The file it was read from; null: none.</param>
/// <param name="ServerProcess">Process of the server that has the data directory open; null: none.</param>
internal sealed record DoctorContext(
    ServerOptions Options, IReadOnlyList<string> ConfigurationProblems, string? ConfigurationFile, int? ServerProcess, TimeProvider Clock)
{
    public string Data => Options.Data.PathOf("");
    public string Journal => Options.Data.PathOf("journal");
    public string JournalKey => Options.Data.JournalKey;
}
