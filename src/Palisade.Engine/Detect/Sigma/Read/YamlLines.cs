using System.Buffers;
using System.Text;

namespace Palisade.Engine.Detect.Sigma.Read;

/// <summary>
/// A quick reader for the plain kind of YAML that rules are written in: block mappings and lists, one scalar a line, quotes without escapes, literal blocks, comments.
/// It gives up at the first thing that is anything else (flow style, anchors, tags, text over several lines, mistakes), and the whole file goes to the full reader:
/// what it does read, it reads alike, lines included.
/// </summary>
/// <remarks>Source: YAML 1.2.2, chapters 6 to 8. A fuzz target and a test over all shipped files hold it against the full reader.</remarks>
internal sealed class YamlLines
{
    private const int MaxDepth = 32, MaxNodes = 100_000;

    // what ends a line elsewhere, or is no text; tabs have rules of their own
    private static readonly SearchValues<char> Odd = SearchValues.Create("\t\r\u007F\u0085\u2028\u2029\uFEFF\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000B\u000C\u000E\u000F\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F"
        + "\u0080\u0081\u0082\u0083\u0084\u0086\u0087\u0088\u0089\u008A\u008B\u008C\u008D\u008E\u008F\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009A\u009B\u009C\u009D\u009E\u009F\uFFFD\uFFFE\uFFFF");
    private static readonly SearchValues<char> KeySigns = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.|-/ ");
    // a plain scalar does not begin with these; some of them may in places, but seldom do
    private static readonly SearchValues<char> Indicators = SearchValues.Create("?:,[]{}#&*!|>'\"%@`");

    private readonly string text;
    private readonly List<Line> lines = [];
    private int at, nodes;
    private bool other;
    // column of a list that stands at the column of the key it belongs to: the next key ends it
    private int indentless = -1;

    private struct Line
    {
        /// <summary>Place of the first sign behind the indent, and of the end.</summary>
        public int Start, End;
        /// <summary>Column of the first sign; -1 where the line is blank.</summary>
        public int Column;
    }

    private YamlLines(string text) => this.text = text;

    /// <summary>The documents of a text; null where it is not of the plain kind.</summary>
    public static List<YamlNode>? Read(string text)
    {
        if (text.AsSpan().ContainsAny(Odd)) return null;
        var reader = new YamlLines(text);
        reader.Split();
        return reader.Documents();
    }

