using Palisade.Server.Ingest;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Certificates of the listeners with TLS. Another use of certificates joins by a line in <see cref="Problems"/>.</summary>
internal sealed class CertificateCheck : IDoctorCheck
{
    public string Name => "certificates";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var wrong = Problems(context, 0).ToArray();
        var all = wrong.Union(Problems(context, CertificateFiles.WarningDays)).ToArray();
        return Task.FromResult<IReadOnlyList<CheckResult>>(all.Length == 0
            ? [CheckResult.Ok("nothing is wrong with those that are configured")]
            : [.. all.Select(text => wrong.Contains(text)
                ? CheckResult.Wrong(text, "docs/guides/senders.md says how to make one; the listener's Tls section names the files.")
                : CheckResult.Warning(text, "Renew it now."))]);
    }

    private static IEnumerable<string> Problems(DoctorContext context, int days) =>
        CertificateFiles.Problems(context.Options.Ingest, context.Data, context.Clock.GetUtcNow(), days);
}
