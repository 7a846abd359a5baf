using System.Text;
using Palisade.Engine.Parse;

namespace Palisade.Engine.Tests.Parse;

public class EndpointTests
{
    [Theory]
    [InlineData("203.0.113.9", true)]
    [InlineData("203.0.113.256", false)]
    [InlineData("2001:db8::9", true)]
    [InlineData("[2001:db8::9]", true)]
    [InlineData("fe80::1%eth0", true)]
    [InlineData("::ffff:203.0.113.9", true)]
    [InlineData("2001:db8::9::1", false)]
    [InlineData("10:00:00", false)]
    [InlineData("db:cafe", false)]
    public void An_address_is_told_from_what_looks_like_one(string text, bool expected) => Assert.Equal(expected, Endpoint.IsAddress(Encoding.UTF8.GetBytes(text)));
}
