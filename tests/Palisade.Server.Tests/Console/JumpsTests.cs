using Palisade.Server.Console;
using Palisade.Server.Console.Layout;
using Palisade.Server.Identity;

namespace Palisade.Server.Tests.Console;

/// <summary>What the field in the top bar takes for what.</summary>
public sealed class JumpsTests
{
    private static readonly Scene Scene = new(
        new ConsoleUser(Guid.Empty, "owner@example.com", "Owner", []), new Place(7, "shop", "Shop", Role.Owner, "UTC"), TimeRange.Parse(null, null, DateTimeOffset.UnixEpoch));

    [Theory]
    [InlineData("203.0.113.9", "t/shop/attackers/203.0.113.9")]
    [InlineData("2001:db8::7", "t/shop/attackers/2001%3Adb8%3A%3A7")]
    [InlineData("203.0.113.9/24", "t/shop/attackers/203.0.113.0/24")]
    [InlineData("inci", "t/shop/incidents")]
    [InlineData("203.0", "t/shop/alerts?status=all&q=203.0")]
    [InlineData("1", "t/shop/alerts?status=all&q=1")]
    [InlineData("pay-admin-02", "t/shop/alerts?status=all&q=pay-admin-02")]
    public void An_address_leads_to_its_attacker_and_a_name_to_its_page(string wanted, string expected) =>
        Assert.Equal(expected, Jumps.To(Scene, new Ui(new TextCatalogue(), TimeProvider.System), wanted));
}
