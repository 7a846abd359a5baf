namespace Palisade.Cli.Doctor;

internal enum CheckState { Ok, Warning, Problem }

/// <summary>One thing a check has found.</summary>
/// <param name="Text">What is so, in a sentence.</param>
/// <param name="Mend">What to do about it; empty where nothing is wrong.</param>
/// <param name="Written">The fault is in what is written (configuration, rules, stored data): exit code 3, else 4.</param>
internal sealed record CheckResult(CheckState State, string Text, string Mend = "", bool Written = false)
{
    public static CheckResult Ok(string text) => new(CheckState.Ok, text);
    public static CheckResult Warning(string text, string mend) => new(CheckState.Warning, text, mend);
    /// <summary>Something that is needed is not there or not ours.</summary>
    public static CheckResult Missing(string text, string mend) => new(CheckState.Problem, text, mend);
    /// <summary>Something that is there is wrong in itself.</summary>
    public static CheckResult Wrong(string text, string mend) => new(CheckState.Problem, text, mend, Written: true);
}
