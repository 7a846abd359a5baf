using System.Text;

namespace Palisade.Server.Console;

/// <summary>What a piece of YAML is, for its colour.</summary>
public enum YamlPiece { Plain, Key, Value, Comment }

/// <summary>Tells keys, values and comments of YAML apart, line by line, for the eye alone: what it takes for which never decides anything.</summary>
public static class YamlTint
{
    /// <summary>The lines of a text, each in pieces that make the line again when put together.</summary>
    public static IEnumerable<IReadOnlyList<(string Text, YamlPiece Piece)>> Lines(string yaml)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var block = -1;     // indentation of the key whose value is a block of text; -1: none
        foreach (var raw in yaml.TrimEnd('\n').Split('\n'))
        {
            var line = raw.TrimEnd('\r');
            var indent = line.Length - line.TrimStart(' ').Length;
            if (block >= 0 && (indent > block || line.Trim().Length == 0))
            {
                yield return [(line, YamlPiece.Value)];
                continue;
            }
            block = -1;
            var pieces = new List<(string, YamlPiece)>();
            Tint(line, pieces);
            var end = line.TrimEnd();
            if (pieces.Exists(p => p.Item2 == YamlPiece.Key) && (end.EndsWith('|') || end.EndsWith('>') || end.EndsWith("|-", StringComparison.Ordinal) || end.EndsWith(">-", StringComparison.Ordinal))) block = indent;
            yield return pieces;
        }
    }

    private static void Tint(string line, List<(string, YamlPiece)> pieces)
    {
        var plain = new StringBuilder();
        var depth = 0;
        for (var at = 0; at < line.Length;)
        {
            var c = line[at];
            if (c == '#' && (at == 0 || line[at - 1] == ' '))
            {
                Flush();
                pieces.Add((line[at..], YamlPiece.Comment));
                return;
            }
            if (c is ' ' or '[' or ']' or '{' or '}' or ',' || c == '-' && (at + 1 == line.Length || line[at + 1] == ' ') || c == ':')
            {
                depth += c is '[' or '{' ? 1 : c is ']' or '}' ? -1 : 0;
                plain.Append(c);
                at++;
                continue;
            }
            Flush();
            var end = c is '"' or '\'' ? Quoted(line, at) : Word(line, at, depth > 0);
            var after = end;
            while (after < line.Length && line[after] == ' ') after++;
            pieces.Add((line[at..end], after < line.Length && line[after] == ':' && (after + 1 == line.Length || line[after + 1] == ' ') ? YamlPiece.Key : YamlPiece.Value));
            at = end;
        }
        Flush();

        void Flush()
        {
            if (plain.Length > 0) pieces.Add((plain.ToString(), YamlPiece.Plain));
            plain.Clear();
        }
    }

    /// <summary>Where a quoted text ends; at the end of the line when it goes on in the next.</summary>
    private static int Quoted(string line, int at)
    {
        var quote = line[at];
        for (var i = at + 1; i < line.Length; i++)
        {
            if (quote == '"' && line[i] == '\\') i++;
            else if (line[i] == quote && quote == '\'' && i + 1 < line.Length && line[i + 1] == quote) i++;
            else if (line[i] == quote) return i + 1;
        }
        return line.Length;
    }

    /// <summary>Where a plain text ends: at a colon with a space behind it, a comment, and inside brackets at their signs.</summary>
    private static int Word(string line, int at, bool inBrackets)
    {
        for (var i = at; i < line.Length; i++)
        {
            if (line[i] == ':' && (i + 1 == line.Length || line[i + 1] == ' ')) return Trim(i);
            if (line[i] == '#' && i > at && line[i - 1] == ' ') return Trim(i);
            if (inBrackets && line[i] is (',' or ']' or '}' or '[' or '{')) return Trim(i);
        }
        return Trim(line.Length);

        int Trim(int end)
        {
            while (end > at + 1 && line[end - 1] == ' ') end--;
            return end;
        }
    }
}
