using Palisade.Server.Console;

namespace Palisade.Server.Tests.Console;

public sealed class AttackFamiliesTests
{
    // The closed list of attack classes, as the contract names it.
    private const string Contract = """
        sqli nosqli xss path_traversal lfi rfi cmdi rce ssti ssrf xxe ldapi crlf open_redirect deserialization log4shell webshell scanner probe brute_force
        credential_stuffing http_flood scraper idor sms_abuse coupon_abuse payment_forgery data_export authentication execution persistence
        privilege_escalation defense_evasion credential_access discovery lateral_movement collection command_and_control exfiltration impact initial_access
        reconnaissance policy other
        """;

    [Fact]
    public void Every_class_of_the_closed_list_has_a_colour_and_a_name_in_both_languages()
    {
        var texts = new TextCatalogue();
        var classes = Contract.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.Equal(classes.Order(), AttackFamilies.Classes.Order());
        foreach (var language in TextCatalogue.Languages)
        {
            Assert.All(classes, c => Assert.True(texts.Has(language, "class." + c)));
            Assert.All(AttackFamilies.All, f => Assert.True(texts.Has(language, "family." + f) && texts.Has(language, "short." + f)));
        }
    }

    [Fact]
    public void A_class_nobody_knows_is_other() => Assert.Equal("other", AttackFamilies.Of("no-such-class"));
}
