using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Palisade.Store.Engine;
using Palisade.Store.Native;

namespace Palisade.Store.Http;

/// <summary>A statement that answers: streamed when it is a SELECT in a format that can be, else whole.</summary>
internal static class QueryRunner
{
    private const string WithHeader = "RowBinaryWithNamesAndTypes";

    public static async Task RunAsync(HttpContext http, ChdbConnection connection, StoreRequest request, QueryMark mark)
    {
        var sql = Encoding.UTF8.GetBytes(mark.Comment + request.Sql);
        var response = http.Response;
        response.Headers["X-ClickHouse-Format"] = request.Format;
        response.ContentType = request.Format switch
        {
            var f when f.StartsWith("JSON", StringComparison.Ordinal) => "application/json; charset=UTF-8",
            "TabSeparated" or "TSV" or "CSV" => "text/plain; charset=UTF-8",
            _ => "application/octet-stream",
        };
        if (StatementText.CanStream(request.Sql, request.Format)) await StreamAsync(http, connection, request, sql);
        else
        {
            using var result = await Task.Run(() => connection.Query(sql, request.Format, request.Parameters));
            Summarise(response, result);
            Copy(response, result.Data);
            await response.BodyWriter.FlushAsync(http.RequestAborted);
        }
    }

    private static async Task StreamAsync(HttpContext http, ChdbConnection connection, StoreRequest request, byte[] sql)
    {
        var response = http.Response;
        using var stream = await Task.Run(() => connection.Stream(sql, request.Format, request.Parameters));
        var ended = false;
        try
        {
            var chunk = await Task.Run(() => connection.Fetch(stream));
            Summarise(response, chunk);
            var tag = Guid.NewGuid().ToString("N")[..16];
            response.Headers["X-ClickHouse-Exception-Tag"] = tag;
            var header = 0;
            for (var first = true; ; first = false)
            {
                using (chunk)
                {
                    if (chunk.Error is { } error)
                    {
                        if (first) throw new ChdbException(error);
                        await BreakAsync(http, tag, error);
                        return;
                    }
                    if (chunk.Length == 0) { ended = true; return; }
                    Copy(response, chunk.Data[header..]);
                    if (first && request.Format == WithHeader) header = RowBinaryHeader.Length(chunk.Data);
                }
                await response.BodyWriter.FlushAsync(http.RequestAborted);
                http.RequestAborted.ThrowIfCancellationRequested();
                chunk = await Task.Run(() => connection.Fetch(stream));
            }
        }
        finally
        {
            if (!ended) await Task.Run(() => connection.Abandon(stream));
        }
    }

    /// <summary>Tells in the middle of an answer that it failed, in the frame that clients look for.</summary>
    private static async Task BreakAsync(HttpContext http, string tag, string error)
    {
        var length = Encoding.UTF8.GetByteCount(error) + 1;
        await http.Response.WriteAsync($"__exception__\r\n{tag}\r\n{error}\n{length} {tag}\r\n__exception__\r\n", http.RequestAborted);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static void Summarise(HttpResponse response, ChdbResult result) =>
        response.Headers["X-ClickHouse-Summary"] = result.Error is null ? $"{{\"read_rows\":\"{result.RowsRead}\",\"read_bytes\":\"{result.BytesRead}\"}}" : "{}";

    private static void Copy(HttpResponse response, ReadOnlySpan<byte> data) => response.BodyWriter.Write(data);
}
