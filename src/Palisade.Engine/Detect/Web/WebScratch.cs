namespace Palisade.Engine.Detect.Web;

/// <summary>A value of the request, brought into canonical form.</summary>
internal struct Segment
{
    public WebPart Part;
    public WebView View;
    public CanonicalFlags Flags;
    /// <summary>Canonical bytes in <see cref="WebScratch.Text"/>.</summary>
    public int Start, Length;
    /// <summary>The value as it came: a slice of the part's field.</summary>
    public int Offset, Original;
    /// <summary>The segment this one is a further reading of; itself where it is the value.</summary>
    public int Root;
    /// <summary>Of a root: its place among <see cref="QuietValues"/>; 0: not looked up.</summary>
    public ulong Hash;
    /// <summary>Of a root: something was found in one of its readings, so that it has to be read again next time.</summary>
    public bool IsLoud;
    /// <summary>Holds nothing that any language needs: letters, digits and the signs of names.</summary>
    public bool IsPlain;
    /// <summary>Of a field that people type words into to look for them.</summary>
    public bool IsSearch;
    /// <summary>Of a root: the model's highest score for its readings.</summary>
    public int Model;
}

/// <summary>Working memory for one request at a time; grows to the largest seen and is then reused.</summary>
internal sealed class WebScratch(SignatureSet set)
{
    /// <summary>Values of a target, and again of body and cookies, that are taken apart; what comes behind is read as one.</summary>
    public const int MaxValues = 256;
    /// <summary>Readings of one value: itself, as a path, as shell words, as code, with look-alikes replaced, what its base64 holds.</summary>
    private const int Readings = 6;
    /// <summary>Tokens of one SQL reading.</summary>
    public const int MaxFold = 2048;
    /// <summary>Findings one request may give.</summary>
    public const int MaxVerdicts = 4;
    /// <summary>Between segments, and in no literal.</summary>
    public const byte Separator = 0xFF;

    public byte[] Text = new byte[8192];
    public int Used;
    public char[] Chars = new char[8192];
    public bool CharsReady;
    public readonly Segment[] Segments = new Segment[2 * Readings * (MaxValues + 16)];
    public int SegmentCount;
    public readonly QuietValues Quiet = new();
    public readonly char[] Fold = new char[MaxFold];
    /// <summary>Room for the verdicts on one request.</summary>
    public readonly WebVerdict[] Verdicts = new WebVerdict[MaxVerdicts];

    public readonly int[] Score = new int[set.Classes.Count];
    public readonly int[] BestScore = new int[set.Classes.Count];
    public readonly int[] BestSegment = new int[set.Classes.Count];
    public readonly Signature?[] BestSignature = new Signature?[set.Classes.Count];
    /// <summary>The literal behind <see cref="BestSignature"/> and where it ends in <see cref="Text"/>; -1: none.</summary>
    public readonly int[] BestLiteral = new int[set.Classes.Count], BestEnd = new int[set.Classes.Count];
    private readonly int[] firedIn = new int[set.Signatures.Length];
    private readonly int[] triedIn = new int[set.Signatures.Length];
    /// <summary>What the model said of the value it was surest about; only where <see cref="ModelSegment"/> is not negative.</summary>
    public int ModelScore;
    public int ModelSegment;
    /// <summary>Stands for <see cref="ModelSegment"/> where the value was read in an earlier request.</summary>
    public const int ReadBefore = int.MaxValue;
    /// <summary>Whether values known to be quiet are passed over.</summary>
    public bool IsRemembering;
    private int request;
    private bool scored;

    public void Begin()
    {
        Used = 0;
        SegmentCount = ValueCount = 0;
        CharsReady = false;
        ModelSegment = -1;
        if (scored)
        {
            Array.Clear(Score);
            Array.Clear(BestScore);
            scored = false;
        }
        // Stamps of (request, segment): no clearing per request.
        if (request > int.MaxValue - 2 * Segments.Length)
        {
            Array.Clear(firedIn);
            Array.Clear(triedIn);
            request = 0;
        }
        request += Segments.Length;
    }

