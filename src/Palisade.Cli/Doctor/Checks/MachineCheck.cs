using System.Runtime.InteropServices;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Processor and C library, for which the embedded event store is made.</summary>
internal sealed class MachineCheck : IDoctorCheck
{
    public string Name => "machine";
    public bool NeedsConfiguration => false;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var glibc = Linux.GlibcVersion();
        var here = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {(glibc is null ? "no glibc" : "glibc " + glibc)}, {RuntimeInformation.FrameworkDescription}";
        var fits = RuntimeInformation.ProcessArchitecture == Architecture.X64 && glibc is not null;
        return Task.FromResult<IReadOnlyList<CheckResult>>([fits || !context.Options.Storage.Embedded
            ? CheckResult.Ok(here)
            : CheckResult.Missing($"the embedded event store needs Linux on x86-64 with glibc; here is {here}", "Use a glibc host or container (Debian, Ubuntu, RHEL ...), or set Storage:Url to a ClickHouse server.")]);
    }
}
