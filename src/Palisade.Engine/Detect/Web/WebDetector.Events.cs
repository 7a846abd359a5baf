using Palisade.Protocol;

namespace Palisade.Engine.Detect.Web;

public sealed partial class WebDetector
{
    /// <summary>Judges every event that is an HTTP request; findings come in event order, the strongest of an event first.</summary>
    public void Detect(EventBatch events, FindingList findings)
    {
        var scratch = Rent();
        var verdicts = scratch.Verdicts;
        for (var i = 0; i < events.Count; i++)
        {
            if (!TryRequest(events, i, out var request)) continue;
            var n = Classify(request, scratch, verdicts);
            for (var v = 0; v < n; v++) findings.Add(FindingOf(events, i, verdicts[v]));
        }
        idle.Enqueue(scratch);
    }

    private static bool TryRequest(EventBatch events, int index, out WebRequest request)
    {
        var target = events.Get(index, Fields.UrlOriginal);
        var path = events.Get(index, Fields.UrlPath);
        var method = events.Get(index, Fields.HttpRequestMethod);
        request = default;
        if (target.IsEmpty && path.IsEmpty && method.IsEmpty) return false;
        // The paths of a cluster's own interface are what scans of web sites ask for; there they are daily work.
        if (events.Get(index, Fields.EventDataset).SequenceEqual("kubernetes.audit"u8)) return false;
        request = new WebRequest
        {
            Target = target,
            Path = path,
            Query = events.Get(index, Fields.UrlQuery),
            UserAgent = events.Get(index, Fields.UserAgentOriginal),
            Referrer = events.Get(index, Fields.HttpRequestReferrer),
            Body = events.Get(index, Fields.HttpRequestBodyContent),
            Method = method,
            User = events.Get(index, Fields.UserName),
            Status = events.Get(index, Fields.HttpResponseStatusCode),
        };
        return true;
    }

    private static Finding FindingOf(EventBatch events, int index, in WebVerdict verdict)
    {
        var field = verdict.Part switch
        {
            WebPart.UserAgent => Fields.UserAgentOriginal,
            WebPart.Referrer => Fields.HttpRequestReferrer,
            WebPart.Body => Fields.HttpRequestBodyContent,
            _ when verdict.InTarget => Fields.UrlOriginal,
            WebPart.Path => Fields.UrlPath,
            _ => Fields.UrlQuery,
        };
        return new Finding(index, verdict.Rule, verdict.Outcome, field, verdict.Offset, verdict.Length, verdict.Technique) { Confidence = verdict.Confidence };
    }
}
