using Palisade.Server.Control;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>The control store: readable, whole, and not of a newer version.</summary>
internal sealed class ControlCheck : IDoctorCheck
{
    public string Name => "control";
    public bool NeedsConfiguration => true;

    public async Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var seen = await ControlExaminer.ExamineAsync(context.Options, stop);
        if (!seen.Exists) return [CheckResult.Ok($"{seen.Where} is not made yet; the first start makes it")];
        var found = new List<CheckResult>();
        if (seen.Unreachable.Length > 0)
            found.Add(CheckResult.Missing($"{seen.Where} does not answer: {seen.Unreachable}", "Start the PostgreSQL server, or correct Control:ConnectionString."));
        foreach (var damage in seen.Damages)
            found.Add(CheckResult.Wrong($"{seen.Where}: {damage}", "Stop Palisade, keep a copy of the file, and restore a backup; check the disk (smartctl)."));
        foreach (var newer in seen.Newer)
            found.Add(CheckResult.Wrong($"{seen.Where} was written by a newer version of Palisade (schema {newer})", "Start that version, or restore a backup made by this one."));
        if (found.Count == 0)
            found.Add(CheckResult.Ok(seen.Pending.Count == 0 ? $"{seen.Where} is whole and of this version" : $"{seen.Where} is whole; the next start brings it to this version ({seen.Pending.Count} steps)"));
        return found;
    }
}
