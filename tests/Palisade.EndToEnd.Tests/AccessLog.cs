namespace Palisade.EndToEnd.Tests;

/// <summary>Lines as nginx writes them, each different, with an attack now and then.</summary>
internal static class AccessLog
{
    public static string[] Lines(string name, int from, int to) => [.. Enumerable.Range(from, to - from).Select(i => Line(name, i))];

    private static string Line(string name, int i)
    {
        var at = TimeProvider.System.GetUtcNow().AddSeconds(-600 + i % 500).ToString("dd/MMM/yyyy:HH:mm:ss");
        return i % 50 == 0
            ? $"203.0.113.{i / 50 % 5 + 1} - - [{at} +0000] \"GET /{name}?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20{i} HTTP/1.1\" 403 162 \"-\" \"curl/8.10\""
            : $"192.0.2.{i % 200 + 1} - - [{at} +0000] \"GET /{name}?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"";
    }
}
