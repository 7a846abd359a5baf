using System.Text;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// Requests of people who work with what scans look for: the pages of a data base's or a build server's own tool, asked for by somebody who is signed in or comes from another of its pages, and answered. What is no
/// probe then, and no statement for the data base, may still be anything else.
/// </summary>
internal static class DailyWork
{
    /// <summary>Takes the evidence back that says no more than that such a page was asked for.</summary>
    public static void Calm(in WebRequest request, WebScratch scratch, SignatureSet set)
    {
        if (set.Used.Length == 0 || request.Status.Length != 3 || request.Status[0] is not ((byte)'2' or (byte)'3') || request.User.IsEmpty && request.Referrer.Length < 8) return;
        var path = PathOf(scratch);
        if (path.IsEmpty || !IsAtWork(request, path, set.Used)) return;
        for (var c = 0; c < scratch.Score.Length; c++)
        {
            if (scratch.Score[c] < WebDetector.Threshold || scratch.BestSignature[c] is not { } best) continue;
            var isProbe = set.Classes[c].Key == "probe" && scratch.Segments[scratch.BestSegment[c]].Part == WebPart.Path;
            if (isProbe || best.IsStatement && scratch.BestScore[c] <= WebDetector.Threshold) scratch.Score[c] = 0;
        }
    }

    private static bool IsAtWork(in WebRequest request, ReadOnlySpan<byte> path, byte[][] used)
    {
        foreach (var piece in used)
            if (path.IndexOf(piece) >= 0 && (!request.User.IsEmpty || Holds(request.Referrer, piece))) return true;
        return false;
    }

    private static ReadOnlySpan<byte> PathOf(WebScratch scratch)
    {
        for (var i = 0; i < scratch.SegmentCount; i++)
            if (scratch.Segments[i].Part == WebPart.Path) return scratch.Bytes(scratch.Segments[i]);
        return default;
    }

    private static bool Holds(ReadOnlySpan<byte> referrer, ReadOnlySpan<byte> piece)
    {
        for (var i = 0; i + piece.Length <= referrer.Length; i++)
            if (Ascii.EqualsIgnoreCase(referrer.Slice(i, piece.Length), piece)) return true;
        return false;
    }
}
