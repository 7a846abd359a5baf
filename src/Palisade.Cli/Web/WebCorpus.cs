using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary>One labelled request.</summary>
/// <param name="Class">The attack's class; null for a harmless request.</param>
/// <param name="Hidden">An attack that an access log does not show: it is only in the body.</param>
internal sealed record WebRow(string? Class, string Origin, byte[] Target, byte[] Method, byte[] Agent, byte[] Referrer, byte[] Body, byte[] Status, bool Hidden)
{
    private static readonly string[] NotPayload = ["probe", "scanner", "webshell"];

    /// <summary>A harmless request, or an attack by text that is meant to be interpreted.</summary>
    public bool IsPayloadOrBenign => !NotPayload.Contains(Class);

    /// <summary>The request as an access log shows it, or with its body.</summary>
    public WebRequest Request(bool withBody) => new()
    {
        Target = Target, Method = Method, UserAgent = Agent, Referrer = Referrer, Status = Status, Body = withBody ? Body : default,
    };
}

/// <summary>Reads labelled requests: requests.jsonl.gz (one JSON object a line) and, where present, labels.txt.gz (what an access log shows of each).</summary>
internal static class WebCorpus
{
    public static List<WebRow> Read(string folder)
    {
        // of all public data, or these alone
        if (Directory.Exists(Path.Combine(folder, "web"))) folder = Path.Combine(folder, "web");
        var requests = Path.Combine(folder, "requests.jsonl.gz");
        if (!File.Exists(requests)) throw new CliException(ExitCodes.BadInput, $"{requests}: no such file. --data names a folder with requests.jsonl.gz.");
        var labels = Path.Combine(folder, "labels.txt.gz");
        var hidden = File.Exists(labels) ? Lines(labels).Select(l => l.StartsWith("ignore:", StringComparison.Ordinal)).ToArray() : [];
        var rows = new List<WebRow>();
        foreach (var line in Lines(requests))
        {
            try
            {
                using var document = JsonDocument.Parse(line);
                rows.Add(Row(document.RootElement, rows.Count < hidden.Length && hidden[rows.Count]));
            }
            catch (JsonException e)
            {
                throw new CliException(ExitCodes.BadInput, $"{requests}:{rows.Count + 1}: {e.Message}");
            }
        }
        return rows;
    }

    private static WebRow Row(JsonElement o, bool hidden)
    {
        byte[] Bytes(string name) => o.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number ? Encoding.UTF8.GetBytes(value.ToString()) : [];
        var attackClass = o.TryGetProperty("class", out var c) && c.ValueKind == JsonValueKind.String ? c.GetString() : null;
        var origin = o.TryGetProperty("origin", out var from) ? from.GetString() ?? "" : "";
        return new WebRow(attackClass, origin, Bytes("url"), Bytes("method"), Bytes("user_agent"), Bytes("referer"), Bytes("body"), Bytes("status"), hidden);
    }

    private static IEnumerable<string> Lines(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress), Encoding.UTF8);
        while (reader.ReadLine() is { } line) yield return line;
    }
}
