using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Palisade.Server.Configuration;

namespace Palisade.Cli.Doctor.Checks;

/// <summary>Every certificate that the configuration names (<see cref="ServerOptions.Certificates"/>): readable, valid now and for a while, with its key.</summary>
internal sealed class CertificateCheck : IDoctorCheck
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(21);

    public string Name => "certificates";
    public bool NeedsConfiguration => true;

    public Task<IReadOnlyList<CheckResult>> LookAsync(DoctorContext context, CancellationToken stop)
    {
        var found = context.Options.Certificates().Select(c => Look(c, context.Clock.GetUtcNow())).ToList();
        return Task.FromResult<IReadOnlyList<CheckResult>>(found.Count > 0 ? found : [CheckResult.Ok("none configured")]);
    }

    internal static CheckResult Look(CertificateFile file, DateTimeOffset now)
    {
        foreach (var path in new[] { file.Certificate, file.Key }.Where(p => p.Length > 0 && !File.Exists(p)))
        {
            return file.Needed
                ? CheckResult.Missing($"{file.Setting}: {path} does not exist", "Put the file there, or correct the setting.")
                : CheckResult.Ok($"{file.Setting}: {path} does not exist, so this stays off");
        }
        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(file.Certificate, file.Key.Length > 0 ? file.Key : null);
            var what = $"{file.Setting}: {file.Certificate} ({certificate.Subject})";
            DateTimeOffset from = certificate.NotBefore.ToUniversalTime(), to = certificate.NotAfter.ToUniversalTime();
            if (now < from) return CheckResult.Wrong($"{what} is valid only from {from:u}", "Check the clock; else get a new certificate.");
            if (now >= to) return CheckResult.Wrong($"{what} expired at {to:u}", "Get a new certificate; senders refuse this one.");
            return to - now < Soon
                ? CheckResult.Warning($"{what} expires at {to:u}", "Renew it now.")
                : CheckResult.Ok($"{what} is valid until {to:u}");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return CheckResult.Wrong($"{file.Setting}: {file.Certificate} cannot be used: {e.Message}", "Both files are PEM, the key is not encrypted, and belongs to the first certificate of the file.");
        }
    }
}
