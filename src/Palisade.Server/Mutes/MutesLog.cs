using Palisade.Engine.Rules.Policy;

namespace Palisade.Server.Mutes;

/// <summary>Log messages of the mutes: 3000 to 3099.</summary>
internal static partial class MutesLog
{
    [LoggerMessage(3000, LogLevel.Warning, "Mute {Number} of tenant {Tenant} is left out: {Problem}")]
    public static partial void MuteLeftOut(ILogger logger, int number, uint tenant, MuteProblem problem);
}
