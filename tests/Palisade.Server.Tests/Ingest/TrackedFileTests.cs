using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class TrackedFileTests
{
    [Theory]
    [InlineData("/l/access.log", "/l/access.log.1"), InlineData("/l/access.log", "/l/access.log.12.gz"), InlineData("/l/access.log", "/l/access.log-20261125")]
    [InlineData("/l/access.log", "/l/access-20261125.log"), InlineData("/l/access.log", "/l/access-2026-11-25.log.gz"), InlineData("/l/app_3.out", "/l/app.out")]
    public void Rotation_keeps_the_family(string one, string other) => Assert.Equal(TrackedFile.Family(one), TrackedFile.Family(other));

    [Theory]
    [InlineData("/l/access.log", "/l/error.log"), InlineData("/l/access.log", "/m/access.log.1"), InlineData("/l/web1.log", "/l/web2.log"), InlineData("/l/a.log", "/l/a.log.bak")]
    public void Others_do_not(string one, string other) => Assert.NotEqual(TrackedFile.Family(one), TrackedFile.Family(other));

    [Fact]
    public void A_file_is_known_by_its_first_bytes()
    {
        var file = new TrackedFile(1, "*");
        file.Remember("abc"u8);
        Assert.True(file.BeginsAs("abcdef"u8));
        Assert.False(file.BeginsAs("abd"u8));
        Assert.False(file.BeginsAs("ab"u8));
    }
}
