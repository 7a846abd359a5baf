using System.Collections.Concurrent;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Finds attacks in single HTTP requests, from what an access log shows of them. Immutable and safe to share between
/// threads: working memory is rented per call and reused.
/// </summary>
public sealed partial class WebDetector
{
    /// <summary>Evidence a class needs before it is said.</summary>
    public const int Threshold = 5;
    /// <summary>Evidence shown is cut here; bytes.</summary>
    public const int MaxEvidence = 512;

    private readonly SignatureSet set;
    private readonly WebClassifier classifier;
    private readonly ConcurrentQueue<WebScratch> idle = new();

    private WebDetector(SignatureSet set)
    {
        this.set = set;
        classifier = new WebClassifier(set);
        Rules = [.. set.Classes.Select(c => c.Rule)];
    }

    /// <summary>One rule a class, with ids <c>web.CLASS</c>.</summary>
    public IReadOnlyList<RuleInfo> Rules { get; }

    /// <summary>Signatures loaded.</summary>
    public int SignatureCount => set.Signatures.Length;

    /// <summary>Reads classes and signatures; what is wrong is said and left out.</summary>
    /// <param name="trusted">The files are the tested ones that ship with the program: their expressions are compiled when first needed.</param>
    public static WebDetector Load(IEnumerable<(string path, byte[] bytes)> signatureFiles, out IReadOnlyList<Diagnostic> diagnostics, bool trusted = false) =>
        new(SignatureReader.Read(signatureFiles, trusted, out diagnostics));

    /// <summary>Judges one request; the strongest class comes first.</summary>
    /// <returns>Verdicts written to <paramref name="into"/>.</returns>
    public int Classify(in WebRequest request, Span<WebVerdict> into)
    {
        var scratch = Rent();
        var n = Classify(request, scratch, into);
        idle.Enqueue(scratch);
        return n;
    }

    private WebScratch Rent() => idle.TryDequeue(out var scratch) ? scratch : new WebScratch(set);

    private int Classify(in WebRequest request, WebScratch scratch, Span<WebVerdict> into)
    {
        classifier.Read(request, scratch);
        if (!scratch.AnythingScored) return 0;
        var n = 0;
        var taken = 0UL;
        while (n < into.Length)
        {
            var best = -1;
            for (var c = 0; c < scratch.Score.Length; c++)
                if (scratch.Score[c] >= Threshold && (taken >> c & 1) == 0 && (best < 0 || Order(scratch, c) > Order(scratch, best))) best = c;
            if (best < 0) break;
            taken |= 1UL << best;
            // A second class in the same value is another name for the same thing.
            if (n > 0 && SameValue(scratch, best, into[..n])) continue;
            into[n++] = Verdict(request, scratch, best);
        }
        return n;
    }

    /// <summary>Alarms before context, then the most evidence, then the class named first in the content.</summary>
    private long Order(WebScratch scratch, int c) =>
        (set.Classes[c].Rule.ContextOnly ? 0 : 1L << 40) + ((long)scratch.Score[c] << 16) - set.Classes[c].Rank;

    private static bool SameValue(WebScratch scratch, int c, ReadOnlySpan<WebVerdict> said)
    {
        ref readonly var segment = ref scratch.Segments[scratch.BestSegment[c]];
        foreach (var v in said)
            if (v.Part == segment.Part && v.Offset == segment.Offset) return true;
        return false;
    }

    private WebVerdict Verdict(in WebRequest request, WebScratch scratch, int c)
    {
        ref readonly var segment = ref scratch.Segments[scratch.BestSegment[c]];
        var inTarget = !request.Target.IsEmpty && segment.Part is WebPart.Path or WebPart.Param && !request.Target.IsEmpty;
        return new WebVerdict(
            set.Classes[c].Rule, scratch.Score[c], segment.Part, inTarget, segment.Offset, Math.Min(segment.Original, MaxEvidence),
            scratch.BestSignature[c]!.Technique, WebClassifier.OutcomeOf(request.Status));
    }
}
