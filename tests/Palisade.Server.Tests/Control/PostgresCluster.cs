using System.Diagnostics;
using Npgsql;

namespace Palisade.Server.Tests.Control;

/// <summary>Debian's PostgreSQL, a cluster of its own in a temporary folder, reached by a Unix socket in it.</summary>
internal sealed class PostgresCluster : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("palisade-pg-").FullName;
    private readonly string programs = Programs();
    private int databases;

    private string Data => Path.Combine(folder, "data");

    private static string Programs()
    {
        var found = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").OrderBy(d => int.Parse(Path.GetFileName(d))).LastOrDefault() : null;
        return Path.Combine(found ?? throw new InvalidOperationException("PostgreSQL is missing: apt-get install postgresql"), "bin");
    }

    public async Task StartAsync()
    {
        // PostgreSQL refuses to run as root.
        if (Environment.UserName == "root") await RunAsync("chown", "postgres", folder);
        await AsPostgresAsync("initdb", "-D", Data, "-A", "trust", "-U", "palisade", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        await AsPostgresAsync("pg_ctl", "-D", Data, "-w", "-t", "120", "-l", Path.Combine(folder, "log"),
            "-o", $"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=200", "start");
    }

    /// <summary>An empty database; its connection string.</summary>
    public async Task<string> NewDatabaseAsync()
    {
        var name = $"palisade{Interlocked.Increment(ref databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    private string ConnectionString(string database) => $"Host={folder};Username=palisade;Database={database}";

    private Task AsPostgresAsync(string program, params string[] words)
    {
        var path = Path.Combine(programs, program);
        return Environment.UserName == "root"
            ? RunAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. words])
            : RunAsync(path, words);
    }

    private async Task RunAsync(string program, params string[] words)
    {
        // Not redirected: the server that pg_ctl leaves behind would hold the pipe open.
        using var run = Process.Start(new ProcessStartInfo("sh", ["-c", "exec \"$@\" >\"$0.out\" 2>&1 </dev/null", Path.Combine(folder, "run"), program, .. words]) { WorkingDirectory = "/" })!;
        await run.WaitForExitAsync();
        if (run.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {run.ExitCode}: {await File.ReadAllTextAsync(Path.Combine(folder, "run.out"))}");
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await AsPostgresAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        Directory.Delete(folder, recursive: true);
    }
}
