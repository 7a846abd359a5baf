using System.Globalization;

namespace Palisade.Server.Sources;

/// <summary>Names of targets: where a record names neither host nor site, its log source stands for the target.</summary>
public static class TargetNames
{
    /// <param name="key">A host, a site, or <c>#</c> and the number of a source of the same tenant.</param>
    public static async ValueTask<string> TargetNameAsync(this ISourceRegistry registry, string key, CancellationToken stop) =>
        key.StartsWith('#') && uint.TryParse(key.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var source)
            ? (await registry.FindAsync(source, stop))?.Name ?? key : key;
}
