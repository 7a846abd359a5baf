using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;
using Palisade.Store.Native;

namespace Palisade.Store.Http;

/// <summary>A request of ClickHouse's HTTP protocol, taken apart: statement, parameters, settings, and the data of an INSERT.</summary>
internal sealed class StoreRequest
{
    private const int HeadSize = 64 << 10;
    /// <summary>Longest statement, bytes. Data of an INSERT is not part of it.</summary>
    private const int MaxStatement = 16 << 20;

    /// <summary>Query-string keys that are not settings.</summary>
    private static readonly HashSet<string> NotSettings = new(StringComparer.Ordinal)
    {
        "query", "database", "default_format", "query_id", "session_id", "session_timeout", "session_check", "enable_http_compression",
        "compress", "decompress", "user", "password", "role", "quota_key", "wait_end_of_query", "buffer_size", "stacktrace", "http_zlib_compression_level",
    };

    public required string Sql { get; init; }
    /// <summary>Format of an INSERT's data; null when this is not an INSERT with data.</summary>
    public string? InsertFormat { get; init; }
    /// <summary>First bytes of the data, read while looking for the statement's end.</summary>
    public ReadOnlyMemory<byte> DataHead { get; init; }
    /// <summary>The rest of the data.</summary>
    public Stream Data { get; init; } = Stream.Null;
    public required string Format { get; init; }
    public required string QueryId { get; init; }
    public required string Database { get; init; }
    public string? Session { get; init; }
    public List<KeyValuePair<string, string>> Parameters { get; } = [];
    public List<KeyValuePair<string, string>> Settings { get; } = [];

    /// <exception cref="ChdbException">The request is malformed.</exception>
    public static async Task<StoreRequest> ReadAsync(HttpContext http)
    {
        var parameters = new List<KeyValuePair<string, string>>();
        var settings = new List<KeyValuePair<string, string>>();
        var query = http.Request.Query;
        string? sql = query["query"];
        foreach (var (key, value) in query)
        {
            if (key.StartsWith("param_", StringComparison.Ordinal)) parameters.Add(new(key[6..], value.ToString()));
            else if (!NotSettings.Contains(key)) settings.Add(StatementText.IsSettingName(key) ? new(key, value.ToString()) : throw new ChdbException($"Code: 115. unknown setting '{key}'"));
        }
        var body = Decode(http.Request);
        if (http.Request.ContentType?.StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase) == true)
        {
            foreach (var (key, value) in await http.Request.ReadFormAsync(http.RequestAborted))
            {
                if (key == "query") sql = value;
                else if (key.StartsWith("param_", StringComparison.Ordinal)) parameters.Add(new(key[6..], value.ToString()));
            }
            body = Stream.Null;
        }
        var request = await SplitAsync(http, sql, body);
        request.Parameters.AddRange(parameters);
        request.Settings.AddRange(settings);
        return request;
    }

    private static async Task<StoreRequest> SplitAsync(HttpContext http, string? sql, Stream body)
    {
        var query = http.Request.Query;
        StoreRequest Make(string statement, string? insertFormat, ReadOnlyMemory<byte> head, Stream data) => new()
        {
            Sql = statement,
            InsertFormat = insertFormat,
            DataHead = head,
            Data = data,
            Format = StatementText.Format(statement) ?? First(http.Request.Headers["X-ClickHouse-Format"], query["default_format"]) ?? "TabSeparated",
            QueryId = First(query["query_id"]) ?? http.TraceIdentifier,
            Database = First(query["database"], http.Request.Headers["X-ClickHouse-Database"]) ?? "default",
            Session = First(query["session_id"]),
        };

        if (!string.IsNullOrEmpty(sql) && StatementText.IsInsert(sql, out var insert, out var format)) return Make(insert, format, default, body);
        var head = new byte[HeadSize];
        var length = await body.ReadAtLeastAsync(head, HeadSize, throwOnEndOfStream: false, http.RequestAborted);
        if (string.IsNullOrEmpty(sql) && StatementText.StartsWithInsert(Encoding.Latin1.GetString(head, 0, length), out var statement, out format, out var start))
            return Make(Encoding.UTF8.GetString(head, 0, statement), format, head.AsMemory(start, length - start), body);

        using var whole = new MemoryStream();
        whole.Write(head, 0, length);
        var chunk = new byte[HeadSize];
        for (int n; (n = await body.ReadAsync(chunk, http.RequestAborted)) > 0;)
        {
            if (whole.Length + n > MaxStatement) throw new ChdbException($"Code: 62. the statement is longer than {MaxStatement} bytes");
            whole.Write(chunk, 0, n);
        }
        var text = Encoding.UTF8.GetString(whole.GetBuffer(), 0, (int)whole.Length);
        return Make(string.IsNullOrEmpty(sql) ? text : text.Length == 0 ? sql : sql + "\n" + text, null, default, Stream.Null);
    }

    private static string? First(params ReadOnlySpan<Microsoft.Extensions.Primitives.StringValues> values)
    {
        foreach (var value in values) if (value.ToString() is { Length: > 0 } text) return text;
        return null;
    }

    private static Stream Decode(HttpRequest request) => request.Headers.ContentEncoding.ToString() switch
    {
        "" or "identity" => request.Body,
        "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
        "deflate" => new ZLibStream(request.Body, CompressionMode.Decompress),
        "br" => new BrotliStream(request.Body, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(request.Body),
        var other => throw new ChdbException($"Code: 36. unknown Content-Encoding '{other}'; known: gzip, deflate, br, zstd"),
    };
}
