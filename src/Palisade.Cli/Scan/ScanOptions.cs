using Palisade.Engine.Incidents.Habits;
using Palisade.Engine.Parse.Times;
using Palisade.Protocol;

namespace Palisade.Cli.Scan;

/// <summary>How the result of a scan is written.</summary>
internal enum ScanFormat { Text, Jsonl, Json, Html, Csv }

/// <summary>One scan as asked for on the command line.</summary>
/// <param name="Files">Paths; "-" is standard input.</param>
/// <param name="Source">Source the lines are of; null detects it.</param>
/// <param name="Rules">Further rule files or folders.</param>
/// <param name="Out">File to write to; null writes to standard output.</param>
/// <param name="Zone">Zone of stamps that carry none; null: what their source says, UTC if nothing.</param>
/// <param name="Pages">What pages of the sites are for; null: guessed alone.</param>
/// <param name="FailOn">Level from which on findings make the exit code 1; null never does.</param>
internal sealed record ScanOptions(
    IReadOnlyList<string> Files, string? Source, IReadOnlyList<string> Rules, ScanFormat Format, string? Out, FindingLevel? FailOn, ZoneTable? Zone = null, BusinessChoices? Pages = null);
