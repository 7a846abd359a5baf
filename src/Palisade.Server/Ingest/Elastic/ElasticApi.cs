using System.Text;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>
/// As much of Elasticsearch as log shippers need: the version handshake, bulk, and the questions Beats and Logstash ask before
/// they send. Answers follow Elasticsearch's documented shapes.
/// </summary>
internal static class ElasticApi
{
    private const string Prefix = "/ingest/elastic";
    /// <summary>What shippers of the 7 and 8 lines both accept.</summary>
    private const string Version = "8.17.0";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Prefix).ExcludeFromDescription().DisableAntiforgery().AllowAnonymous();
        group.MapMethods("/", ["GET", "HEAD"], HandshakeAsync);
        group.MapMethods("/_bulk", ["POST", "PUT"], (HttpContext http, IngestHttp ingest) => BulkAsync(http, ingest, ""));
        group.MapMethods("/{index}/_bulk", ["POST", "PUT"], (HttpContext http, IngestHttp ingest, string index) => BulkAsync(http, ingest, index));
        group.MapMethods("/_license", ["GET"], (HttpContext http, IngestHttp ingest) =>
            AnswerAsync(http, ingest, """{"license":{"status":"active","uid":"palisade","type":"basic","mode":"basic"}}"""));
        group.MapMethods("/_xpack", ["GET"], (HttpContext http, IngestHttp ingest) =>
            AnswerAsync(http, ingest, """{"license":{"status":"active","uid":"palisade","type":"basic","mode":"basic"},"features":{"ilm":{"available":true,"enabled":false}}}"""));
        group.MapMethods("/_cluster/health", ["GET"], (HttpContext http, IngestHttp ingest) =>
            AnswerAsync(http, ingest, """{"cluster_name":"palisade","status":"green","timed_out":false,"number_of_nodes":1}"""));
        // Templates, policies and aliases are ours to decide: a shipper that asks hears that they are there, one that sets them that it is done.
        foreach (var path in new[] { "/_ilm/policy/{name}", "/_index_template/{name}", "/_component_template/{name}", "/_template/{name}", "/_alias/{name}", "/_data_stream/{name}", "/_ingest/pipeline/{name}" })
            group.MapMethods(path, ["GET", "HEAD", "PUT", "POST"], (HttpContext http, IngestHttp ingest) => AnswerAsync(http, ingest, """{"acknowledged":true}"""));
    }

    private static Task HandshakeAsync(HttpContext http, IngestHttp ingest) => AnswerAsync(http, ingest, $$"""
        {"name":"palisade","cluster_name":"palisade","cluster_uuid":"palisade","version":{"number":"{{Version}}","build_flavor":"default","build_type":"tar","build_hash":"0","build_date":"2026-01-01T00:00:00Z","build_snapshot":false,"lucene_version":"9.12.0","minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},"tagline":"You Know, for Search"}
        """);

    private static async Task AnswerAsync(HttpContext http, IngestHttp ingest, string json)
    {
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await ErrorAsync(http, ingest, grant.Refusal); return; }
        await WriteAsync(http, Encoding.UTF8.GetBytes(json));
    }

    private static async Task BulkAsync(HttpContext http, IngestHttp ingest, string index)
    {
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await ErrorAsync(http, ingest, grant.Refusal); return; }
        var source = await ingest.SourceAsync(http, grant, index.Length > 0 ? index : "elastic");
        var lane = new IngestLane(grant.Tenant, source.Source);
        if (source.Refusal != IngestRefusal.None)
        {
            ingest.Gate.Refuse(lane, source.Refusal);
            await ErrorAsync(http, ingest, source.Refusal);
            return;
        }
        using var body = await ingest.ReadBodyAsync(http, lane);
        if (body.Refusal != IngestRefusal.None) { await ErrorAsync(http, ingest, body.Refusal); return; }
        var resend = ingest.Resend(lane, BulkRun.Records(body.Memory, ingest.Options.MaxLineBytes));
        using var run = new BulkRun(ingest, lane, body.Memory, JsonEncodedText.Encode(index).EncodedUtf8Bytes.ToArray(), resend);
        await IngestHttp.AnswerAsync(http, resend, () => RunAsync(http, ingest, run));
    }

    private static async Task RunAsync(HttpContext http, IngestHttp ingest, BulkRun run)
    {
        while (!run.Go()) await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        if (run is { Created: 0, Stopped: not IngestRefusal.None })
        {
            await ErrorAsync(http, ingest, run.Stopped);
            return;
        }
        await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        if (run.Stopped != IngestRefusal.None) http.Response.Headers.RetryAfter = ingest.Options.RetryAfterSeconds.ToString();
        await WriteAsync(http, run.Answer);
    }

    /// <summary>Elasticsearch's name for the error, which decides what a shipper does next: only the execution rejection is sent again.</summary>
    internal static string Type(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.JournalFull or IngestRefusal.TooBusy or IngestRefusal.Overloaded or IngestRefusal.Quota => "es_rejected_execution_exception",
        IngestRefusal.JournalError => "unavailable_shards_exception",
        IngestRefusal.NoToken or IngestRefusal.BadToken or IngestRefusal.Forbidden => "security_exception",
        IngestRefusal.BadDocument or IngestRefusal.LineTooLong => "mapper_parsing_exception",
        _ => "illegal_argument_exception",
    };

    private static async Task ErrorAsync(HttpContext http, IngestHttp ingest, IngestRefusal refusal)
    {
        await ingest.Gate.CommitAsync(0, http.RequestAborted);
        ingest.Prepare(http, refusal);
        var error = new
        {
            error = new { type = Type(refusal), reason = ingest.Explain(refusal), code = IngestHttp.Code(refusal) },
            status = http.Response.StatusCode,
        };
        await WriteAsync(http, JsonSerializer.SerializeToUtf8Bytes(error));
    }

    private static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json)
    {
        http.Response.Headers["X-Elastic-Product"] = "Elasticsearch";
        // Clients of the 8 line ask for this media type and check that they get it.
        var compatible = http.Request.Headers.Accept.ToString().Contains("vnd.elasticsearch+json", StringComparison.Ordinal);
        http.Response.ContentType = compatible ? "application/vnd.elasticsearch+json;compatible-with=8" : "application/json";
        http.Response.ContentLength = json.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(json, http.RequestAborted);
    }
}
