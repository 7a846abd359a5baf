using Microsoft.AspNetCore.Mvc;

namespace Palisade.Server.Ingest;

/// <summary>Answer of <c>POST /ingest/raw</c>.</summary>
/// <param name="Accepted">Records that are durable.</param>
/// <param name="Refused">Records turned away, by reason.</param>
public sealed record RawAccepted(long Accepted, IReadOnlyDictionary<string, long> Refused);

/// <summary>Lines, NDJSON or JSON documents of many records by plain HTTP.</summary>
internal static class RawApi
{
    public static async Task PostAsync(HttpContext http, IngestHttp ingest)
    {
        var grant = await ingest.AuthenticateAsync(http);
        if (grant.Refusal != IngestRefusal.None) { await ProblemAsync(http, ingest, grant.Refusal); return; }
        var source = await ingest.SourceAsync(http, grant, "raw");
        var lane = new IngestLane(grant.Tenant, source.Source);
        if (source.Refusal != IngestRefusal.None)
        {
            ingest.Gate.Refuse(lane, source.Refusal);
            await ProblemAsync(http, ingest, source.Refusal);
            return;
        }
        if (!TryCharset(http.Request.ContentType, out var charset))
        {
            ingest.Gate.Refuse(lane, IngestRefusal.UnknownEncoding);
            await ProblemAsync(http, ingest, IngestRefusal.UnknownEncoding, $"A charset may be one of {TextEncodings.Names}.");
            return;
        }
        using var body = await ingest.ReadBodyAsync(http, lane);
        if (body.Refusal != IngestRefusal.None) { await ProblemAsync(http, ingest, body.Refusal); return; }

        var resend = ingest.Resend(lane, RawRun.Records(body.Memory, charset, ingest.Options.MaxLineBytes));
        var run = new RawRun(ingest, lane, body.Memory, charset, resend);
        await IngestHttp.AnswerAsync(http, resend, () => RunAsync(http, ingest, run));
    }

    private static async Task RunAsync(HttpContext http, IngestHttp ingest, RawRun run)
    {
        while (!run.Go()) await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        if (run is { Accepted: 0, Stopped: not IngestRefusal.None }) { await ProblemAsync(http, ingest, run.Stopped); return; }
        await ingest.Gate.CommitAsync(run.Sequence, http.RequestAborted);
        var refused = new Dictionary<string, long>();
        if (run.TooLong > 0) refused[IngestHttp.Code(IngestRefusal.LineTooLong)] = run.TooLong;
        if (run.Stopped != IngestRefusal.None)
        {
            // Some lines are in and durable, the rest is not: say how many, so that the sender goes on from there.
            ingest.Prepare(http, run.Stopped);
            refused[IngestHttp.Code(run.Stopped)] = run.Left;
        }
        await http.Response.WriteAsJsonAsync(new RawAccepted(run.Accepted, refused), http.RequestAborted);
    }

    /// <summary>The records of one request on their way into the journal.</summary>
    private sealed class RawRun
    {
        private readonly IngestHttp ingest;
        private readonly IngestLane lane;
        private readonly ReadOnlyMemory<byte> body;
        private readonly BodyResend resend;
        private readonly TextEncoding encoding;
        private readonly LineTranscoder transcoder = new();
        private readonly long now;
        private readonly int mark;
        private int offset, repeated;
        private ulong sequence;

        public RawRun(IngestHttp ingest, IngestLane lane, ReadOnlyMemory<byte> body, TextEncoding charset, BodyResend resend)
        {
            (this.ingest, this.lane, this.body, this.resend, now) = (ingest, lane, body, resend, ingest.Gate.NowMs);
            (encoding, mark) = TextEncodings.Detect(body.Span, charset);
            offset = mark;
        }

        public long Accepted { get; private set; }
        public long TooLong { get; private set; }
        /// <summary>Lines behind the one the journal would not take, and that one.</summary>
        public long Left { get; private set; }
        public IngestRefusal Stopped { get; private set; }
        public ulong Sequence => sequence;

        /// <summary>The records of a body that would be kept.</summary>
        public static NextRecord Records(ReadOnlyMemory<byte> body, TextEncoding charset, int maxLine)
        {
            var (encoding, mark) = TextEncodings.Detect(body.Span, charset);
            var transcoder = new LineTranscoder();
            return (ref int offset, out ReadOnlySpan<byte> record) =>
            {
                var records = new RecordSplitter(body.Span, offset, mark, encoding);
                while (records.TryRead(out var next))
                {
                    record = transcoder.ToUtf8(next, encoding);
                    if (record.IsEmpty || record.Length > maxLine) continue;
                    offset = records.Offset;
                    return true;
                }
                record = default;
                return false;
            };
        }

        /// <summary>Appends lines. False: wait until <see cref="Sequence"/> is durable, then go on.</summary>
        public bool Go()
        {
            var begun = sequence;
            var records = new RecordSplitter(body.Span, offset, mark, encoding);
            while (true)
            {
                var at = records.Offset;
                if (!records.TryRead(out var line)) return true;
                if (Stopped != IngestRefusal.None) { Left++; continue; }
                line = transcoder.ToUtf8(line, encoding);
                if (line.IsEmpty) continue;
                if (line.Length <= ingest.Options.MaxLineBytes && repeated < resend.Repeated)
                {
                    repeated++;
                    Accepted++;
                    ingest.Gate.Refuse(lane, IngestRefusal.Duplicate);
                    continue;
                }
                var refusal = line.Length > ingest.Options.MaxLineBytes
                    ? IngestRefusal.LineTooLong
                    : ingest.Gate.Append(lane, line, transcoder.Mark(records.Form), now, resend.Mark, ref sequence);
                if (refusal == IngestRefusal.None) { Accepted++; resend.Kept(); continue; }
                if (refusal == IngestRefusal.JournalFull && sequence != begun) { offset = at; return false; }
                if (refusal == IngestRefusal.LineTooLong) { TooLong++; ingest.Gate.Refuse(lane, refusal); continue; }
                Stopped = refusal;
                Left++;
            }
        }
    }

    private static bool TryCharset(string? contentType, out TextEncoding charset)
    {
        charset = TextEncoding.Auto;
        return !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var type) || TextEncodings.TryParse(type.CharSet ?? "", out charset);
    }

    private static async Task ProblemAsync(HttpContext http, IngestHttp ingest, IngestRefusal refusal, string? title = null)
    {
        await ingest.Gate.CommitAsync(0, http.RequestAborted);
        ingest.Prepare(http, refusal);
        var problem = new ProblemDetails
        {
            Status = http.Response.StatusCode,
            Title = title ?? ingest.Explain(refusal),
            Extensions = { ["code"] = IngestHttp.Code(refusal) },
        };
        await http.Response.WriteAsJsonAsync(problem, options: null, "application/problem+json", http.RequestAborted);
    }
}
