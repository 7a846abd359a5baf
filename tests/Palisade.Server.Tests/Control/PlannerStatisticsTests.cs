using Microsoft.EntityFrameworkCore;
using Palisade.Server.Alerts;

namespace Palisade.Server.Tests.Control;

/// <summary>What SQLite makes of a query that a stream asks every second.</summary>
[Collection(nameof(SqliteControl))]
public sealed class PlannerStatisticsTests(SqliteControl store)
{
    [Fact]
    public async Task Alerts_of_some_events_are_looked_up_by_event_and_not_by_reading_all_of_a_tenant()
    {
        await using var db = store.App.Control.ForSystem();
        ulong[] events = [3, 5, 8];
        await db.Database.OpenConnectionAsync();
        await using var command = db.Set<AlertEvent>().Where(e => e.TenantId == 7 && events.Contains(e.EventId)).Select(e => e.AlertId).Distinct().CreateDbCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        var steps = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync()) steps.Add(reader.GetString(3));
        Assert.Contains(steps, s => s.Contains("IX_alert_events_TenantId_EventId (TenantId=? AND EventId=?)", StringComparison.Ordinal));
    }
}
