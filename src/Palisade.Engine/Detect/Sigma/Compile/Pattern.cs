using System.Text;

namespace Palisade.Engine.Detect.Sigma.Compile;

internal enum PartKind : byte { Literal, One, Run }

internal readonly record struct Part(PartKind Kind, byte[] Literal)
{
    public static readonly Part One = new(PartKind.One, []);
    public static readonly Part Run = new(PartKind.Run, []);
}

/// <summary>
/// A Sigma string as tokens: literals, <c>?</c> (one Unicode scalar) and <c>*</c> (any run). The escapes are read once, here; everything
/// later works on tokens, so a literal that ends with a backslash never meets a wildcard put behind it.
/// </summary>
/// <remarks>Sigma rules specification 2.1, "Escape Character": a backslash escapes * and ? and, before one of those or another backslash, itself.</remarks>
internal sealed class Pattern
{
    public required Part[] Parts { get; init; }

    public bool HasWildcards => Parts.Any(p => p.Kind != PartKind.Literal);

    /// <summary>The literal of a pattern without wildcards.</summary>
    public byte[] Plain => Parts.Length == 0 ? [] : Parts.SelectMany(p => p.Literal).ToArray();

    public static Pattern Of(byte[] literal) => new() { Parts = literal.Length == 0 ? [] : [new Part(PartKind.Literal, literal)] };

    public static Pattern Parse(string text)
    {
        // most say what they mean
        if (text.AsSpan().IndexOfAny('*', '?') < 0 && !text.Contains(@"\\", StringComparison.Ordinal)) return Of(Encoding.UTF8.GetBytes(text));
        var parts = new List<Part>();
        var literal = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && i + 1 < text.Length && text[i + 1] is '*' or '?' or '\\')
            {
                // \\ is one backslash; \* and \? are the signs themselves
                literal.Append(text[++i]);
                continue;
            }
            if (c is not ('*' or '?')) { literal.Append(c); continue; }
            Flush();
            if (c == '*' && parts.Count > 0 && parts[^1].Kind == PartKind.Run) continue;
            parts.Add(c == '*' ? Part.Run : Part.One);
        }
        Flush();
        return new Pattern { Parts = [.. parts] };

        void Flush()
        {
            if (literal.Length == 0) return;
            parts.Add(new Part(PartKind.Literal, Encoding.UTF8.GetBytes(literal.ToString())));
            literal.Clear();
        }
    }

    public Pattern With(bool runBefore, bool runAfter)
    {
        runBefore &= Parts.Length == 0 || Parts[0].Kind != PartKind.Run;
        runAfter &= Parts.Length == 0 ? !runBefore : Parts[^1].Kind != PartKind.Run;
        return (runBefore, runAfter) switch
        {
            (true, true) => new Pattern { Parts = [Part.Run, .. Parts, Part.Run] },
            (true, false) => new Pattern { Parts = [Part.Run, .. Parts] },
            (false, true) => new Pattern { Parts = [.. Parts, Part.Run] },
            _ => this,
        };
    }

    public Pattern Map(Func<byte[], byte[]> literal) =>
        new() { Parts = [.. Parts.Select(p => p.Kind == PartKind.Literal ? new Part(PartKind.Literal, literal(p.Literal)) : p)] };

    /// <summary>Whether a whole value fits. Backtracks to the last run only, so the time is bounded by value times pattern.</summary>
    public bool Matches(ReadOnlySpan<byte> value)
    {
        var parts = Parts;
        int at = 0, part = 0, runPart = -1, runAt = 0;
        while (true)
        {
            if (part == parts.Length)
            {
                if (at == value.Length) return true;
            }
            else
            {
                var p = parts[part];
                if (p.Kind == PartKind.Run)
                {
                    if (part == parts.Length - 1) return true;
                    runPart = part++;
                    runAt = at;
                    continue;
                }
                if (p.Kind == PartKind.One)
                {
                    if (at < value.Length) { at += ScalarLength(value, at); part++; continue; }
                }
                else if (value[at..].StartsWith(p.Literal)) { at += p.Literal.Length; part++; continue; }
            }
            if (runPart < 0 || runAt >= value.Length) return false;
            // by whole characters: ? must never begin inside one
            runAt += ScalarLength(value, runAt);
            var next = parts[runPart + 1];
            if (next.Kind == PartKind.Literal)
            {
                var hop = value[runAt..].IndexOf(next.Literal);
                if (hop < 0) return false;
                runAt += hop;
            }
            at = runAt;
            part = runPart + 1;
        }
    }

    /// <summary>Bytes of the scalar at a position; 1 where the bytes are no UTF-8.</summary>
    private static int ScalarLength(ReadOnlySpan<byte> value, int at)
    {
        if (value[at] < 0x80) return 1;
        return Rune.DecodeFromUtf8(value[at..], out _, out var used) == System.Buffers.OperationStatus.Done ? used : 1;
    }
}
