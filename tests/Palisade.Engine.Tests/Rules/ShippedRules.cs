using System.Runtime.CompilerServices;

namespace Palisade.Engine.Tests.Rules;

/// <summary>The content the product ships, loaded once.</summary>
internal static class ShippedRules
{
    public static readonly string Content = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "content"));
    public static readonly EngineSnapshot Snapshot = Load();

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static EngineSnapshot Load()
    {
        var files = Directory.EnumerateFiles(Content, "*.yml", SearchOption.AllDirectories)
            .Select(f => (Path.GetRelativePath(Content, f).Replace('\\', '/'), File.ReadAllBytes(f)));
        var snapshot = EngineContent.Load(files, out var problems);
        Assert.DoesNotContain(problems, p => p.Code.StartsWith("SIG", StringComparison.Ordinal));
        return snapshot;
    }
}
