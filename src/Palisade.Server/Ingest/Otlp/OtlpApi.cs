namespace Palisade.Server.Ingest;

/// <summary>OTLP/HTTP logs: protobuf or JSON, answered in kind; statuses and Retry-After as the OTLP specification has them.</summary>
internal static class OtlpApi
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/ingest/otlp/v1/logs", ReceiveAsync).ExcludeFromDescription().DisableAntiforgery().AllowAnonymous();

    private static async Task ReceiveAsync(HttpContext http, IngestHttp ingest)
    {
        var type = http.Request.ContentType.AsSpan();
        if (type.IndexOf(';') is > 0 and var end) type = type[..end];
        var json = type.Trim().Equals(OtlpAnswer.Json, StringComparison.OrdinalIgnoreCase);
        var known = json || type.Trim().Equals(OtlpAnswer.Protobuf, StringComparison.OrdinalIgnoreCase);
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await ErrorAsync(http, ingest, json, grant.Refusal); return; }
        var source = await ingest.SourceByTokenAsync(http, grant, "otlp");
        var lane = new IngestLane(grant.Tenant, source.Source);
        var refusal = source.Refusal != IngestRefusal.None ? source.Refusal : known ? IngestRefusal.None : IngestRefusal.UnknownEncoding;
        if (refusal != IngestRefusal.None)
        {
            ingest.Gate.Refuse(lane, refusal);
            await ErrorAsync(http, ingest, json || !known, refusal, known ? null : "Content-Type is to be application/x-protobuf or application/json.");
            return;
        }
        using var body = await ingest.ReadBodyAsync(http, lane);
        if (body.Refusal != IngestRefusal.None) { await ErrorAsync(http, ingest, json, body.Refusal); return; }
        if (!(json ? OtlpJson.TryCount(body.Bytes, out var count) : OtlpProtobuf.TryCount(body.Bytes, out count)))
        {
            ingest.Gate.Refuse(lane, IngestRefusal.BadDocument);
            await ErrorAsync(http, ingest, json, IngestRefusal.BadDocument, "Not an ExportLogsServiceRequest.");
            return;
        }
        // A sender told to come back sends all of it again: a body that will not fit is turned away before any of it is taken.
        if (!ingest.Gate.HasRoom(body.Length)) { await ErrorAsync(http, ingest, json, IngestRefusal.JournalFull); return; }
        var resend = ingest.Resend(lane, OtlpRun.Records(body.Memory, json, ingest.Options));
        var run = new OtlpRun(ingest, lane, body.Memory, json, resend);
        await IngestHttp.AnswerAsync(http, resend, () => RunAsync(http, ingest, run, resend, json, count));
    }

    private static async Task RunAsync(HttpContext http, IngestHttp ingest, OtlpRun run, BodyResend resend, bool json, long count)
    {
        while (count > 0 && !run.Go()) await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        // The sender will send all of it again: what went in is to be known then.
        if (run.Stopped != IngestRefusal.None) resend.Leave();
        if (run.Stopped != IngestRefusal.None) { await ErrorAsync(http, ingest, json, run.Stopped); return; }
        var reasons = string.Join(", ", run.Refused.Select(r => $"{IngestHttp.Code(r.Key)} {r.Value}"));
        await WriteAsync(http, json, OtlpAnswer.Success(json, run.Refused.Values.Sum(), $"log records refused: {reasons}"));
    }

    private static async Task ErrorAsync(HttpContext http, IngestHttp ingest, bool json, IngestRefusal refusal, string? message = null)
    {
        await ingest.Gate.CommitAsync(0, http.RequestAborted);
        ingest.Prepare(http, refusal);
        // Senders take 429 and 503 as "later"; both say when.
        if (refusal == IngestRefusal.JournalError) http.Response.Headers.RetryAfter = ingest.Options.RetryAfterSeconds.ToString();
        await WriteAsync(http, json, OtlpAnswer.Status(json, OtlpAnswer.Code(refusal), message ?? ingest.Explain(refusal)));
    }

    private static async Task WriteAsync(HttpContext http, bool json, byte[] answer)
    {
        http.Response.ContentType = json ? OtlpAnswer.Json : OtlpAnswer.Protobuf;
        http.Response.ContentLength = answer.Length;
        await http.Response.Body.WriteAsync(answer, http.RequestAborted);
    }
}
