using System.Text;
using Palisade.Engine;
using Palisade.Engine.Detect.Web;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>A finding with what a person or script wants to know of its event.</summary>
internal sealed record FindingRow(
    string File, long Line, long TimeMs, RuleInfo Rule, string? Technique, AttackOutcome Outcome, string SourceIp, string Country, string Organisation,
    string Method, string Target, string Status, string Evidence, FindingConfidence Confidence, FoundIn Where)
{
    private const int MaxText = 1024;

    public string Time => DateTimeOffset.FromUnixTimeMilliseconds(TimeMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");
    public string Level => Rule.Level.ToString().ToLowerInvariant();
    public string OutcomeWord => Outcome.ToString().ToLowerInvariant();
    public string ConfidenceWord => Confidence.ToString().ToLowerInvariant();

    /// <summary>How the evidence was decoded; null for findings of rules, which match what is there.</summary>
    public WebEvidence? Explain(WebDetector detector) => Rule.Kind == "web" ? detector.Explain(Rule.Id, Where.Field, Where.Value, Where.Offset, Where.Length) : null;

    public static FindingRow Of(EventBatch events, in Finding finding, string file, long line)
    {
        var at = finding.Event;
        return new FindingRow(
            file, line, events.Header(at).TimeMs, finding.Rule, finding.Technique, finding.Outcome,
            Text(events.Get(at, Fields.SourceIp)), Text(events.Get(at, Fields.SourceGeoCountryIsoCode)), Text(events.Get(at, Fields.SourceAsOrganizationName)),
            Text(events.Get(at, Fields.HttpRequestMethod)), TargetOf(events, at), Text(events.Get(at, Fields.HttpResponseStatusCode)), EvidenceOf(events, finding),
            finding.Confidence, FoundIn.Of(events, finding));
    }

    /// <summary>The path asked for, else the host, else nothing.</summary>
    private static string TargetOf(EventBatch events, int at)
    {
        if (events.TryGet(at, Fields.UrlPath, out var path) && !path.IsEmpty) return Text(path);
        if (events.TryGet(at, Fields.UrlOriginal, out var url) && !url.IsEmpty)
        {
            var question = url.IndexOf((byte)'?');
            return Text(question < 0 ? url : url[..question]);
        }
        return Text(events.Get(at, Fields.HostName));
    }

    private static string EvidenceOf(EventBatch events, in Finding finding)
    {
        var value = finding.Field == 0 ? events.Raw(finding.Event) : events.Get(finding.Event, finding.Field);
        if (finding.Length == 0 || finding.Offset >= value.Length) return "";
        return Text(value.Slice(finding.Offset, Math.Min(finding.Length, value.Length - finding.Offset)));
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8.Length > MaxText ? utf8[..MaxText] : utf8);
}

/// <summary>The value that evidence lies in, kept for findings whose evidence is explained.</summary>
internal readonly record struct FoundIn(ushort Field, byte[] Value, int Offset, int Length)
{
    private const int MaxValue = 8192;

    public static FoundIn Of(EventBatch events, in Finding finding)
    {
        if (finding.Rule.Kind != "web" || finding.Field == 0) return new FoundIn(0, [], 0, 0);
        var value = events.Get(finding.Event, finding.Field);
        return new FoundIn(finding.Field, (value.Length > MaxValue ? value[..MaxValue] : value).ToArray(), finding.Offset, finding.Length);
    }
}
