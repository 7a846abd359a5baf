using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>The shipped signatures, loaded once, and a short way to ask them.</summary>
internal static class WebSamples
{
    public static WebDetector Detector { get; } = Load(trusted: false);

    public static WebDetector Load(bool trusted, [CallerFilePath] string here = "")
    {
        var folder = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../../content/lookups/web"));
        var detector = WebDetector.Load(Directory.GetFiles(folder).Select(f => (Path.GetFileName(f), File.ReadAllBytes(f))), out var diagnostics, trusted);
        Assert.Empty(diagnostics);
        return detector;
    }

    /// <summary>The class said first, or null for a quiet request. Context does not count.</summary>
    public static string? ClassOf(string target, string agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", string referrer = "-") =>
        Judge(target, agent, referrer) is { } verdict && !verdict.Rule.ContextOnly ? verdict.Rule.Class : null;

    public static WebVerdict? Judge(string target, string agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", string referrer = "-", string status = "200")
    {
        var verdicts = new WebVerdict[4];
        var request = new WebRequest
        {
            Target = Encoding.UTF8.GetBytes(target), UserAgent = Encoding.UTF8.GetBytes(agent), Referrer = Encoding.UTF8.GetBytes(referrer),
            Method = "GET"u8, Status = Encoding.UTF8.GetBytes(status),
        };
        return Detector.Classify(request, verdicts) == 0 ? null : verdicts[0];
    }
}
