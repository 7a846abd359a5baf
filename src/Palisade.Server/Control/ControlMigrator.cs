using Microsoft.EntityFrameworkCore;
using Palisade.Server.Configuration;

namespace Palisade.Server.Control;

/// <summary>The data directory cannot be used; the message says why and what to do.</summary>
public sealed class DataDirectoryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Brings the control store to this version's schema, and refuses a newer one.</summary>
public static class ControlMigrator
{
    public static async Task MigrateAsync(ControlDbFactory factory, ServerOptions options, CancellationToken stop)
    {
        if (options.Control.Provider == ControlProvider.Sqlite) PrepareDirectory(options.Data.Directory);
        await using var db = factory.ForSystem();
        var known = db.Database.GetMigrations().ToHashSet(StringComparer.Ordinal);
        try
        {
            var applied = await db.Database.GetAppliedMigrationsAsync(stop);
            if (applied.FirstOrDefault(m => !known.Contains(m)) is { } newer)
            {
                throw new DataDirectoryException(
                    $"the control store was written by a newer version of Palisade (schema {newer}); start that version, or restore a backup made by this one");
            }
            await db.Database.MigrateAsync(stop);
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            throw new DataDirectoryException($"the control store {options.Data.PathOf(ControlDbFactory.FileName)} cannot be opened: {e.Message}", e);
        }
        catch (Npgsql.NpgsqlException e)
        {
            throw new DataDirectoryException($"the control store on PostgreSQL cannot be used: {e.Message}", e);
        }
    }

    /// <summary>Makes the data directory, for this user only.</summary>
    /// <exception cref="DataDirectoryException">It cannot be made or written.</exception>
    public static void PrepareDirectory(string directory)
    {
        var full = Path.GetFullPath(directory);
        if (!OperatingSystem.IsLinux()) throw new DataDirectoryException("Palisade runs on Linux");
        try
        {
            if (!Directory.Exists(full))
            {
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return;
            }
            var probe = Path.Combine(full, $".write-{Environment.ProcessId}");
            File.WriteAllBytes(probe, [1]);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"the data directory {full} cannot be written: {e.Message}", e);
        }
    }
}
