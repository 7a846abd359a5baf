using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Detect.Web;

/// <summary>One step on the way from what was sent to what the detector read.</summary>
/// <param name="By">What was undone, keys of <see cref="WebEvidence.NameOf"/>; several where one pass undid several.</param>
/// <param name="Text">The value after it, at most <see cref="WebEvidence.MaxText"/> characters.</param>
public sealed record DecodingStep(IReadOnlyList<string> By, string Text);

/// <summary>How a piece of a request was read until it was found to be an attack.</summary>
/// <param name="Sent">The value as it came.</param>
/// <param name="Steps">Decodings in order; empty where it was sent in plain form.</param>
/// <param name="Match">The part of the last text that is the sign, in lower case; empty where the whole value is.</param>
/// <param name="Confidence">How much this value alone speaks for the attack; the finding's own confidence takes in the rest of the request.</param>
public sealed record WebEvidence(string Sent, IReadOnlyList<DecodingStep> Steps, string Match, FindingConfidence Confidence)
{
    /// <summary>Texts are cut here.</summary>
    public const int MaxText = 1024;

    /// <summary>What a step's key says, in English.</summary>
    public static string NameOf(string by) => by switch
    {
        "url" => "URL decoding",
        "percent_u" => "%u decoding",
        "escape" => "\\x and \\u escapes",
        "html" => "HTML character references",
        "overlong" => "overlong UTF-8",
        "full_width" => "full-width characters",
        "plus" => "plus signs to blanks",
        "json" => "JSON escapes",
        "base64" => "base64",
        "path" => "slashes and dots of the path",
        "shell" => "shell quoting and variables",
        "code" => "comments and joined strings",
        "sql_comment" => "SQL comments",
        _ => by,
    };

    /// <summary>Every key that a step may have.</summary>
    public static IReadOnlyList<string> Keys { get; } =
        ["url", "percent_u", "escape", "html", "overlong", "full_width", "plus", "json", "base64", "path", "shell", "code", "sql_comment"];

    internal static string Show(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes.Length > 4 * MaxText ? bytes[..(4 * MaxText)] : bytes);
        return text.Length > MaxText ? text[..MaxText] : text;
    }
}
