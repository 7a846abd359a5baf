using System.CommandLine;
using Palisade.Engine.Parse.Times;
using Palisade.Protocol;
using Palisade.Server.Sources;

namespace Palisade.Cli.Commands;

/// <summary>The flag for the zone of stamps that carry none.</summary>
internal static class ZoneFlag
{
    public static Option<string?> Create() => new("--zone")
    {
        Description = "Zone of stamps that carry none: Asia/Shanghai, +08:00 ...; UTC when not given.", HelpName = "ZONE",
    };

    /// <summary>The zone; null when the flag was not given.</summary>
    public static ZoneTable? Read(string? name)
    {
        if (name is null) return null;
        if (Zones.Find(name) is { } zone) return zone;
        var near = Spelling.Nearest(name, TimeZoneInfo.GetSystemTimeZones().Select(z => z.Id));
        throw new CliException(ExitCodes.Usage, $"--zone {name}: there is no such zone{(near is null ? "" : $"; did you mean {near}?")} {Zones.Form}.");
    }
}
