using System.Globalization;
using System.Text;
using System.Text.Json;
using Palisade.Engine.Parse.Times;

namespace Palisade.Cli.New;

/// <summary>A first source.yml for some lines: the frame they are in, the time they begin with, and the rest as the message.</summary>
internal static class SourceSketch
{
    private static readonly string[] Levels = ["trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "fatal", "alert", "emerg"];
    private static readonly string[] TimeNames = ["@timestamp", "timestamp", "time", "ts", "date", "datetime", "eventTime"];
    private static readonly string[] TextNames = ["message", "msg", "text", "log"];
    private static readonly long Received = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    public static string Of(string name, IReadOnlyList<byte[]> lines)
    {
        var full = lines.Where(l => l.AsSpan().Trim(" \t\r"u8).Length > 0).ToList();
        var head = $"# How {name} is read. The words of this file: docs/reference/sources.md\nname: {name}\ntitle: {name}\n";
        if (full.Count > 0 && Names(full[0]) is { Count: > 0 } names && full.All(l => Names(l) is not null)) return head + Json(names);
        return head + Patterns(full);
    }

    private static List<string>? Names(byte[] line)
    {
        if (line.AsSpan().Trim(" \t\r"u8) is not [(byte)'{', ..]) return null;
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object ? [.. json.RootElement.EnumerateObject().Select(p => p.Name)] : null;
        }
        catch (JsonException)
        {
            return null;       // no JSON: its lines are read by patterns
        }
    }

    private static string Json(List<string> names)
    {
        var text = new StringBuilder("format: json\n# Smaller numbers are tried first.\ndetect: 50\n# Members that tell this source from others.\n");
        text.Append(CultureInfo.InvariantCulture, $"has: [{string.Join(", ", names.Take(3).Select(Quote))}]\n# Members and the ECS fields their values go to; the others keep their names.\nfields:\n");
        var mapped = 0;
        foreach (var name in names)
        {
            var to = TimeNames.Contains(name, StringComparer.OrdinalIgnoreCase) ? "\"@timestamp\"" : TextNames.Contains(name, StringComparer.OrdinalIgnoreCase) ? "message"
                : name.Equals("level", StringComparison.OrdinalIgnoreCase) || name.Equals("severity", StringComparison.OrdinalIgnoreCase) ? "log.level" : null;
            if (to is null || to.Trim('"') == name) continue;
            text.Append(CultureInfo.InvariantCulture, $"  {Quote(name)}: {to}\n");
            mapped++;
        }
        if (mapped == 0) text.Append("  {}\n");
        return text.Append(Effects).ToString();
    }

    private static string Patterns(List<byte[]> lines)
    {
        var text = new StringBuilder("format: pattern\n# Smaller numbers are tried first.\ndetect: 50\n");
        text.Append(Effects).Append("# The first pattern that fits the whole line wins. Put the special ones before this one.\npatterns:\n");
        var shapes = lines.Select(Shape).Distinct(StringComparer.Ordinal).OrderByDescending(s => s.Length).ToList();
        if (shapes.Count == 0) shapes.Add("%{message:rest}");
        for (var i = 0; i < shapes.Count; i++) text.Append(CultureInfo.InvariantCulture, $"  - id: shape{i + 1}\n    match: '{shapes[i].Replace("'", "''", StringComparison.Ordinal)}'\n");
        return text.ToString();
    }

    private const string Effects = "# What every event of it has. Which words ECS knows: event.category, event.type.\nset:\n  event.category: process\n  event.type: info\n";

    // [ time ] LEVEL rest
    private static string Shape(byte[] line)
    {
        ReadOnlySpan<byte> left = line.AsSpan().TrimEnd("\r \t"u8);
        var shape = new StringBuilder();
        var open = left is [(byte)'[', ..] ? 1 : 0;
        if (Time(left[open..], out var kind, out var used) && (open == 0 || (left.Length > used + 1 && left[used + 1] == ']')))
        {
            shape.Append(open == 1 ? $"[%{{@timestamp:{kind}}}]" : $"%{{@timestamp:{kind}}}");
            left = left[(used + 2 * open)..];
        }
        if (shape.Length > 0 && left is [(byte)' ', ..] && left.Length > 1 && left[1] != ' ')
        {
            shape.Append(' ');
            left = left[1..];
            open = left is [(byte)'[', ..] ? 1 : 0;
            var word = 0;
            while (open + word < left.Length && char.IsAsciiLetter((char)left[open + word])) word++;
            var level = Encoding.ASCII.GetString(left.Slice(open, word));
            if (Levels.Contains(level, StringComparer.OrdinalIgnoreCase) && left.Length > open * 2 + word && (open == 0 || left[open + word] == ']') && left[open * 2 + word] is (byte)' ' or (byte)':')
            {
                var to = "%{log.level:in " + string.Join('|', Levels) + "}";
                shape.Append(open == 1 ? $"[{to}]" : to).Append((char)left[open * 2 + word]);
                left = left[(open * 2 + word + 1)..];
                if (left is [(byte)' ', ..] && shape[^1] == ':') shape.Append(' ');
            }
        }
        return shape.Append("%{message:rest}").ToString();
    }

    private static bool Time(ReadOnlySpan<byte> text, out string kind, out int used)
    {
        foreach (var format in new[] { TimeFormat.Iso, TimeFormat.Clf, TimeFormat.Bsd, TimeFormat.Asctime, TimeFormat.Slashes, TimeFormat.Epoch })
        {
            kind = format.ToString().ToLowerInvariant();
            if (TimeReader.TryRead(format, text, Received, ZoneTable.Utc, out _, out used)) return true;
        }
        (kind, used) = ("", 0);
        return false;
    }

    private static string Quote(string name) => "\"" + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
}
