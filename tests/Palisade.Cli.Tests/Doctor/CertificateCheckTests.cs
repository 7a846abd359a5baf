using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Palisade.Cli.Doctor;
using Palisade.Cli.Doctor.Checks;
using Palisade.Server.Configuration;

namespace Palisade.Cli.Tests.Doctor;

public sealed class CertificateCheckTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    private static CertificateFile Make(TestFolder folder, int fromDays, int toDays, bool otherKey = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=logs.example.com", key, HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddDays(fromDays), Now.AddDays(toDays));
        return new CertificateFile("Ingest:SyslogTls:0:Certificate", folder.Write("server.pem", certificate.ExportCertificatePem()),
            folder.Write("server.key", (otherKey ? other : key).ExportPkcs8PrivateKeyPem()), Needed: true);
    }

    [Theory]
    [InlineData(-10, 100, CheckState.Ok, "is valid until")]
    [InlineData(-10, 10, CheckState.Warning, "expires at")]
    [InlineData(-10, -1, CheckState.Problem, "expired at")]
    [InlineData(1, 10, CheckState.Problem, "is valid only from")]
    public void The_time_of_a_certificate_is_looked_at(int fromDays, int toDays, object state, string text)
    {
        using var folder = new TestFolder();
        var result = CertificateCheck.Look(Make(folder, fromDays, toDays), Now);
        Assert.Equal(state, result.State);
        Assert.Contains(text, result.Text, StringComparison.Ordinal);
        Assert.Contains("CN=logs.example.com", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_another_certificate_is_a_problem()
    {
        using var folder = new TestFolder();
        var result = CertificateCheck.Look(Make(folder, -10, 100, otherKey: true), Now);
        Assert.Equal((CheckState.Problem, true), (result.State, result.Written));
    }

    [Fact]
    public void A_file_that_is_no_certificate_is_a_problem()
    {
        using var folder = new TestFolder();
        var file = Make(folder, -10, 100);
        File.WriteAllText(file.Certificate, "no certificate");
        Assert.Equal((CheckState.Problem, true), (CertificateCheck.Look(file, Now).State, CertificateCheck.Look(file, Now).Written));
    }

    [Fact]
    public void A_file_that_is_not_there_matters_only_where_it_is_needed()
    {
        var file = new CertificateFile("Ingest:SyslogTls:0:Certificate", "/nowhere/server.pem", "", Needed: true);
        Assert.Equal(CheckState.Problem, CertificateCheck.Look(file, Now).State);
        Assert.Equal(CheckState.Ok, CertificateCheck.Look(file with { Needed = false }, Now).State);
    }
}
