using System.Text.Json;
using Palisade.Cli.Scan;

namespace Palisade.Cli.Search;

internal enum SearchFormat { Table, Jsonl, Csv }

/// <summary>Writes events as they come in. What senders wrote never reaches a terminal or a spreadsheet as a command.</summary>
internal sealed class SearchWriter(SearchFormat format, TextWriter to)
{
    private const int WidestRecord = 200;
    private static readonly string[] Columns = ["source.ip", "user.name", "host.name", "event.action", "http.response.status_code", "url.path"];

    public async Task StartAsync()
    {
        if (format == SearchFormat.Csv) await to.WriteLineAsync("@timestamp,id,source,kind," + string.Join(',', Columns) + ",raw");
    }

    public Task WriteAsync(JsonElement item) => to.WriteLineAsync(format switch
    {
        SearchFormat.Jsonl => item.GetRawText(),
        SearchFormat.Csv => Csv(item),
        _ => $"{Text(item, "@timestamp"),-28} {Text(item, "source"),-16} {Field(item, "source.ip"),-15} {PlainText.Of(Text(item, "raw"), WidestRecord)}",
    });

    private static string Csv(JsonElement item) => string.Join(',', new[] { "@timestamp", "id", "source", "kind" }.Select(n => Text(item, n))
        .Concat(Columns.Select(c => Field(item, c))).Append(Text(item, "raw")).Select(CsvWriter.Cell));

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? "";

    private static string Field(JsonElement item, string name) => item.GetProperty("fields").TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