    private void Split()
    {
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            if (end < 0) end = text.Length;
            var first = start;
            while (first < end && text[first] == ' ') first++;
            lines.Add(new Line { Start = first, End = end, Column = first == end ? -1 : first - start });
            start = end + 1;
        }
    }

    private List<YamlNode>? Documents()
    {
        var documents = new List<YamlNode>();
        Skip();
        if (at < lines.Count && IsMark(lines[at])) at++;
        while (true)
        {
            Skip();
            if (at == lines.Count || lines[at].Column != 0 || IsMark(lines[at])) return null;
            var root = Mapping(0, 0);
            if (other) return null;
            documents.Add(root);
            Skip();
            if (at == lines.Count) return documents;
            if (!IsMark(lines[at])) return null;
            at++;
        }
    }

    private bool IsMark(in Line line) => line.Column == 0 && text.AsSpan(line.Start, line.End - line.Start).SequenceEqual("---");

    // to the next line that is neither blank nor a comment
    private void Skip()
    {
        while (at < lines.Count && (lines[at].Column < 0 || text[lines[at].Start] == '#')) at++;
    }

    private YamlNode Give()
    {
        other = true;
        return new YamlNode(YamlKind.Scalar, 0);
    }

    /// <summary>The mapping whose keys stand at a column, from the present line on.</summary>
    private YamlNode Mapping(int column, int depth)
    {
        if (depth > MaxDepth) return Give();
        var map = new YamlNode(YamlKind.Mapping, at + 1);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (!other)
        {
            if (nodes > MaxNodes || !Key(lines[at], out var key, out var behind) || !names.Add(key.Text)) return Give();
            var value = Value(behind, column, depth, inList: false);
            map.Pairs.Add(new(key, value));
            map.Size += 1 + value.Size;
            nodes += 2;
            Skip();
            if (at == lines.Count || lines[at].Column < column || IsMark(lines[at])) return map;
            if (lines[at].Column != column) return Give();
        }
        return map;
    }

    private YamlNode List(int column, int depth)
    {
        if (depth > MaxDepth) return Give();
        var list = new YamlNode(YamlKind.Sequence, at + 1);
        while (!other)
        {
            if (nodes > MaxNodes) return Give();
            var line = lines[at];
            var behind = line.Start + 1;
            while (behind < line.End && text[behind] == ' ') behind++;
            YamlNode item;
            if (behind < line.End && text[behind] != '#' && Key(line with { Start = behind }, out _, out _))
            {
                // a mapping that begins behind the dash
                var inner = column + behind - line.Start;
                lines[at] = line with { Start = behind, Column = inner };
                item = Mapping(inner, depth + 1);
            }
            else item = Value(line.Start + 1, column, depth, inList: true);
            list.Items.Add(item);
            list.Size += item.Size;
            nodes++;
            Skip();
            if (at == lines.Count || lines[at].Column < column || IsMark(lines[at])) return list;
            if (lines[at].Column != column) return Give();
            if (!IsItem(lines[at])) return column == indentless ? list : Give();
        }
        return list;
    }

    private bool IsItem(in Line line) => text[line.Start] == '-' && (line.Start + 1 == line.End || text[line.Start + 1] == ' ');

    /// <summary>What stands behind a colon or dash, on this line or below it. Leaves the place behind it.</summary>
    private YamlNode Value(int from, int column, int depth, bool inList)
    {
        var line = lines[at];
        var number = at + 1;
        while (from < line.End && text[from] == ' ') from++;
        if (from == line.End || text[from] == '#')
        {
            // a comment needs a space before it
            if (from < line.End && text[from - 1] != ' ') return Give();
            at++;
            Skip();
            if (at < lines.Count && !IsMark(lines[at]))
            {
                var below = lines[at];
                if (below.Column > column)
                {
                    if (!IsItem(below)) return Mapping(below.Column, depth + 1);
                    var before = indentless;
                    indentless = -1;
                    var inner = List(below.Column, depth + 1);
                    indentless = before;
                    return inner;
                }
                if (below.Column == column && !inList && IsItem(below))
                {
                    var before = indentless;
                    indentless = column;
                    var inner = List(column, depth + 1);
                    indentless = before;
                    return inner;
                }
            }
            return inList ? Give() : new YamlNode(YamlKind.Scalar, number) { Plain = true };
        }
        if (text[from] == '|') return Block(from, column, number);
        string value;
        var quoted = text[from] is '\'' or '"';
        if (quoted)
        {
            if (!Quoted(from, line.End, out value, out var end) || !OnlyComment(end, line.End)) return Give();
        }
        else if (!Plain(from, line.End, out value)) return Give();
        at++;
        // a deeper line goes on with the text
        var next = at;
        while (next < lines.Count && lines[next].Column < 0) next++;
        if (next < lines.Count && lines[next].Column > column && text[lines[next].Start] != '#') return Give();
        return new YamlNode(YamlKind.Scalar, number) { Text = value, Plain = !quoted };
    }

    private bool OnlyComment(int from, int end)
    {
        var i = from;
        while (i < end && text[i] == ' ') i++;
        return i == end || text[i] == '#' && i > from;
    }

    private bool Quoted(int from, int end, out string value, out int behind)
    {
        var quote = text[from];
        (value, behind) = ("", 0);
        var close = text.AsSpan(from + 1, end - from - 1).IndexOf(quote);
        if (close < 0) return false;
        close += from + 1;
        behind = close + 1;
        if (quote == '"')
        {
            value = text[(from + 1)..close];
            return !value.Contains('\\', StringComparison.Ordinal);
        }
        if (behind == end || text[behind] != '\'')
        {
            value = text[(from + 1)..close];
            return true;
        }
        var whole = new StringBuilder();
        for (var i = from + 1; i < end; i++)
        {
            if (text[i] == '\'')
            {
                if (i + 1 == end || text[i + 1] != '\'')
                {
                    (value, behind) = (whole.ToString(), i + 1);
                    return true;
                }
                i++;
            }
            whole.Append(text[i]);
        }
        return false;
    }

    private bool Plain(int from, int end, out string value)
    {
        value = "";
        var first = text[from];
        if (Indicators.Contains(first) || first == '-' && (from + 1 == end || text[from + 1] == ' ')) return false;
        for (var i = from; i < end; i++)
        {
            if (text[i] == ':' && (i + 1 == end || text[i + 1] == ' ')) return false;
            if (text[i] == '#' && text[i - 1] == ' ') end = i;
        }
        while (text[end - 1] == ' ') end--;
        value = text[from..end];
        return true;
    }

    /// <summary>The key a line begins with, and the place behind its colon.</summary>
    private bool Key(Line line, out YamlNode key, out int behind)
    {
        key = null!;
        behind = 0;
        var start = line.Start;
        string name;
        var quoted = text[start] is '\'' or '"';
        if (quoted)
        {
            if (!Quoted(start, line.End, out name, out behind)) return false;
        }
        else
        {
            behind = start;
            while (behind < line.End && KeySigns.Contains(text[behind])) behind++;
            if (behind == start || !char.IsAsciiLetterOrDigit(text[start]) && text[start] != '_' || text[behind - 1] == ' ') return false;
            name = text[start..behind];
        }
        if (behind == line.End || text[behind] != ':' || behind + 1 < line.End && text[behind + 1] != ' ') return false;
        behind++;
        key = new YamlNode(YamlKind.Scalar, at + 1) { Text = name, Plain = !quoted };
        return true;
    }

    /// <summary>A literal block: <c>|</c> or <c>|-</c>.</summary>
    private YamlNode Block(int from, int column, int number)
    {
        var line = lines[at];
        var keeps = true;
        var behind = from + 1;
        if (behind < line.End && text[behind] == '-')
        {
            keeps = false;
            behind++;
        }
        if (!OnlyComment(behind, line.End)) return Give();
        var first = at + 1;
        while (first < lines.Count && lines[first].Column < 0) first++;
        if (first == lines.Count || lines[first].Column <= column) return Give();
        var indent = lines[first].Column;
        for (var i = at + 1; i < first; i++)
            if (Blanks(i) > indent) return Give();
        var value = new StringBuilder();
        var blank = first - at - 1;
        for (at = first; at < lines.Count; at++)
        {
            var own = lines[at];
            if (own.Column >= 0 && own.Column < indent) break;
            if (own.Column < 0 && Blanks(at) <= indent)
            {
                blank++;
                continue;
            }
            if (value.Length > 0) value.Append('\n');
            value.Append('\n', blank);
            blank = 0;
            var start = own.Column < 0 ? own.End - Blanks(at) + indent : own.Start - own.Column + indent;
            value.Append(text, start, own.End - start);
        }
        // a line that is less indented and no key or item of what is around would be a mistake
        if (at < lines.Count ? lines[at].Column > column : keeps && text[^1] != '\n') return Give();
        if (keeps) value.Append('\n');
        return new YamlNode(YamlKind.Scalar, number) { Text = value.ToString() };
    }

    // spaces of a blank line
    private int Blanks(int line)
    {
        var begin = line == 0 ? 0 : lines[line - 1].End + 1;
        return lines[line].End - begin;
    }
}
