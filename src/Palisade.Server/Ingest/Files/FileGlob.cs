using System.IO.Enumeration;

namespace Palisade.Server.Ingest;

/// <summary>
/// Expands a pattern to paths: <c>*</c> and <c>?</c> within a name, <c>**</c> for any number of folders. Links to files are followed,
/// and links to folders where they are named or matched; <c>**</c> follows none, so that it ends.
/// </summary>
internal sealed class FileGlob(string pattern, Action<string, Exception> failed)
{
    private const int MaxDepth = 32;
    private readonly string[] parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The folder everything found lies in or below.</summary>
    public string Root => "/" + string.Join('/', parts.TakeWhile((part, i) => i < parts.Length - 1 && !IsPattern(part)));

    public bool IsDeep => parts.Contains("**");

    public IEnumerable<string> Find() => Find("/", 0, 0);

    private IEnumerable<string> Find(string folder, int at, int depth)
    {
        var part = parts[at];
        var last = at == parts.Length - 1;
        if (part == "**")
        {
            if (!last) foreach (var path in Find(folder, at + 1, depth)) yield return path;
            if (depth == MaxDepth) yield break;
            foreach (var (path, isFolder, isLink) in Entries(folder))
            {
                if (last && !isFolder) yield return path;
                if (!isFolder || isLink) continue;
                foreach (var found in Find(path, at, depth + 1)) yield return found;
            }
            yield break;
        }
        if (!IsPattern(part))
        {
            var path = Path.Combine(folder, part);
            if (last) yield return path;
            else foreach (var found in Find(path, at + 1, depth)) yield return found;
            yield break;
        }
        foreach (var (path, isFolder, _) in Entries(folder))
        {
            if (!FileSystemName.MatchesSimpleExpression(part, Path.GetFileName(path.AsSpan()), ignoreCase: false)) continue;
            if (last) { if (!isFolder) yield return path; }
            else if (isFolder) foreach (var found in Find(path, at + 1, depth)) yield return found;
        }
    }

    private IEnumerable<(string Path, bool IsFolder, bool IsLink)> Entries(string folder)
    {
        try
        {
            return new FileSystemEnumerable<(string, bool, bool)>(
                folder, static (ref FileSystemEntry e) => (e.ToFullPath(), e.IsDirectory, (e.Attributes & FileAttributes.ReparsePoint) != 0),
                new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false }).OrderBy(e => e.Item1, StringComparer.Ordinal).ToList();
        }
        catch (DirectoryNotFoundException)
        {
            return [];      // not there yet
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failed(folder, e);
            return [];
        }
    }

    private static bool IsPattern(string part) => part.AsSpan().ContainsAny('*', '?');
}
