using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Palisade.Cli.Tests.Doctor;

public sealed class CertificateCheckTests
{
    private static void Make(TestFolder folder, int fromDays, int toDays, bool otherKey = false)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=logs.example.com", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(fromDays), now.AddDays(toDays));
        Directory.CreateDirectory(folder["data/tls"]);
        folder.Write("data/tls/server.pem", certificate.ExportCertificatePem());
        File.SetUnixFileMode(folder.Write("data/tls/server.key", (otherKey ? other : key).ExportPkcs8PrivateKeyPem()), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData(-10, 100, false, 0, "ok       certificates")]
    [InlineData(-10, 10, false, 0, "warning  certificates")]
    [InlineData(-10, -1, false, 3, "problem  certificates")]
    [InlineData(5, 50, false, 3, "problem  certificates")]
    [InlineData(-10, 100, true, 3, "problem  certificates")]
    public async Task The_certificate_of_a_listener_is_looked_at(int fromDays, int toDays, bool otherKey, int code, string line)
    {
        using var folder = new TestFolder();
        Make(folder, fromDays, toDays, otherKey);
        var run = await PalisadeProgram.RunAsync("doctor", "certificates", "--data", folder["data"]);
        Assert.Equal(code, run.Code);
        Assert.StartsWith(line, run.Out, StringComparison.Ordinal);
        if (line[0] != 'o') Assert.Contains(folder["data/tls/server."], run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_certificate_is_no_problem_while_none_is_asked_for()
    {
        using var folder = new TestFolder();
        Assert.Equal(0, (await PalisadeProgram.RunAsync("doctor", "certificates", "--data", folder["data"])).Code);
    }
}
