using System.Text.Json.Nodes;

namespace Palisade.Engine.Tests.Parse;

/// <summary>What passes lines on: syslog as both RFCs have it, with a tag nobody knows, Docker's json-file, CRI and the export of the systemd journal.</summary>
internal static class Frames
{
    public static readonly IReadOnlyList<string> All = ["rfc5424", "rfc3164", "docker", "cri", "journald"];

    /// <summary>A line as one of them passes it on.</summary>
    public static string Wrap(string frame, string line) => frame switch
    {
        "rfc5424" => "<190>1 2026-11-24T12:00:00.000Z gw-01 anything - - - " + line,
        "rfc3164" => "<13>Nov 24 12:00:00 gw-01 anything[12]: " + line,
        "docker" => new JsonObject { ["log"] = line + "\n", ["stream"] = "stdout", ["time"] = "2026-11-24T12:00:00.123456789Z" }.ToJsonString(),
        "cri" => "2026-11-24T12:00:00.123456789Z stdout F " + line,
        _ => new JsonObject { ["__REALTIME_TIMESTAMP"] = "1795521600000000", ["_BOOT_ID"] = "0123456789abcdef0123456789abcdef", ["_HOSTNAME"] = "gw-01", ["SYSLOG_IDENTIFIER"] = "anything", ["MESSAGE"] = line }.ToJsonString(),
    };
}
