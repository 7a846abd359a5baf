using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>What the log of a host shows that a site did. Written to snapshots: only grows.</summary>
public enum DeedKind : byte
{
    /// <summary>Started a program.</summary>
    Command = 0,
    /// <summary>Wrote a file that it would run itself.</summary>
    Script = 1,
    /// <summary>Connected to another machine.</summary>
    Connection = 2,
}

/// <summary>One thing that a site's program or account did on its host.</summary>
/// <param name="TimeMs">Unix milliseconds UTC.</param>
/// <param name="Host">Name of the host, lower case; empty where the record has none.</param>
/// <param name="Address">Address of the host; 0 where the record has none.</param>
/// <param name="Account">The account it ran as; empty where the record has none.</param>
/// <param name="Text">Command line, path of the file or address connected to, as in the record, at most <see cref="MaxText"/> bytes.</param>
/// <param name="Plain">The same as it is compared: lower case, blanks as one, of a command without the shell it was given to.</param>
/// <param name="Shape">Hash of host, program and switches, by which what is usual is told.</param>
/// <param name="IsTool">A shell or what attackers start.</param>
internal sealed record HostDeed(
    ulong Sequence, long TimeMs, uint Source, DeedKind Kind, string Host, UInt128 Address, string Account, string Text, byte[] Plain, ulong Shape, bool IsTool)
{
    public const int MaxText = 512;
}

/// <summary>An attack on a site that may have made its host do something.</summary>
/// <param name="TimeMs">Unix milliseconds UTC; the time the server wrote, which is when it began or when it ended.</param>
/// <param name="Client">Address the request came from.</param>
/// <param name="Outcome">As its answer alone tells.</param>
/// <param name="Target">Method and path.</param>
/// <param name="Plain">What the client sent, decoded, lower case, blanks as one, at most <see cref="RequestText.Most"/> bytes.</param>
internal sealed record WebAttempt(
    ulong Sequence, long TimeMs, uint Source, string Host, UInt128 Address, UInt128 Client, RuleInfo Rule, string Technique, AttackOutcome Outcome, string Target, byte[] Plain)
{
    /// <summary>Answered as refused or not found: only its own words on the host prove it.</summary>
    public bool IsRefused => Outcome is AttackOutcome.Blocked or AttackOutcome.Failed;

    public string Path
    {
        get
        {
            var path = Target[(Target.IndexOf(' ', StringComparison.Ordinal) + 1)..];
            return path.IndexOf('?', StringComparison.Ordinal) is >= 0 and var question ? path[..question] : path;
        }
    }
}
