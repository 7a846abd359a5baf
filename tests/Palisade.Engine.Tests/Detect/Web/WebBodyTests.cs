using System.Text;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class WebBodyTests
{
    [Theory]
    [InlineData("sqli", "name=a&id=7%27+union+select+1%2C2--+")]
    [InlineData("sqli", """{"name":"a","id":"7' union select 1,2-- "}""")]
    [InlineData("xss", """{"note":["\u003cscript\u003econfirm(17)\u003c\/script\u003e"]}""")]
    [InlineData("nosqli", """{"user":{"$ne":"x"},"password":{"$gt":""}}""")]
    [InlineData("xxe", """<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e SYSTEM "file:///srv/keys">]><r>&e;</r>""")]
    [InlineData("cmdi", """<order><host a="1">;cat /srv/keys/site.key</host></order>""")]
    [InlineData("sqli", "--b\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n7' union select 1,2-- \r\n--b--\r\n")]
    [InlineData("rce", "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.gif\"\r\n\r\nGIF89a<?php system($_GET[1]); ?>\r\n--b--\r\n")]
    public void An_attack_in_a_body_is_found_whatever_its_form(string attack, string body) => Assert.Equal(attack, Judge(body)?.Rule.Class);

    [Theory]
    [InlineData("name=Ann+O%27Neil&city=Cork&note=see+you+at+7")]
    [InlineData("""{"q":"men's watch \"steel\"","page":2,"tags":["a-b","c"]}""")]
    [InlineData("""<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><price unit="EUR">12</price></e:Body></e:Envelope>""")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"notes.md\"\r\n\r\nrun `whoami` in the shell\r\n--b--\r\n")]
    [InlineData("{")]
    [InlineData("--")]
    [InlineData("<")]
    [InlineData("<a b=")]
    public void Ordinary_and_broken_bodies_stay_quiet(string body) => Assert.Null(Judge(body));

    [Fact]
    public void Evidence_in_a_body_points_into_the_body()
    {
        var events = new EventBatch();
        events.Begin(new RecordInfo(1, 0, 1, 0, -1), "x"u8);
        events.Add(Fields.UrlPath, "/item"u8);
        events.Add(Fields.HttpRequestBodyContent, "a=1&id=7+union+select+1,2"u8);
        var findings = new FindingList();
        WebSamples.Detector.Detect(events, findings);
        var finding = Assert.Single(findings.Items.ToArray());
        Assert.Equal(Fields.HttpRequestBodyContent, finding.Field);
        Assert.Equal("7+union+select+1,2", Encoding.UTF8.GetString(events.Get(0, finding.Field).Slice(finding.Offset, finding.Length)));
    }

    private static WebVerdict? Judge(string body)
    {
        var verdicts = new WebVerdict[4];
        var request = new WebRequest { Target = "/item"u8, Body = Encoding.UTF8.GetBytes(body), Method = "POST"u8, Status = "200"u8 };
        return WebSamples.Detector.Classify(request, verdicts) == 0 ? null : verdicts[0];
    }
}
