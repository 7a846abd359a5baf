using System.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Palisade.Server.Tenants;

namespace Palisade.Server.Control;

/// <summary>Changes to the control store: each is one serializable transaction, tried again when another got in between.</summary>
public static class ControlWrites
{
    private const int Attempts = 12;
    private const int SqliteBusy = 5;
    private const int SqliteConstraint = 19;

    /// <summary>Runs <paramref name="work"/>, saves, commits. The work may run several times: it must read what it decides on from its context.</summary>
    public static async Task<T> ChangeAsync<T>(this ControlDbFactory factory, TenantContext scope, Func<ControlDb, Task<T>> work, CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var db = factory.Create(scope);
            try
            {
                await using var transaction = await db.Database.BeginTransactionAsync(IsolationLevel.Serializable, stop);
                var result = await work(db);
                await db.SaveChangesAsync(stop);
                await transaction.CommitAsync(stop);
                return result;
            }
            catch (Exception e) when (attempt < Attempts && IsCollision(e))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5 * attempt), stop);
            }
        }
    }

    public static Task ChangeAsync(this ControlDbFactory factory, TenantContext scope, Func<ControlDb, Task> work, CancellationToken stop) =>
        factory.ChangeAsync(scope, async db => { await work(db); return true; }, stop);

    private static bool IsCollision(Exception e) => e switch
    {
        DbUpdateConcurrencyException => true,
        SqliteException sqlite => sqlite.SqliteErrorCode is SqliteBusy or SqliteConstraint,
        PostgresException postgres => postgres.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.UniqueViolation,
        _ => e.InnerException is { } inner && IsCollision(inner),
    };
}
