using System.Collections.Concurrent;
using Palisade.Protocol;

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

    private const string LearnedTechnique = "Syntax like that of known attacks";

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
        if (set.Model is not null && scratch.ModelSegment >= 0) Weigh(set.Model, scratch);
        if (!scratch.AnythingScored) return 0;
        DailyWork.Calm(request, scratch, set);
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

    /// <summary>
    /// Lets the model speak beside the signatures: with evidence too weak to count it may raise it, and where it is sure that a
    /// value is harmless it may lower it. How sure it has to be for each sum of evidence is measured in training.
    /// </summary>
    private void Weigh(WebModel model, WebScratch scratch)
    {
        if (!scratch.AnythingScored && scratch.ModelScore < model.Bar(0)) return;
        var best = StrongestPayload(scratch);
        var evidence = best < 0 ? 0 : scratch.Score[best];
        if (scratch.ModelScore >= model.Bar(evidence))
        {
            if (evidence >= Threshold) return;
            if (best < 0)
            {
                best = set.FamilyClass[model.FamilyOf(scratch.Bytes(scratch.Segments[scratch.ModelSegment]))];
                scratch.Suggest(best, scratch.ModelSegment);
            }
            scratch.Score[best] = Threshold;
            return;
        }
        for (var c = 0; c < scratch.Score.Length; c++)
        {
            // Only of parts the model reads: it has no opinion on a user agent, nor on what one sign alone gives away.
            if (scratch.Score[c] >= Threshold && scratch.BestScore[c] < Certain && set.Classes[c].Payload && (scratch.Segments[scratch.BestSegment[c]].Part & (WebPart.Path | WebPart.Values)) != 0)
                scratch.Score[c] = Threshold - 1;
        }
    }

    private int StrongestPayload(WebScratch scratch)
    {
        var best = -1;
        for (var c = 0; c < scratch.Score.Length; c++)
            if (scratch.Score[c] > 0 && set.Classes[c].Payload && (best < 0 || Order(scratch, c) > Order(scratch, best))) best = c;
        return best;
    }

    /// <summary>What training needs of a request: the canonical values the model reads, and the signatures' evidence for its strongest payload class.</summary>
    /// <param name="values">The values are added to it, copied.</param>
    public int Study(in WebRequest request, ICollection<byte[]> values)
    {
        var scratch = Rent();
        classifier.Read(request, scratch, remember: false);
        for (var i = 0; i < scratch.SegmentCount; i++)
            if (WebClassifier.IsModelled(scratch, i)) values.Add(scratch.Bytes(scratch.Segments[i]).ToArray());
        var best = StrongestPayload(scratch);
        var evidence = best < 0 ? 0 : scratch.Score[best];
        idle.Enqueue(scratch);
        return evidence;
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
        var inTarget = !request.Target.IsEmpty && (segment.Part is WebPart.Path or WebPart.Param);
        return new WebVerdict(
            set.Classes[c].Rule, scratch.Score[c], segment.Part, inTarget, segment.Offset, Math.Min(segment.Original, MaxEvidence),
            scratch.BestSignature[c]?.TechniqueOf(segment.Flags) ?? LearnedTechnique, WebClassifier.OutcomeOf(request.Status), ConfidenceOf(scratch, c));
    }

    /// <summary>Evidence of this much is one strong signature beside another, or two that count alone.</summary>
    private const int Strong = 10;

    /// <summary>A signature of this much is written for what nothing harmless holds.</summary>
    private const int Certain = 8;

    private static FindingConfidence ConfidenceOf(WebScratch scratch, int c) =>
        scratch.BestSignature[c] is null || scratch.Score[c] < Threshold ? FindingConfidence.Low : scratch.Score[c] < Strong ? FindingConfidence.Medium : FindingConfidence.High;
}