    /// <summary>What comes now has to be read as one value.</summary>
    public bool IsNearlyFull => ValueCount >= MaxValues - 4;
    /// <summary>Values taken apart so far, those passed over included.</summary>
    public int ValueCount;

    public bool AnythingScored => scored;

    public bool HasFired(Signature s) => firedIn[s.Index] == request;

    /// <summary>False when this signature was already tried on this segment.</summary>
    public bool FirstTry(Signature s, int segment)
    {
        if (triedIn[s.Index] == request + segment) return false;
        triedIn[s.Index] = request + segment;
        return true;
    }

    /// <summary>A value with this segment is no quiet one.</summary>
    public void Rouse(int segment) => Segments[Segments[segment].Root].IsLoud = true;

    public void Fire(Signature s, int segment, int literal = -1, int end = 0)
    {
        Rouse(segment);
        firedIn[s.Index] = request;
        scored = true;
        // Who writes about an attack names it too: among sentences one sign is not enough.
        var score = s.View != WebView.Sql && set.Classes[s.Class].Payload && Prose.Is(Bytes(Segments[segment]), (Segments[segment].Part & (WebPart.Path | WebPart.Param)) != 0) ? Math.Max(1, s.Score - 2) : s.Score;
        // Who looks for how to write a statement writes one: alone it is not enough.
        if (s.IsStatement && Segments[Segments[segment].Root].IsSearch) score = 1;
        Score[s.Class] += score;
        // Of equal ones the one that the content names first: it says best what it is.
        if (score < BestScore[s.Class] || score == BestScore[s.Class] && BestSignature[s.Class]?.Index < s.Index) return;
        BestScore[s.Class] = score;
        BestSegment[s.Class] = segment;
        BestSignature[s.Class] = s;
        (BestLiteral[s.Class], BestEnd[s.Class]) = (literal, end);
    }

    /// <summary>Evidence of the model alone.</summary>
    public void Suggest(int c, int segment)
    {
        scored = true;
        BestSegment[c] = segment;
        BestSignature[c] = null;
    }

    public Span<byte> Room(int length)
    {
        if (Text.Length - Used < length + 1) Array.Resize(ref Text, Math.Max(Text.Length * 2, Used + length + 1));
        return Text.AsSpan(Used, length);
    }

    /// <summary>Closes the segment whose canonical bytes were written to <see cref="Room"/>.</summary>
    /// <param name="root">Segment this one is a further reading of; -1: a value of its own.</param>
    public void Close(WebPart part, WebView view, CanonicalFlags flags, int length, int offset, int original, int root = -1)
    {
        Segments[SegmentCount] = new Segment
        {
            Part = part, View = view, Flags = flags, Start = Used, Length = length, Offset = offset, Original = original,
            Root = root < 0 ? SegmentCount : root, Model = int.MinValue,
        };
        SegmentCount++;
        if (root < 0) ValueCount++;
        Used += length;
        Text[Used++] = Separator;
    }

    /// <summary>Takes the model's word for a value that was read before.</summary>
    public void Recall(int score)
    {
        if (score == QuietValues.NotModelled || ModelSegment >= 0 && score <= ModelScore) return;
        ModelScore = score;
        ModelSegment = ReadBefore;
    }

    public ReadOnlySpan<byte> Bytes(in Segment s) => Text.AsSpan(s.Start, s.Length);

    /// <summary>The segment as characters (one a byte), for expressions.</summary>
    public ReadOnlySpan<char> CharsOf(in Segment s)
    {
        if (!CharsReady)
        {
            if (Chars.Length < Used) Chars = new char[Text.Length];
            System.Text.Encoding.Latin1.GetChars(Text.AsSpan(0, Used), Chars);
            CharsReady = true;
        }
        return Chars.AsSpan(s.Start, s.Length);
    }
}
