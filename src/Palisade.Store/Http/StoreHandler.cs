using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Palisade.Store.Engine;
using Palisade.Store.Native;

namespace Palisade.Store.Http;

/// <summary>Answers one request: takes a connection, applies settings, runs, puts settings back.</summary>
internal sealed class StoreHandler(ConnectionPool pool, Sessions sessions)
{
    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var request = await StoreRequest.ReadAsync(http);
            http.Response.Headers["X-ClickHouse-Query-Id"] = request.QueryId;
            http.Response.Headers["X-ClickHouse-Timezone"] = "UTC";
            http.Response.Headers["X-ClickHouse-Server-Display-Name"] = "palisade-store";
            if (request.Session is { } name) await InSessionAsync(http, request, name);
            else await PooledAsync(http, request);
        }
        catch (ChdbException e)
        {
            await Errors.WriteAsync(http, e, pool.Version);
        }
        catch (InvalidDataException e)
        {
            await Errors.WriteAsync(http, new ChdbException("Code: 271. the body cannot be decompressed: " + e.Message), pool.Version);
        }
        catch (ZstdSharp.ZstdException e)
        {
            await Errors.WriteAsync(http, new ChdbException("Code: 271. the body cannot be decompressed: " + e.Message), pool.Version);
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException or BadHttpRequestException)
        {
            http.Abort(); // the caller is gone; there is nobody to tell
        }
    }

    private async Task PooledAsync(HttpContext http, StoreRequest request)
    {
        var connection = await pool.TakeAsync(http.RequestAborted);
        var clean = false;
        try
        {
            try
            {
                Prepare(connection, request);
                await RunAsync(http, connection, request);
            }
            finally
            {
                clean = Reset(connection, request);
            }
        }
        finally
        {
            pool.Return(connection, clean);
        }
    }

    private async Task InSessionAsync(HttpContext http, StoreRequest request, string name)
    {
        var session = await sessions.TakeAsync(name, http.RequestAborted);
        try
        {
            Prepare(session.Connection, request);
            await RunAsync(http, session.Connection, request);
        }
        finally
        {
            session.Turn.Release();
        }
    }

    private static void Prepare(ChdbConnection connection, StoreRequest request)
    {
        if (connection.Database != request.Database)
        {
            connection.Execute("USE `" + request.Database.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("`", "\\`", StringComparison.Ordinal) + "`");
            connection.Database = request.Database;
        }
        if (request.Settings.Count > 0)
            connection.Execute("SET " + string.Join(", ", request.Settings.Select(s => $"{s.Key} = {StatementText.Quote(s.Value)}")));
    }

    private static bool Reset(ChdbConnection connection, StoreRequest request)
    {
        if (request.Settings.Count == 0) return true;
        try
        {
            connection.Execute("SET " + string.Join(", ", request.Settings.Select(s => s.Key + " = DEFAULT")));
            return true;
        }
        catch (ChdbException)
        {
            return false; // the pool closes it
        }
    }

    private async Task RunAsync(HttpContext http, ChdbConnection connection, StoreRequest request)
    {
        var mark = QueryMark.New();
        Task<bool>? killed = null;
        var running = true;
        var gate = new Lock();
        await using (http.RequestAborted.Register(() => { lock (gate) if (running) killed = pool.KillAsync(mark); }))
        {
            try
            {
                if (request.InsertFormat is { } format) await InsertRunner.RunAsync(http, connection, request, format, mark);
                else await QueryRunner.RunAsync(http, connection, request, mark);
            }
            finally
            {
                lock (gate) running = false;
                if (killed is not null) await killed;
            }
        }
    }
}
