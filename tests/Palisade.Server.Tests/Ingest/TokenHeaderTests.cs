using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class TokenHeaderTests
{
    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Every_form_of_the_contract_is_read()
    {
        Assert.Equal("T1", TokenHeader.Candidates("Bearer T1").First);
        Assert.Equal("T1", TokenHeader.Candidates("bearer  T1 ").First);
        Assert.Equal("T1", TokenHeader.Candidates("Splunk T1").First);
        Assert.Equal("T1", TokenHeader.Candidates("ApiKey T1").First);
        Assert.Equal("T1", TokenHeader.Candidates("ApiKey " + Base64("any-id:T1")).Second);
        Assert.Equal("T1", TokenHeader.Candidates("Basic " + Base64("anyone:T1")).First);
        Assert.Equal("T:1", TokenHeader.Candidates("Basic " + Base64(":T:1")).First);
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("Bearer"), InlineData("Bearer "), InlineData(" T1"), InlineData("Digest abc")]
    [InlineData("Basic !!!"), InlineData("Basic YWJj")]
    public void Anything_else_is_no_token(string? header) => Assert.Equal((null, null), TokenHeader.Candidates(header));

    [Fact]
    public void A_very_long_header_is_not_read() => Assert.Equal((null, null), TokenHeader.Candidates("Bearer " + new string('x', 5000)));
}
