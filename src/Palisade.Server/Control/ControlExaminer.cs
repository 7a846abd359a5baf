using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Configuration;

namespace Palisade.Server.Control;

/// <summary>What a look at the control store has found.</summary>
/// <param name="Where">File, or that it is a server.</param>
/// <param name="Unreachable">Why a server does not answer; empty: it does.</param>
/// <param name="Newer">Steps of the schema that this program does not know.</param>
/// <param name="Pending">Steps that the next start makes.</param>
/// <param name="Damages">What the store's own check says; empty: it is whole.</param>
public sealed record ControlExamination(
    string Where, bool Exists, string Unreachable, IReadOnlyList<string> Newer, IReadOnlyList<string> Pending, IReadOnlyList<string> Damages);

/// <summary>Looks at the control store without changing it, also while a server works on it.</summary>
public static class ControlExaminer
{
    private const int MostDamages = 20;

    public static async Task<ControlExamination> ExamineAsync(ServerOptions options, CancellationToken stop)
    {
        await using var db = new ControlDbFactory(options).ForSystem();
        var known = db.Database.GetMigrations().ToArray();
        if (options.Control.Provider == ControlProvider.Postgresql) return await OfServerAsync(db, known, stop);
        var file = options.Data.PathOf(ControlDbFactory.FileName);
        if (!File.Exists(file)) return new ControlExamination(file, false, "", [], [], []);
        try
        {
            await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 30 }.ToString());
            await connection.OpenAsync(stop);
            var damages = (await ColumnAsync(connection, $"PRAGMA integrity_check({MostDamages})", stop)).Where(l => l != "ok").ToArray();
            return Compared(file, known, await ColumnAsync(connection, "SELECT MigrationId FROM __EFMigrationsHistory", stop), damages);
        }
        catch (SqliteException e)
        {
            return new ControlExamination(file, true, "", [], [], [e.Message]);
        }
    }

    private static async Task<ControlExamination> OfServerAsync(ControlDb db, string[] known, CancellationToken stop)
    {
        const string Where = "the control store (PostgreSQL)";
        try
        {
            return Compared(Where, known, [.. await db.Database.GetAppliedMigrationsAsync(stop)], []);
        }
        catch (DbException e)
        {
            return new ControlExamination(Where, true, e.Message, [], [], []);
        }
    }

    private static ControlExamination Compared(string where, string[] known, List<string> applied, string[] damages) =>
        new(where, true, "", [.. applied.Except(known)], [.. known.Except(applied)], damages);

    private static async Task<List<string>> ColumnAsync(SqliteConnection connection, string sql, CancellationToken stop)
    {
        var values = new List<string>();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync(stop);
        while (await reader.ReadAsync(stop)) values.Add(reader.GetString(0));
        return values;
    }
}
