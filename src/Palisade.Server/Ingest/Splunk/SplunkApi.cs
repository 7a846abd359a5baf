using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Palisade.Server.Ingest;

/// <summary>
/// Splunk's HTTP Event Collector: events, raw lines, acknowledgement, health. An acknowledgement id is the place of a request's
/// last record in the journal, so it needs no memory on our side, stays good over a restart, and is true once that place is durable.
/// </summary>
internal static class SplunkApi
{
    private const string Prefix = "/ingest/splunk/services/collector";
    private const string ChannelHeader = "X-Splunk-Request-Channel";
    private const int MaxAcksAsked = 10_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Prefix).ExcludeFromDescription().DisableAntiforgery().AllowAnonymous();
        foreach (var path in new[] { "", "/event", "/event/1.0" })
            group.MapPost(path, (HttpContext http, IngestHttp ingest) => ReceiveAsync(http, ingest, raw: false));
        foreach (var path in new[] { "/raw", "/raw/1.0" })
            group.MapPost(path, (HttpContext http, IngestHttp ingest) => ReceiveAsync(http, ingest, raw: true));
        foreach (var path in new[] { "/ack", "/ack/1.0" }) group.MapPost(path, AcknowledgeAsync);
        foreach (var path in new[] { "/health", "/health/1.0" })
            group.MapMethods(path, ["GET", "HEAD", "POST"], (HttpContext http, IngestHttp ingest) => AnswerAsync(http, ingest, ingest.Gate.HasRoom(ingest.Options.MaxLineBytes) ? HecCode.Healthy : HecCode.QueuesFull));
    }

    private static async Task ReceiveAsync(HttpContext http, IngestHttp ingest, bool raw)
    {
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await UnauthorizedAsync(http, ingest, grant.Refusal); return; }
        var channel = Channel(http, out var named);
        if (named && channel is null) { await AnswerAsync(http, ingest, HecCode.InvalidChannel); return; }
        var source = await ingest.SourceByTokenAsync(http, grant, "splunk");
        var lane = new IngestLane(grant.Tenant, source.Source);
        if (source.Refusal != IngestRefusal.None)
        {
            ingest.Gate.Refuse(lane, source.Refusal);
            await AnswerAsync(http, ingest, HecCodes.Of(source.Refusal));
            return;
        }
        using var body = await ingest.ReadBodyAsync(http, lane);
        if (body.Refusal != IngestRefusal.None) { await AnswerAsync(http, ingest, HecCodes.Of(body.Refusal)); return; }
        // The protocol has no way to say "half of it": a body that will not fit is turned away before any of it is taken.
        if (!ingest.Gate.HasRoom(body.Length)) { await AnswerAsync(http, ingest, HecCode.Busy); return; }

        var shared = raw ? Shared(http.Request.Query) : [];
        var resend = ingest.Resend(lane, raw ? HecRawRun.Records(body.Memory, shared, ingest.Options.MaxLineBytes) : HecEventRun.Records(body.Memory, ingest.Options.MaxLineBytes));
        HecRun run = raw ? new HecRawRun(ingest, lane, body.Memory, shared, resend) : new HecEventRun(ingest, lane, body.Memory, resend);
        await IngestHttp.AnswerAsync(http, resend, () => RunAsync(http, ingest, run, resend, channel is not null));
    }

    private static async Task RunAsync(HttpContext http, IngestHttp ingest, HecRun run, BodyResend resend, bool acknowledges)
    {
        while (!run.Go()) await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        // The sender will send all of it again: what went in is to be known then.
        if (run.Stopped != IngestRefusal.None) resend.Leave();
        if (run.Stopped != IngestRefusal.None) await AnswerAsync(http, ingest, HecCodes.Of(run.Stopped));
        else if (run.Events == 0) await AnswerAsync(http, ingest, HecCode.NoData);
        else if (run.FirstBad >= 0) await AnswerAsync(http, ingest, run.FirstCode, ("invalid-event-number", run.FirstBad));
        else if (acknowledges) await AnswerAsync(http, ingest, HecCode.Success, ("ackId", (long)(run.Sequence > 0 ? run.Sequence : ingest.Gate.DurableSequence)));
        else await AnswerAsync(http, ingest, HecCode.Success);
    }

    /// <summary><c>{"acks":[1,2]}</c> → <c>{"acks":{"1":true,"2":false}}</c>.</summary>
    private static async Task AcknowledgeAsync(HttpContext http, IngestHttp ingest)
    {
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await UnauthorizedAsync(http, ingest, grant.Refusal); return; }
        var channel = Channel(http, out var named);
        if (channel is null) { await AnswerAsync(http, ingest, named ? HecCode.InvalidChannel : HecCode.ChannelMissing); return; }
        using var body = await ingest.ReadBodyAsync(http, new IngestLane(grant.Tenant, 0));
        if (body.Refusal != IngestRefusal.None || !TryReadAcks(body.Bytes, out var asked))
        {
            await AnswerAsync(http, ingest, body.Refusal != IngestRefusal.None ? HecCodes.Of(body.Refusal) : HecCode.InvalidData);
            return;
        }
        var durable = ingest.Gate.DurableSequence;
        await http.Response.WriteAsJsonAsync(
            new { acks = asked.Distinct().ToDictionary(id => id.ToString(CultureInfo.InvariantCulture), id => id > 0 && id <= durable) }, http.RequestAborted);
    }

    private static bool TryReadAcks(ReadOnlySpan<byte> body, out List<ulong> asked)
    {
        asked = [];
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 4 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName
                || !reader.Is("acks"u8) || !reader.Read() || reader.TokenType != JsonTokenType.StartArray) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.Number)
            {
                if (asked.Count == MaxAcksAsked || !reader.TryGetUInt64(out var id)) return false;
                asked.Add(id);
            }
            return reader.TokenType == JsonTokenType.EndArray && reader.Read() && reader.TokenType == JsonTokenType.EndObject && !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The sender's channel: a GUID in a header or the address. Null when there is none or it is none.</summary>
    private static string? Channel(HttpContext http, out bool named)
    {
        var text = http.Request.Headers[ChannelHeader].ToString();
        if (text.Length == 0) text = http.Request.Query["channel"].ToString();
        named = text.Length > 0;
        return Guid.TryParse(text, out _) ? text : null;
    }

    /// <summary>Members every line of a raw body has by the address: host, source, sourcetype, index, time.</summary>
    private static byte[] Shared(IQueryCollection query)
    {
        var json = new RecordJson();
        json.Begin();
        if (HecRecord.TrySeconds(Encoding.UTF8.GetBytes(query["time"].ToString()), out var ms)) json.Time("@timestamp"u8, ms);
        foreach (var (key, name) in new[] { ("host", "host.name"), ("source", "log.file.path"), ("sourcetype", "splunk.sourcetype"), ("index", "splunk.index") })
            if (query[key].ToString() is { Length: > 0 } value) json.Text(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        return json.Bytes[1..].ToArray();
    }

    private static Task UnauthorizedAsync(HttpContext http, IngestHttp ingest, IngestRefusal refusal)
    {
        var code = refusal != IngestRefusal.NoToken ? HecCodes.Of(refusal)
            : http.Request.Headers.Authorization.Count > 0 ? HecCode.InvalidAuthorization
            : http.Request.Query.ContainsKey("token") ? HecCode.QueryTokenNotAllowed
            : HecCode.TokenRequired;
        return AnswerAsync(http, ingest, code);
    }

    private static async Task AnswerAsync(HttpContext http, IngestHttp ingest, HecCode code, (string Name, long Value)? extra = null)
    {
        if (code != HecCode.Success) await ingest.Gate.CommitAsync(0, http.RequestAborted);
        http.Response.StatusCode = code.Status();
        if (code is HecCode.Busy or HecCode.QueuesFull && http.Response.Headers.RetryAfter.Count == 0) http.Response.Headers.RetryAfter = ingest.Options.RetryAfterSeconds.ToString();
        if (http.Response.StatusCode == StatusCodes.Status401Unauthorized) http.Response.Headers.WWWAuthenticate = "Splunk, Bearer, Basic realm=\"palisade\"";
        var answer = new Dictionary<string, object> { ["text"] = code.Text(), ["code"] = (int)code };
        if (extra is { } more) answer[more.Name] = more.Value;
        if (HttpMethods.IsHead(http.Request.Method)) return;
        await http.Response.WriteAsJsonAsync(answer, http.RequestAborted);
    }
}
