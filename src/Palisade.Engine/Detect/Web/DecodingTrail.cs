namespace Palisade.Engine.Detect.Web;

/// <summary>Writes down, step by step, how a value came to the form in which a signature found it. For people: off the hot path.</summary>
internal static class DecodingTrail
{
    private static readonly (CanonicalFlags Flag, string Key)[] Names =
    [
        (CanonicalFlags.Plus, "plus"), (CanonicalFlags.Percent, "url"), (CanonicalFlags.PercentU, "percent_u"), (CanonicalFlags.Backslash, "escape"),
        (CanonicalFlags.Entity, "html"), (CanonicalFlags.Overlong, "overlong"), (CanonicalFlags.FullWidth, "full_width"),
    ];

    /// <param name="value">The value as it came.</param>
    /// <param name="segment">The reading that was found.</param>
    /// <param name="reading">Its canonical bytes.</param>
    /// <param name="view">The view of the signature that found it.</param>
    public static List<DecodingStep> Of(ReadOnlySpan<byte> value, bool plusIsSpace, in Segment segment, ReadOnlySpan<byte> reading, WebView view)
    {
        var steps = new List<DecodingStep>();
        if ((segment.Flags & CanonicalFlags.Base64) != 0)
        {
            steps.Add(new DecodingStep(["base64"], WebEvidence.Show(reading)));
            return steps;
        }
        Decode(value, plusIsSpace, steps);
        var more = segment.View switch
        {
            WebView.Path => "path",
            WebView.Shell => "shell",
            _ => (segment.Flags & CanonicalFlags.Code) != 0 ? "code" : null,
        };
        if (more is not null) Add(steps, more, WebEvidence.Show(reading), value);
        else if ((segment.Flags & CanonicalFlags.FullWidth) != 0) Add(steps, "full_width", WebEvidence.Show(reading), value); // straight quotes for others
        else if (view == WebView.Sql && reading.IndexOf("/*"u8) >= 0) Add(steps, "sql_comment", WebEvidence.Show(WithoutComments(reading)), value);
        return steps;
    }

    /// <summary>The rounds of <see cref="Canonical.Write"/>, the letters' case kept.</summary>
    private static void Decode(ReadOnlySpan<byte> value, bool plusIsSpace, List<DecodingStep> steps)
    {
        var room = value.ToArray();
        var length = room.Length;
        for (var round = 0; round < Canonical.MaxRounds; round++)
        {
            length = Canonical.Once(room.AsSpan(0, length), room, plusIsSpace && round == 0, out var flags);
            var by = Names.Where(n => (flags & n.Flag) != 0).Select(n => n.Key).ToArray();
            if (by.Length > 0) steps.Add(new DecodingStep(by, WebEvidence.Show(room.AsSpan(0, length))));
            if ((flags & (CanonicalFlags.Percent | CanonicalFlags.PercentU | CanonicalFlags.Backslash | CanonicalFlags.Entity)) == 0) return;
        }
    }

    private static void Add(List<DecodingStep> steps, string by, string text, ReadOnlySpan<byte> value)
    {
        var before = steps.Count > 0 ? steps[^1].Text : WebEvidence.Show(value);
        if (!string.Equals(before, text, StringComparison.OrdinalIgnoreCase)) steps.Add(new DecodingStep([by], text));
    }

    private static ReadOnlySpan<byte> WithoutComments(ReadOnlySpan<byte> sql)
    {
        var room = new byte[sql.Length];
        var n = 0;
        for (var i = 0; i < sql.Length; i++)
        {
            if (sql[i..].StartsWith("/*"u8) && sql[(i + 2)..].IndexOf("*/"u8) is >= 0 and var inner)
            {
                // A comment that MySQL runs loses its marks only.
                var runs = i + 2 < sql.Length && sql[i + 2] == '!';
                if (runs)
                {
                    var body = sql.Slice(i + 3, Math.Max(0, inner - 1)).TrimStart("0123456789"u8);
                    body.CopyTo(room.AsSpan(n));
                    n += body.Length;
                }
                else
                {
                    room[n++] = (byte)' ';
                }
                i += inner + 3;
                continue;
            }
            room[n++] = sql[i];
        }
        return room.AsSpan(0, n);
    }
}
