using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Palisade.Store.Engine;
using Palisade.Store.Http;
using Palisade.Store.Native;

namespace Palisade.Store;

/// <summary>The verb <c>palisade store</c>: embedded ClickHouse behind ClickHouse's HTTP protocol, on a private Unix socket.</summary>
public static class StoreHost
{
    private const int ExitBadArguments = 2, ExitCannotOpen = 4;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(5);

    /// <summary>Serves until SIGTERM, SIGINT or the end of the supervisor's pipe. Says READY on stdout once it answers.</summary>
    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        StoreHostOptions options;
        try
        {
            options = StoreHostOptions.Parse(args);
        }
        catch (StoreStartException e)
        {
            await Console.Error.WriteLineAsync("palisade store: " + e.Message);
            return ExitBadArguments;
        }
        try
        {
            Chdb.Load(LibraryLocator.Find(options.Library));
            Directory.CreateDirectory(options.Path);
            using var pool = new ConnectionPool(options);
            using var sessions = new Sessions(pool, TimeProvider.System);
            await ServeAsync(options, pool, sessions);
            // A connection still busy after the drain must not be closed under its statement: leave without closing.
            using var limit = new CancellationTokenSource(DrainTime);
            if (!await pool.DrainAsync(limit.Token)) Environment.Exit(0);
            return 0;
        }
        catch (Exception e) when (e is StoreStartException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("palisade store: " + e.Message);
            return ExitCannotOpen;
        }
    }

    private static async Task ServeAsync(StoreHostOptions options, ConnectionPool pool, Sessions sessions)
    {
        ThreadPool.SetMinThreads(options.Connections + 8, 8);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestLineSize = 1 << 20;
            kestrel.Limits.MaxRequestBufferSize = 4 << 20;
            if (options.Socket is { } socket)
            {
                File.Delete(socket);
                kestrel.ListenUnixSocket(socket);
            }
            if (options.Tcp is { } end) kestrel.Listen(end);
        });
        await using var app = builder.Build();
        var handler = new StoreHandler(pool, sessions);
        app.MapGet("/ping", () => "Ok.\n");
        app.MapMethods("/", ["GET", "POST"], handler.HandleAsync);
        var mask = Umask.Set(Umask.OwnerOnly); // the socket is made with this mask: never open to others, not even for a moment
        try { await app.StartAsync(); }
        finally { Umask.Set(mask); }
        await Console.Out.WriteLineAsync($"READY {pool.Version} {string.Join(' ', app.Urls)}");
        if (options.WatchInput) _ = StopWithInputAsync(app.Lifetime);
        await app.WaitForShutdownAsync();
    }

    private static async Task StopWithInputAsync(IHostApplicationLifetime lifetime)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0)
        {
        }
        lifetime.StopApplication();
    }
}
