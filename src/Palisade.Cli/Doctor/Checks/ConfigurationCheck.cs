namespace Palisade.Cli.Doctor.Checks;

/// <summary>The configuration, read by the server's own code: every mistake at once.</summary>
internal sealed class ConfigurationCheck : IDoctorCheck
{
    public string Name => "configuration";
    public bool NeedsConfiguration => false;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var from = context.ConfigurationFile ?? "no palisade.json here: defaults, environment and flags";
        return Task.FromResult<IReadOnlyList<CheckResult>>(context.ConfigurationProblems.Count == 0
            ? [CheckResult.Ok(from)]
            : [.. context.ConfigurationProblems.Select(p => CheckResult.Wrong(p, $"Change it ({context.ConfigurationFile ?? "environment PALISADE__… or a flag"}); docs/reference/configuration.md has every key."))]);
    }
}
