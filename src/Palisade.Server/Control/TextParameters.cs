using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Palisade.Server.Control;

/// <summary>
/// PostgreSQL takes no U+0000 in text, and logs and requests may well carry one: it becomes U+FFFD on its way into a
/// statement, on both providers, in rows and in questions alike.
/// </summary>
internal sealed class TextParameters : DbCommandInterceptor
{
    public static string Clean(string text) => text.Replace('\0', '\uFFFD');

    private static void Clean(DbCommand command)
    {
        foreach (DbParameter parameter in command.Parameters)
        {
            if (parameter.Value is string text && text.Contains('\0', StringComparison.Ordinal)) parameter.Value = Clean(text);
            else if (parameter.Value is string[] many && many.Any(t => t.Contains('\0', StringComparison.Ordinal))) parameter.Value = Array.ConvertAll(many, Clean);
            else if (parameter.Value is List<string> list && list.Any(t => t.Contains('\0', StringComparison.Ordinal))) parameter.Value = list.ConvertAll(Clean);
        }
    }

    public override InterceptionResult<DbDataReader> ReaderExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result)
    {
        Clean(command);
        return result;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Clean(command);
        return new(result);
    }

    public override InterceptionResult<int> NonQueryExecuting(DbCommand command, CommandEventData eventData, InterceptionResult<int> result)
    {
        Clean(command);
        return result;
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Clean(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result, CancellationToken cancellationToken = default)
    {
        Clean(command);
        return new(result);
    }
}
