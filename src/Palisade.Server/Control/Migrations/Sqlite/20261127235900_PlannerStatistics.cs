using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Palisade.Server.Control.Migrations.Sqlite
{
    /// <summary>
    /// Tells SQLite how many events the alerts of a tenant list. Without figures it takes ten rows for all that a leading column finds, and reads a tenant's whole table
    /// rather than look for a few hundred events in the index of events. Rows, then rows to each value of the first column, of the first two and so on
    /// (sqlite.org/fileformat2.html, "The sqlite_stat1 table"); ANALYZE puts counted ones in their place.
    /// </summary>
    [DbContext(typeof(SqliteControlDb))]
    [Migration("20261127235900_PlannerStatistics")]
    public sealed class PlannerStatistics : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("ANALYZE alert_events");
            migrationBuilder.Sql("DELETE FROM sqlite_stat1 WHERE tbl = 'alert_events'");
            migrationBuilder.Sql("""
                INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
                  ('alert_events', 'sqlite_autoindex_alert_events_1', '1000000 200000 200 1'),
                  ('alert_events', 'IX_alert_events_TenantId_EventId', '1000000 200000 2')
                """);
            migrationBuilder.Sql("ANALYZE sqlite_schema");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            migrationBuilder.Sql("DELETE FROM sqlite_stat1 WHERE tbl = 'alert_events'");
    }
}
