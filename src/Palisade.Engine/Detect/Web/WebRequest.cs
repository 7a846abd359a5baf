using Palisade.Protocol;

namespace Palisade.Engine.Detect.Web;

/// <summary>One HTTP request as an access log shows it: slices of the event, nothing decoded yet.</summary>
/// <remarks>The target is either whole (<see cref="Target"/>) or split (<see cref="Path"/>, <see cref="Query"/>).</remarks>
public readonly ref struct WebRequest
{
    /// <summary>Request target as on the wire: path, then '?' and query. Empty where only the parts are known.</summary>
    public ReadOnlySpan<byte> Target { get; init; }
    public ReadOnlySpan<byte> Path { get; init; }
    public ReadOnlySpan<byte> Query { get; init; }
    public ReadOnlySpan<byte> UserAgent { get; init; }
    public ReadOnlySpan<byte> Referrer { get; init; }
    /// <summary>Body as sent, where a source logs it.</summary>
    public ReadOnlySpan<byte> Body { get; init; }
    /// <summary>The Cookie header, where a source logs it.</summary>
    public ReadOnlySpan<byte> Cookie { get; init; }
    public ReadOnlySpan<byte> Method { get; init; }
    /// <summary>Who was signed in, where the log says it.</summary>
    public ReadOnlySpan<byte> User { get; init; }
    /// <summary>Response status as digits; empty where the log has none.</summary>
    public ReadOnlySpan<byte> Status { get; init; }
}

/// <summary>Where in the request a value was.</summary>
[Flags]
public enum WebPart : byte
{
    None = 0,
    /// <summary>The path, without query.</summary>
    Path = 1,
    /// <summary>A query parameter's value, its name where that is out of the ordinary.</summary>
    Param = 2,
    UserAgent = 4,
    Referrer = 8,
    /// <summary>A value of the body: of a form, JSON, XML or multipart.</summary>
    Body = 16,
    /// <summary>A cookie's value.</summary>
    Cookie = 32,
    /// <summary>Wherever an application takes its input from.</summary>
    Values = Param | Body | Cookie,
    Any = Path | Values | UserAgent | Referrer,
}

/// <summary>What one request was found to be.</summary>
/// <param name="Rule">The class's rule.</param>
/// <param name="Score">Evidence added up; see <see cref="WebDetector.Threshold"/>.</param>
/// <param name="Part">Where the evidence lies.</param>
/// <param name="InTarget">The evidence is a slice of <see cref="WebRequest.Target"/> rather than of path or query.</param>
/// <param name="Offset">First byte of the evidence in that value, undecoded.</param>
/// <param name="Length">Bytes of evidence.</param>
/// <param name="Technique">What was tried and how it was disguised, in plain words.</param>
/// <param name="Confidence">How much speaks for it.</param>
public readonly record struct WebVerdict(
    RuleInfo Rule, int Score, WebPart Part, bool InTarget, int Offset, int Length, string Technique, AttackOutcome Outcome, FindingConfidence Confidence);
