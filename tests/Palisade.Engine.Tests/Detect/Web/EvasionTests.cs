using System.Text;
using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>What people do to a payload so that filters do not see it.</summary>
public sealed class EvasionTests
{
    private static readonly (string Class, string Payload)[] Payloads =
    [
        ("sqli", "7' union select login,secret from staff-- "),
        ("xss", "<script>confirm(17)</script>"),
        ("path_traversal", "../../../../srv/keys/site.key"),
        ("cmdi", "; cat /srv/keys/site.key"),
    ];

    public static TheoryData<string, string> Encodings()
    {
        var data = new TheoryData<string, string>();
        foreach (var (attack, payload) in Payloads)
        {
            data.Add(attack, Percent(payload));
            data.Add(attack, Percent(Percent(payload)));
            data.Add(attack, Percent(Percent(Percent(payload))));
            data.Add(attack, string.Concat(payload.Select(c => $"%u{(int)c:x4}")));
            data.Add(attack, string.Concat(payload.Select(c => c is > ' ' and < '\x7f' ? Percent(((char)(c + 0xFEE0)).ToString()) : Percent(c.ToString()))));
            data.Add(attack, string.Concat(payload.Select(c => $"\\x{(int)c:X2}")));
            data.Add(attack, Percent(string.Concat(payload.Select(c => $"&#{(int)c};"))));
            data.Add(attack, Percent(string.Concat(payload.Select((c, i) => i % 2 == 0 ? char.ToUpperInvariant(c) : c))));
            data.Add(attack, Convert.ToBase64String(Encoding.ASCII.GetBytes(payload)));
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Encoding_a_payload_does_not_hide_it(string attack, string value) => Assert.Equal(attack, WebSamples.ClassOf("/item?v=" + value));

    [Theory]
    [InlineData("sqli", "/item?id=7%2f*x*/union%2f**%2fselect/*y*/1,2")]
    [InlineData("sqli", "/item?id=-7%23x%0aunion%23y%0aselect%201,2")]
    [InlineData("sqli", "/item?id=7.union%20select%201,2")]
    [InlineData("sqli", "/item?id=7'/*!50000union*/%20/*!50000select*/1,2")]
    [InlineData("cmdi", "/ping?host=;c''a''t%20/srv/keys/a")]
    [InlineData("cmdi", "/ping?host=;c$@at%20/srv/keys/a")]
    [InlineData("cmdi", "/ping?host=;who``ami")]
    [InlineData("cmdi", "/ping?host=;/b[i]n/ca?%20/srv/keys")]
    [InlineData("rce", "/run?x=('sys'.'tem')('whoami');")]
    [InlineData("rce", "/run?x=exec/*%20not%20a%20call%20*/(%22ls%22)")]
    [InlineData("path_traversal", "/get?f=%e0%80%ae%e0%80%ae/%e0%80%ae%e0%80%ae/%e0%80%ae%e0%80%ae/srv/keys")]
    [InlineData("path_traversal", "/get?f=....//....//....//srv/keys")]
    [InlineData("path_traversal", "/get?f=..%5c..%5c..%5csrv%5ckeys")]
    public void Rewriting_a_payload_does_not_hide_it(string attack, string target) => Assert.Equal(attack, WebSamples.ClassOf(target));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Eight_kilobytes_around_a_payload_do_not_hide_it(bool before)
    {
        foreach (var (attack, payload) in Payloads.Take(3))
        {
            var padding = new string('a', 8192) + "%20";
            Assert.Equal(attack, WebSamples.ClassOf("/item?v=" + (before ? padding + Percent(payload) : Percent(payload) + "%20" + padding)));
        }
    }

    [Fact]
    public void A_payload_behind_many_parameters_and_of_a_repeated_name_is_found()
    {
        var many = string.Concat(Enumerable.Range(0, 600).Select(i => $"p{i}=v{i}&"));
        Assert.Equal("sqli", WebSamples.ClassOf("/item?" + many + "id=7'%20union%20select%201,2--%20"));
        Assert.Equal("sqli", WebSamples.ClassOf("/item?id=1&id=7'%20union%20select%201,2--%20&id=3"));
    }

    [Fact]
    public void A_payload_in_a_parameters_name_is_found() => Assert.Equal("nosqli", WebSamples.ClassOf("/login?user%5B%24ne%5D=x"));

    private static string Percent(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"%{b:X2}"));
}
