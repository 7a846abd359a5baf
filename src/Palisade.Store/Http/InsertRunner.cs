using System.Buffers;
using Microsoft.AspNetCore.Http;
using Palisade.Store.Engine;
using Palisade.Store.Native;

namespace Palisade.Store.Http;

/// <summary>INSERT … FORMAT X with its data in the body: fed to the engine in pieces. A caller that goes away stores nothing.</summary>
internal static class InsertRunner
{
    private const int PieceSize = 1 << 20;

    public static async Task RunAsync(HttpContext http, ChdbConnection connection, StoreRequest request, string format, QueryMark mark)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            using var insert = await Task.Run(() => connection.Insert($"{request.Sql} {mark.Comment}", format));
            if (request.DataHead.Length > 0) insert.Append(request.DataHead.Span);
            for (int n; (n = await request.Data.ReadAtLeastAsync(buffer.AsMemory(0, PieceSize), PieceSize, throwOnEndOfStream: false, http.RequestAborted)) > 0;)
            {
                var piece = n;
                await Task.Run(() => insert.Append(buffer.AsSpan(0, piece)));
            }
            using var done = await Task.Run(insert.Finish);
            http.Response.Headers["X-ClickHouse-Summary"] = $"{{\"written_rows\":\"{done.RowsWritten}\",\"written_bytes\":\"{done.BytesWritten}\"}}";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
