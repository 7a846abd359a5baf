using Palisade.Engine;
using Palisade.Engine.Parse;
using Palisade.Protocol;

namespace Palisade.Cli.Parse;

/// <summary>What <c>--source</c> names.</summary>
internal static class SourceFlag
{
    private const int Shown = 12;

    /// <summary>The parser of a name; of <c>auto</c> or nothing the one that detects.</summary>
    /// <exception cref="CliException">No source has the name; those that are like it are told.</exception>
    public static short Read(string? name, ParserSet parsers)
    {
        if (name is null or "auto") return RecordInfo.AutoParser;
        var parser = parsers.IndexOf(name);
        if (parser >= 0) return parser;
        var near = Spelling.Nearest(name, parsers.Names);
        string[] like = [.. parsers.Names.Where(n => n != near && n.Length > 1 && Like(n, name)).Order(StringComparer.Ordinal).Take(Shown)];
        var meant = near is null ? "." : $"; did you mean {near}?";
        var others = like.Length == 0 ? "" : $" Like it: {string.Join(' ', like)}.";
        throw new CliException(ExitCodes.Usage, $"--source {name}: there is no such source{meant}{others}\n          auto finds the source by itself; all {parsers.Names.Count()} are in docs/reference/source-list.md.");
    }

    // One holds a word of the other.
    private static bool Like(string source, string name) =>
        name.Split('-').Any(word => word.Length > 2 && source.Contains(word, StringComparison.OrdinalIgnoreCase)) || source.Length > 2 && name.Contains(source, StringComparison.OrdinalIgnoreCase);
}
