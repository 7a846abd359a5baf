using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Palisade.Server.Control.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class SourceZones : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Zone",
                table: "sources",
                type: "character varying(64)",
                maxLength: 64,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<long>(
                name: "DelayMs",
                table: "ledger_minute",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "Timed",
                table: "ledger_minute",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Zone",
                table: "sources");

            migrationBuilder.DropColumn(
                name: "DelayMs",
                table: "ledger_minute");

            migrationBuilder.DropColumn(
                name: "Timed",
                table: "ledger_minute");
        }
    }
}
