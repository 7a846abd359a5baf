using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Detect.Web;

public sealed partial class WebDetector
{
    /// <summary>
    /// How a finding's evidence was read, worked out anew from the field it lies in: nothing of it has to be kept. For people, off the hot path.
    /// </summary>
    /// <param name="ruleId">Rule of the finding; <c>web.CLASS</c>.</param>
    /// <param name="field">Field of the evidence.</param>
    /// <param name="value">That field's value, as far as it was kept.</param>
    /// <param name="offset">First byte of the evidence.</param>
    /// <param name="length">Bytes of evidence.</param>
    /// <returns>Null where the rule is none of this detector or the evidence lies outside the value.</returns>
    public WebEvidence? Explain(string ruleId, ushort field, ReadOnlySpan<byte> value, int offset, int length)
    {
        ArgumentNullException.ThrowIfNull(ruleId);
        var at = -1;
        for (var c = 0; c < set.Classes.Count && at < 0; c++)
            if (set.Classes[c].Rule.Id == ruleId) at = c;
        if (at < 0 || offset < 0 || length <= 0 || offset >= value.Length || !TryPart(field, value, offset, out var part, out var plusIsSpace)) return null;
        var sent = value.Slice(offset, Math.Min(length, value.Length - offset));
        var scratch = Rent();
        classifier.ReadValue(scratch, part, sent, plusIsSpace);
        var evidence = Told(scratch, at, sent, sent, plusIsSpace);
        // Of a JSON string the detector read what its escapes stand for.
        if (evidence.Match.Length == 0 && part == WebPart.Body && !plusIsSpace && sent.IndexOf((byte)'\\') >= 0)
        {
            var plain = BodyParts.Unescape(sent);
            classifier.ReadValue(scratch, part, plain, false);
            evidence = Told(scratch, at, sent, plain, false);
        }
        idle.Enqueue(scratch);
        return evidence;
    }

    private static bool TryPart(ushort field, ReadOnlySpan<byte> value, int offset, out WebPart part, out bool plusIsSpace)
    {
        part = field switch
        {
            Fields.UrlOriginal => value[..offset].Contains((byte)'?') ? WebPart.Param : WebPart.Path,
            Fields.UrlPath => WebPart.Path,
            Fields.UrlQuery => WebPart.Param,
            Fields.UserAgentOriginal => WebPart.UserAgent,
            Fields.HttpRequestReferrer => WebPart.Referrer,
            Fields.HttpRequestBodyContent => WebPart.Body,
            _ => WebPart.None,
        };
        plusIsSpace = part == WebPart.Param || part == WebPart.Body && !IsStructured(value.TrimStart(" \t\r\n"u8));
        return part != WebPart.None;
    }

    private static bool IsStructured(ReadOnlySpan<byte> body) => body.Length > 0 && body[0] is (byte)'{' or (byte)'[' or (byte)'<' or (byte)'-';

    private WebEvidence Told(WebScratch scratch, int c, ReadOnlySpan<byte> sent, ReadOnlySpan<byte> read, bool plusIsSpace)
    {
        var signature = scratch.BestSignature[c];
        var fired = scratch.Score[c] > 0 && signature is not null;
        var index = fired ? scratch.BestSegment[c] : 0;
        if (scratch.SegmentCount == 0) return new WebEvidence(WebEvidence.Show(sent), [], "", FindingConfidence.Low);
        ref readonly var segment = ref scratch.Segments[index];
        var reading = scratch.Bytes(segment);
        var steps = DecodingTrail.Of(read, plusIsSpace, segment, reading, fired ? signature!.View : WebView.Text);
        if (!sent.SequenceEqual(read)) steps.Insert(0, new DecodingStep(["json"], WebEvidence.Show(read)));
        return new WebEvidence(WebEvidence.Show(sent), steps, fired ? MatchOf(scratch, c, signature!, segment) : "", ConfidenceOf(scratch, c));
    }

    /// <summary>What the signature's expression covers, else its literal; empty where it speaks of the whole value.</summary>
    private string MatchOf(WebScratch scratch, int c, Signature signature, in Segment segment)
    {
        if (signature.View == WebView.Sql || scratch.BestLiteral[c] < 0) return "";
        if (signature.Match is not null && signature.Match.TryFind(scratch.CharsOf(segment), out var start, out var length) && length > 0)
            return WebEvidence.Show(scratch.Bytes(segment).Slice(start, length));
        return Encoding.Latin1.GetString(set.LiteralBytes[scratch.BestLiteral[c]]);
    }
}
