using Microsoft.AspNetCore.Http.Features;

namespace Palisade.Server.Ingest;

/// <summary>What every HTTP way in shares: the token, the body with its limits, the lane.</summary>
public sealed class IngestHttp(IIngestDirectory directory, IngestGate gate, IngestOptions options, BodyBudget budget, ResendMemory memory)
{
    /// <summary>How long a request is held while its source has to wait, before it is told to come back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public IngestGate Gate => gate;
    public IngestOptions Options => options;

    /// <summary>The token's worth, from the Authorization header.</summary>
    public async ValueTask<IngestGrant> AuthenticateAsync(HttpContext http)
    {
        var (first, second) = TokenHeader.Candidates(http.Request.Headers.Authorization);
        if (first is null && second is null) return Refused(default, IngestRefusal.NoToken);
        var grant = new IngestGrant(0, "", IngestRefusal.BadToken);
        if (first is not null) grant = await directory.AuthenticateAsync(first, http.RequestAborted);
        if (grant.Refusal == IngestRefusal.BadToken && second is not null) grant = await directory.AuthenticateAsync(second, http.RequestAborted);
        return grant.Refusal == IngestRefusal.None ? grant : Refused(grant, grant.Refusal);
    }

    private IngestGrant Refused(IngestGrant grant, IngestRefusal reason)
    {
        gate.Refuse(new IngestLane(grant.Tenant, 0), reason);
        return grant with { Refusal = reason };
    }

    /// <summary>The source: asked for in the query, else the token's own, else <paramref name="fallback"/>.</summary>
    public ValueTask<IngestSource> SourceAsync(HttpContext http, IngestGrant grant, string fallback)
    {
        var name = http.Request.Query["source"].ToString();
        if (name.Length == 0) name = grant.DefaultSource.Length > 0 ? grant.DefaultSource : fallback;
        return directory.SourceAsync(grant, name, http.RequestAborted);
    }

    /// <summary>The source of a protocol whose addresses have their own meaning of "source": the token's own, else <paramref name="fallback"/>.</summary>
    public ValueTask<IngestSource> SourceByTokenAsync(HttpContext http, IngestGrant grant, string fallback) =>
        directory.SourceAsync(grant, grant.DefaultSource.Length > 0 ? grant.DefaultSource : fallback, http.RequestAborted);

    /// <summary>The whole body, decompressed, once it is the source's turn. Its refusal is counted already.</summary>
    public async ValueTask<RequestBody> ReadBodyAsync(HttpContext http, IngestLane lane)
    {
        // Before the body is read, so that those who wait hold no memory. What is to be sent again has not been received: no count.
        if (await gate.EnterAsync(lane, Patience, http.RequestAborted) is not IngestRefusal.None and var turned)
        {
            // A quota is somebody's decision: how often it turned requests away is to be seen.
            if (turned == IngestRefusal.Quota)
            {
                gate.Refuse(lane, turned);
                http.Response.Headers.RetryAfter = gate.RetryAfterSeconds(lane).ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
            return new RequestBody(budget) { Refusal = turned };
        }
        // Our own limit counts, and says which; the server's would close the connection first.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = options.MaxBodyBytes + 1L;
        RequestBody body;
        try
        {
            body = await BodyDecoder.ReadAsync(http.Request.Body, http.Request.Headers.ContentEncoding, options, budget, http.RequestAborted);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            body = new RequestBody(budget) { Refusal = IngestRefusal.BodyTooLarge };
        }
        if (body.Refusal != IngestRefusal.None) gate.Refuse(lane, body.Refusal);
        return body;
    }

    /// <summary>What is known of a body from before; read it after the body's limits are checked.</summary>
    internal BodyResend Resend(IngestLane lane, NextRecord records) => new(memory, lane, records);

    /// <summary>Takes records in and answers; when the answer may not have arrived, a retry of the body will be known.</summary>
    internal static async Task AnswerAsync(HttpContext http, BodyResend resend, Func<Task> answer)
    {
        var answered = false;
        try
        {
            await answer();
            answered = !http.RequestAborted.IsCancellationRequested;
        }
        finally
        {
            if (!answered) resend.Leave();
        }
    }

    /// <summary>HTTP status of a refusal of a whole request.</summary>
    public static int Status(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.NoToken or IngestRefusal.BadToken => StatusCodes.Status401Unauthorized,
        IngestRefusal.Forbidden or IngestRefusal.TooManySources => StatusCodes.Status403Forbidden,
        IngestRefusal.BodyTooLarge or IngestRefusal.CompressionBomb or IngestRefusal.LineTooLong => StatusCodes.Status413PayloadTooLarge,
        IngestRefusal.UnknownEncoding => StatusCodes.Status415UnsupportedMediaType,
        IngestRefusal.JournalFull or IngestRefusal.TooBusy or IngestRefusal.Overloaded or IngestRefusal.Quota => StatusCodes.Status429TooManyRequests,
        IngestRefusal.JournalError => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    /// <summary>The stable code of a refusal: snake_case, as API errors have it.</summary>
    public static string Code(IngestRefusal refusal) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(refusal.ToString());

    /// <summary>One sentence a person can act on.</summary>
    public string Explain(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.NoToken => "No ingest token: send it as Authorization: Bearer, ApiKey, Splunk or Basic.",
        IngestRefusal.BadToken => "The ingest token is unknown, expired or revoked.",
        IngestRefusal.Forbidden => "This token may not send logs.",
        IngestRefusal.JournalFull => "The journal is full; send again later.",
        IngestRefusal.JournalError => "The journal cannot write; see the server's log.",
        IngestRefusal.LineTooLong => $"A line may have {options.MaxLineBytes} bytes.",
        IngestRefusal.BodyTooLarge => $"A body may have {options.MaxBodyBytes} bytes after decompression.",
        IngestRefusal.CompressionBomb => $"A body may be {options.MaxCompressionRatio} times larger than its compressed form.",
        IngestRefusal.BadCompression => "The body does not decompress, or was cut off.",
        IngestRefusal.UnknownEncoding => "Content-Encoding may be gzip, deflate, zstd or identity.",
        IngestRefusal.BadAction => "Not a bulk action: expected {\"create\":{}} or {\"index\":{}}.",
        IngestRefusal.ActionNotAllowed => "Logs are only added: update and delete are refused.",
        IngestRefusal.BadDocument => "Not a JSON object.",
        IngestRefusal.TooManySources => "The tenant has as many sources as it may have.",
        IngestRefusal.BadSourceName => "A source name has 1 to 64 letters, digits, dots, dashes or underscores.",
        IngestRefusal.Overloaded => "The engine is behind and this source has its share of what waits; send again.",
        IngestRefusal.Quota => "The tenant or the source has sent as much as it may for now; send again later.",
        IngestRefusal.TooBusy => "Too much is being received at once; send again later.",
        _ => refusal.ToString(),
    };

    /// <summary>Sets what a 401 or 429 must carry beside its status.</summary>
    public void Prepare(HttpContext http, IngestRefusal refusal)
    {
        var status = Status(refusal);
        http.Response.StatusCode = status;
        // The engine makes room all the time, a full disk does not.
        if (status == StatusCodes.Status429TooManyRequests && http.Response.Headers.RetryAfter.Count == 0) http.Response.Headers.RetryAfter = refusal == IngestRefusal.Overloaded ? "1" : options.RetryAfterSeconds.ToString();
        if (status == StatusCodes.Status401Unauthorized) http.Response.Headers.WWWAuthenticate = "Bearer, ApiKey, Basic realm=\"palisade\"";
    }
}
