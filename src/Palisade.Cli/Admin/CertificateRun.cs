using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Ingest;
using Palisade.Server.Tenants;

namespace Palisade.Cli.Admin;

/// <summary><c>admin certificate create</c>: a certificate for trying out, in its default place.</summary>
internal static class CertificateRun
{
    private const int MaxDays = 3650;

    public static async Task<int> CreateAsync(string data, string[] names, int days, CancellationToken stop)
    {
        if (days is < 1 or > MaxDays) throw new CliException(ExitCodes.Usage, $"--days must be 1 to {MaxDays}.");
        foreach (var name in names)
            if (Uri.CheckHostName(name) == UriHostNameType.Unknown) throw new CliException(ExitCodes.Usage, $"--name '{name}' is neither a host name nor an address.");
        var defaults = new TlsOptions();
        var folder = Path.GetFullPath(data);
        var (certificate, key) = (Path.Combine(folder, defaults.Certificate), Path.Combine(folder, defaults.Key));
        foreach (var file in new[] { certificate, key })
            if (File.Exists(file)) throw new CliException(ExitCodes.BadInput, $"{file} is there already. Move it away first; senders may rely on it.");
        await using var services = await AdminRun.OpenAsync(data, stop);
        var fingerprint = SelfSignedCertificate.Create(names, TimeProvider.System.GetUtcNow(), days, certificate, key);
        await services.GetRequiredService<ControlDbFactory>().ChangeAsync(TenantContext.System, db =>
            AuditLog.AppendAsync(db, 0, Actor.CommandLine, "certificate.created", names[0], new { names, days, fingerprint }, TimeProvider.System.GetUtcNow(), stop), stop);
        Console.WriteLine(certificate);
        Console.Error.WriteLine($"SHA-256 {fingerprint}. Private key: {key}. Start the server again if it ran without a certificate.");
        return ExitCodes.Done;
    }
}
