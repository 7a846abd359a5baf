using Palisade.Protocol;

namespace Palisade.Engine.Detect.Web;

/// <summary>Takes a request apart, reads its values, and adds up the evidence for each class.</summary>
/// <remarks>
/// All values go in canonical form into one buffer, separated by a byte no literal holds:
/// <code>path FF value FF value FF value (path reading) FF … user agent FF referrer FF</code>
/// One scan finds the literals of all signatures; expressions and the SQL reading run only behind them.
/// </remarks>
internal sealed class WebClassifier(SignatureSet set)
{
    /// <summary>Of a value the model scores at or above this, it has a say in what becomes of the request.</summary>
    private readonly int modelMatters = set.Model?.LowestBar ?? int.MaxValue;

    /// <summary>Fills the scores of <paramref name="scratch"/>.</summary>
    /// <param name="remember">Pass over values that were quiet before: they change nothing.</param>
    public void Read(in WebRequest request, WebScratch scratch, bool remember = true)
    {
        scratch.Begin();
        scratch.IsRemembering = remember;
        var score = QuietValues.NotModelled;
        ulong targetHash = 0, agentHash = 0, referrerHash = 0;
        var knowsTarget = remember && !request.Target.IsEmpty && scratch.Quiet.Contains(Whole, request.Target, out targetHash, out score);
        if (knowsTarget) scratch.Recall(score);
        else AddTarget(request, scratch);
        var recalled = scratch.ModelSegment >= 0 ? scratch.ModelScore : QuietValues.NotModelled;
        scratch.ValueCount = 0;
        if (!request.Body.IsEmpty) BodyParts.Add(scratch, request.Body);
        if (!request.Cookie.IsEmpty) AddCookies(scratch, request.Cookie);
        var inputs = scratch.SegmentCount;
        if (!remember || !scratch.Quiet.Contains(WebPart.UserAgent, request.UserAgent, out agentHash, out _)) AddSegment(scratch, WebPart.UserAgent, request.UserAgent, 0, false);
        var referrer = scratch.SegmentCount;
        if (!remember || !scratch.Quiet.Contains(WebPart.Referrer, request.Referrer, out referrerHash, out _)) AddSegment(scratch, WebPart.Referrer, request.Referrer, 0, false);
        if (scratch.SegmentCount > 0)
        {
            Match(scratch);
            if (set.Model is not null) AskModel(set.Model, scratch, inputs);
        }
        if (!remember) return;
        if (!knowsTarget) Learn(request, scratch, inputs, targetHash, recalled);
        if (referrer > inputs && !scratch.Segments[inputs].IsLoud) scratch.Quiet.Offer(WebPart.UserAgent, request.UserAgent, agentHash, QuietValues.NotModelled);
        if (scratch.SegmentCount > referrer && !scratch.Segments[referrer].IsLoud) scratch.Quiet.Offer(WebPart.Referrer, request.Referrer, referrerHash, QuietValues.NotModelled);
    }

    /// <summary>A whole target, as a part of its own among the values remembered.</summary>
    private const WebPart Whole = WebPart.Path | WebPart.Param;

    private static void AddTarget(in WebRequest request, WebScratch scratch)
    {
        Split(request, out var path, out var pathOffset, out var query, out var queryOffset);
        AddSegment(scratch, WebPart.Path, path, pathOffset, false);
        AddQuery(scratch, query, queryOffset, WebPart.Param);
    }

    /// <summary>Offers the quiet values of path and query to memory, and the whole target where all of it was quiet.</summary>
    private void Learn(in WebRequest request, WebScratch scratch, int inputs, ulong targetHash, int score)
    {
        var allQuiet = true;
        for (var i = 0; i < inputs; i++)
        {
            ref readonly var segment = ref scratch.Segments[i];
            if (segment.Root != i || (segment.Part & Whole) == 0) continue;
            if (segment.IsLoud || segment.Model >= modelMatters) { allQuiet = false; continue; }
            score = Math.Max(score, segment.Model);
            if (segment.Hash == 0) continue;
            var field = !request.Target.IsEmpty ? request.Target : segment.Part == WebPart.Path ? request.Path : request.Query;
            scratch.Quiet.Offer(segment.Part, field.Slice(segment.Offset, segment.Original), segment.Hash, segment.Model);
        }
        if (allQuiet && targetHash != 0) scratch.Quiet.Offer(Whole, request.Target, targetHash, score);
    }

    /// <summary>Fills the scores from one value alone, as it came.</summary>
    public void ReadValue(WebScratch scratch, WebPart part, ReadOnlySpan<byte> value, bool plusIsSpace)
    {
        scratch.Begin();
        scratch.IsRemembering = false;
        AddSegment(scratch, part, value, 0, plusIsSpace);
        Match(scratch);
    }

    private void Match(WebScratch scratch)
    {
        var sink = new Sink(this, scratch);
        set.Literals.Scan(scratch.Text.AsSpan(0, scratch.Used), ref sink);
        if (set.AnySql is null) return;
        var count = scratch.SegmentCount;
        for (var i = 0; i < count; i++)
            if (scratch.Segments[i].View == WebView.Text) ReadSql(scratch, i);
    }

    private static void AskModel(WebModel model, WebScratch scratch, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (!IsModelled(scratch, i)) continue;
            var score = model.Score(scratch.Bytes(scratch.Segments[i]));
            ref var root = ref scratch.Segments[scratch.Segments[i].Root];
            root.Model = Math.Max(root.Model, score);
            if (scratch.ModelSegment >= 0 && score <= scratch.ModelScore) continue;
            scratch.ModelScore = score;
            scratch.ModelSegment = i;
        }
    }

    /// <summary>Whether a value is one the model is trained on: of path or parameter, with bytes that syntax needs.</summary>
    public static bool IsModelled(WebScratch scratch, int index)
    {
        ref readonly var segment = ref scratch.Segments[index];
        return segment.View == WebView.Text && (segment.Part & (WebPart.Values | WebPart.Path)) != 0 && (segment.IsPlain ? scratch.Bytes(segment).IndexOf(".."u8) >= 0 : Derived.IsUnusual(scratch.Bytes(segment)));
    }

    /// <summary>Target to path and query; an absolute target loses its scheme and host.</summary>
    private static void Split(in WebRequest request, out ReadOnlySpan<byte> path, out int pathOffset, out ReadOnlySpan<byte> query, out int queryOffset)
    {
        pathOffset = queryOffset = 0;
        path = request.Path;
        query = request.Query;
        var target = request.Target;
        if (target.IsEmpty) return;
        if (target[0] != '/' && target.IndexOf("://"u8) is > 0 and < 8 and var scheme)
        {
            var host = target[(scheme + 3)..].IndexOfAny((byte)'/', (byte)'?');
            pathOffset = host < 0 ? target.Length : scheme + 3 + host;
        }
        var question = target[pathOffset..].IndexOf((byte)'?');
        if (question < 0) { path = target[pathOffset..]; query = default; return; }
        path = target.Slice(pathOffset, question);
        queryOffset = pathOffset + question + 1;
        query = target[queryOffset..];
    }

    private static void AddCookies(WebScratch scratch, ReadOnlySpan<byte> cookies)
    {
        var offset = 0;
        while (offset < cookies.Length)
        {
            var end = scratch.IsNearlyFull ? -1 : cookies[offset..].IndexOf((byte)';');
            var part = end < 0 ? cookies[offset..] : cookies.Slice(offset, end);
            var blanks = part.Length - part.TrimStart((byte)' ').Length;
            AddParameter(scratch, part[blanks..], offset + blanks, WebPart.Cookie);
            if (end < 0) return;
            offset += end + 1;
        }
    }

    public static void AddQuery(WebScratch scratch, ReadOnlySpan<byte> query, int offset, WebPart source)
    {
        while (!query.IsEmpty)
        {
            var end = scratch.IsNearlyFull ? -1 : query.IndexOf((byte)'&');
            // "&&" and "& " are operators of a payload that was not encoded, not separators.
            while (end >= 0 && end + 1 < query.Length && query[end + 1] is (byte)'&' or (byte)'%' or (byte)'+' or (byte)'$' or (byte)'#')
            {
                var skip = query[end + 1] == '&' ? 2 : 1;
                var more = query[(end + skip)..].IndexOf((byte)'&');
                end = more < 0 ? -1 : end + skip + more;
            }
            var part = end < 0 ? query : query[..end];
            AddParameter(scratch, part, offset, source);
            if (end < 0) return;
            query = query[(end + 1)..];
            offset += end + 1;
        }
    }

    /// <summary>The value alone where the name is a plain name, else both: names are attacked too.</summary>
    private static void AddParameter(WebScratch scratch, ReadOnlySpan<byte> part, int offset, WebPart source)
    {
        var equals = part.IndexOf((byte)'=');
        var name = equals > 0 ? part[..equals] : default;
        if (equals >= 0 && !IsOddName(part[..equals]) && !NameMatters(part[..equals], part[(equals + 1)..]))
        {
            offset += equals + 1;
            part = part[(equals + 1)..];
        }
        var first = scratch.SegmentCount;
        AddSegment(scratch, source, part, offset, true);
        if (equals > 0 && scratch.SegmentCount > first) scratch.Segments[first].IsSearch = IsSearchName(name);
    }

    private static bool IsSearchName(ReadOnlySpan<byte> name)
    {
        foreach (var word in SearchNames)
            if (name.Length == word.Length && System.Text.Ascii.EqualsIgnoreCase(name, word)) return true;
        return false;
    }

    private static readonly byte[][] SearchNames =
        ["q"u8.ToArray(), "query"u8.ToArray(), "search"u8.ToArray(), "search_query"u8.ToArray(), "searchterm"u8.ToArray(), "keyword"u8.ToArray(), "keywords"u8.ToArray(), "wd"u8.ToArray(), "term"u8.ToArray()];

    /// <summary>Whether a parameter's name holds more than names do.</summary>
    public static bool IsOddName(ReadOnlySpan<byte> name)
    {
        if (name.ContainsAnyExcept(PlainName)) return true;
        for (var at = name.IndexOf((byte)'%'); at >= 0; at = name.IndexOf((byte)'%'))
        {
            // An escape of anything but a name's own characters or a letter beyond ASCII.
            if (!System.Buffers.Text.Utf8Parser.TryParse(name.Slice(at + 1, Math.Min(2, name.Length - at - 1)), out byte b, out var used, 'X') || used != 2) return true;
            if (b < 0x80 && (b == '%' || !PlainName.Contains(b))) return true;
            name = name[(at + 3)..];
        }
        return false;
    }

    /// <summary>Where the value is a URL or the name says "command", only both together tell.</summary>
    private static bool NameMatters(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.Length > 3 && (value[0] | 0x20) is 'h' or 'f' && ((value[1] | 0x20) is 't' && (value[2] | 0x20) is 't' or 'p')) return true;
        if (name.Length > 8 && name.IndexOf("proto"u8) >= 0) return true;
        foreach (var word in CommandNames)
            if (name.Length == word.Length && System.Text.Ascii.EqualsIgnoreCase(name, word)) return true;
        return false;
    }

    private static readonly byte[][] CommandNames =
        ["cmd"u8.ToArray(), "exec"u8.ToArray(), "command"u8.ToArray(), "shell"u8.ToArray(), "system"u8.ToArray(), "execute"u8.ToArray(), "run"u8.ToArray()];

    private static readonly System.Buffers.SearchValues<byte> PlainName =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.[]%~:"u8);

    /// <summary>Adds a value whose bytes were already unescaped into the room they stay in.</summary>
    public static void AddDecoded(WebScratch scratch, WebPart part, Span<byte> room, ReadOnlySpan<byte> original, int offset)
    {
        var length = Canonical.Write(room, room, false, out var flags);
        var index = scratch.SegmentCount;
        scratch.Close(part, WebView.Text, flags, length, offset, original.Length);
        Derived.Add(scratch, index, original);
    }

    public static void AddSegment(WebScratch scratch, WebPart part, ReadOnlySpan<byte> value, int offset, bool plusIsSpace)
    {
        if (value.Length < 2) return;
        ulong hash = 0;
        if (scratch.IsRemembering && (part & Whole) != 0 && scratch.Quiet.Contains(part, value, out hash, out var score)) { scratch.Recall(score); scratch.ValueCount++; return; }
        var room = scratch.Room(value.Length);
        var length = Canonical.Write(value, room, plusIsSpace, out var flags);
        var index = scratch.SegmentCount;
        scratch.Close(part, WebView.Text, flags, length, offset, value.Length);
        scratch.Segments[index].Hash = hash;
        Derived.Add(scratch, index, value);
    }

    private ref struct Sink(WebClassifier owner, WebScratch scratch) : ILiteralSink
    {
        private int segment;

        public void Found(int literal, int end)
        {
            while (scratch.Segments[segment].Start + scratch.Segments[segment].Length < end) segment++;
            foreach (var signature in owner.Candidates(literal)) owner.Try(signature, scratch, segment, literal, end);
        }
    }

    private const int StrongSql = 8;

    /// <summary>Bytes at the beginning and at the end of a value that are read as SQL.</summary>
    private const int SqlWindow = 8192;

    /// <summary>Bytes before the first sign of a statement in the middle of a long value that are read with it.</summary>
    private const int SqlEdge = 32;

    private Signature[] Candidates(int literal) => set.ByLiteral[literal];

    private void Try(Signature signature, WebScratch scratch, int index, int literal, int end)
    {
        ref readonly var segment = ref scratch.Segments[index];
        if ((signature.Where & segment.Part) == 0) return;
        if (scratch.HasFired(signature)) { scratch.Rouse(index); return; }
        if (signature.View != segment.View && (signature.View != WebView.Text || segment.View == WebView.Shell)) return;
        if (signature.Word && !StandsAlone(scratch.Text, end - set.LiteralBytes[literal].Length, end)) return;
        if (signature.Match is null && signature.Unless is null) { scratch.Fire(signature, index, literal, end); return; }
        if (!scratch.FirstTry(signature, index)) return;
        foreach (var some in signature.Required)
            if (!scratch.Bytes(segment).ContainsAny(some)) return;
        var chars = scratch.CharsOf(segment);
        if (signature.Match is not null && !signature.Match.IsMatch(chars)) return;
        if (signature.Unless is not null && signature.Unless.IsMatch(chars)) return;
        scratch.Fire(signature, index, literal, end);
    }

    private static bool StandsAlone(byte[] text, int start, int end) =>
        (start == 0 || !IsWord(text[start - 1])) && !IsWord(text[end]);

    private static bool IsWord(byte b) => (uint)(b - 'a') < 26 || (uint)(b - '0') < 10 || b == '_';

    private void ReadSql(WebScratch scratch, int index)
    {
        ref readonly var segment = ref scratch.Segments[index];
        var text = scratch.Bytes(segment);
        if (segment.IsPlain && text.IndexOf("--"u8) < 0) return;
        if (text.Length <= 2 * SqlWindow) { ReadSql(scratch, index, text, segment.Part); return; }
        // No statement is this long; what is put in front or behind to tire a reader is not read.
        ReadSql(scratch, index, text[..SqlWindow], segment.Part);
        ReadSql(scratch, index, text[^SqlWindow..], segment.Part);
        // Padding on both sides: what breaks a statement open lies between.
        var sign = text[(SqlWindow - SqlEdge)..^(SqlWindow - SqlEdge)].IndexOfAny((byte)'\'', (byte)'"', (byte)' ');
        if (sign < 0) return;
        var from = sign + SqlWindow - 2 * SqlEdge;
        ReadSql(scratch, index, text.Slice(from, Math.Min(SqlWindow, text.Length - from)), segment.Part);
    }

    private void ReadSql(WebScratch scratch, int index, ReadOnlySpan<byte> text, WebPart part)
    {
        var quoted = text.Contains((byte)'\'');
        var twice = text.Contains((byte)'"');
        var ticked = text.Contains((byte)'`');
        if (!quoted && !twice && !ticked)
        {
            if (part is WebPart.UserAgent or WebPart.Referrer) return;
            if (text.IndexOfAny((byte)' ', (byte)'(', (byte)'*') < 0 && text.IndexOfAny((byte)'#', (byte)';', (byte)'|') < 0 && text.IndexOf("--"u8) < 0) return;
        }
        ReadSql(scratch, index, text, 0, 0);
        if (quoted) ReadSql(scratch, index, text, (byte)'\'', 1);
        if (quoted) ReadSql(scratch, index, text, (byte)'\'', 2);
        if (twice) ReadSql(scratch, index, text, (byte)'"', 1);
        if (ticked) ReadSql(scratch, index, text, (byte)'`', 1);
    }

    private void ReadSql(WebScratch scratch, int index, ReadOnlySpan<byte> text, byte quote, int closing)
    {
        ref readonly var segment = ref scratch.Segments[index];
        var length = SqlFold.Fold(text, quote, closing, scratch.Fold);
        if (length < 2) return;
        var fold = scratch.Fold.AsSpan(0, length);
        // Names, numbers and signs alone are no statement, and no signature speaks of them alone.
        if (!fold.ContainsAny(SqlGrammar) || !set.AnySql!.IsMatch(fold)) return;
        scratch.Rouse(index);
        // Behind an injection nothing may follow that is no SQL, or the statement fails: sentences need the strongest evidence.
        var sentences = fold.Contains('p');
        foreach (var signature in set.Sql)
            if ((!sentences || signature.Score >= StrongSql) && (signature.Where & segment.Part) != 0 && !scratch.HasFired(signature) && signature.Match!.IsMatch(fold)) scratch.Fire(signature, index);
    }

    private static readonly System.Buffers.SearchValues<char> SqlGrammar = System.Buffers.SearchValues.Create("SUXYFIOBHLPWCZ&=l@;cqN(");

    /// <summary>What the server made of the request, from its status alone. Success is never read from one log.</summary>
    public static AttackOutcome OutcomeOf(ReadOnlySpan<byte> status)
    {
        if (status.Length != 3) return AttackOutcome.Unknown;
        if (status.SequenceEqual("401"u8) || status.SequenceEqual("403"u8) || status.SequenceEqual("406"u8) || status.SequenceEqual("429"u8) || status.SequenceEqual("444"u8))
            return AttackOutcome.Blocked;
        return status[0] == '4' && !status.SequenceEqual("499"u8) ? AttackOutcome.Failed : AttackOutcome.Unknown;
    }
}
