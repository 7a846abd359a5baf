using Palisade.Engine.Enrich;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>An attacker in a list.</summary>
/// <param name="Label">What people read: the address, the range, or the user agent.</param>
/// <param name="Country">ISO code; empty where it is not known, or there are several.</param>
/// <param name="Addresses">Attacking addresses that belong to it.</param>
/// <param name="Attacks">Findings; of an address known from incidents alone, their records.</param>
/// <param name="Level">The worst of its incidents.</param>
public sealed record AttackerRow(
    AttackerKind Kind, string Key, string Label, string Country, string Organization, long Addresses, long Attacks, long Succeeded, int Incidents, FindingLevel? Level, DateTimeOffset Last);

/// <param name="IsComplete">False: the event store did not answer, and only incidents were asked.</param>
public sealed record AttackerList(IReadOnlyList<AttackerRow> Rows, bool IsComplete);

/// <summary>Why blocking may hit others, or why it may be no attacker. Claimed: it says that it is a crawler; False: it names one whose operator publishes other addresses.</summary>
public enum AttackerNature { None, Shared, VerifiedCrawler, ClaimedCrawler, FalseCrawler }

/// <summary>Why two addresses may be one actor.</summary>
public enum RelativeReason { Range, Agent }

/// <summary>An attacking address that may be the same actor.</summary>
public sealed record AttackerRelative(AttackerAddress Who, RelativeReason Reason);

/// <summary>One attacker, as far as incidents, alerts and the event store know it.</summary>
/// <param name="Agent">Of a fingerprint: the user agent; else empty.</param>
/// <param name="Geo">Of an address: null where it is not known, or the address is private.</param>
/// <param name="Addresses">Of a range or fingerprint: its attacking addresses, most attacks first.</param>
/// <param name="Relatives">Of an address: others that may be the same actor.</param>
/// <param name="Traffic">All that it sent in the last two days of the time range; null where it sent nothing.</param>
/// <param name="IsComplete">False: the event store did not answer.</param>
public sealed record AttackerProfile(
    AttackerSubject Who, string Agent, GeoInfo? Geo, DateTimeOffset? First, DateTimeOffset? Last, IReadOnlyList<IncidentRow> Incidents, IReadOnlyList<Alert> Alerts,
    IReadOnlyList<AttackerTry> Tries, IReadOnlyList<AttackerTarget> Targets, IReadOnlyList<AttackerBucket> Activity, IReadOnlyList<AttackerAddress> Addresses,
    IReadOnlyList<AttackerRelative> Relatives, AttackerTraffic? Traffic, bool IsComplete)
{
    /// <summary>User agents, or accounts, from one address above which it stands for many people: an office, a mobile network, a VPN.</summary>
    public const int SharedAgents = 20, SharedUsers = 10;

    public string Label => Agent.Length > 0 ? Agent : Who.Key;
    public bool IsKnown => First is not null;
    /// <summary>Records with a finding: one that is found by two rules counts once.</summary>
    public long Attacks => Activity.Sum(b => b.Count);
    public long Succeeded => Activity.Sum(b => b.Succeeded);
    public AttackOutcome Best => Tries.Select(t => t.Best).Concat(Incidents.Select(i => i.Outcome)).DefaultIfEmpty(AttackOutcome.Unknown).Max();

    /// <summary>What its commonest user agent says, held against the addresses that the crawler's operator publishes.</summary>
    public CrawlerClaim Claim => Who.Kind == AttackerKind.Address && Traffic is { TopAgents: [var top, ..] } ? Crawlers.Judge(top.Agent, Who.Key) : default;

    public AttackerNature Nature => Claim switch
    {
        { IsProven: true } => AttackerNature.VerifiedCrawler,
        { IsClaimed: true, Name.Length: > 0 } => AttackerNature.FalseCrawler,
        { IsClaimed: true } => AttackerNature.ClaimedCrawler,
        _ => Who.Kind == AttackerKind.Address && Traffic is not null && (Traffic.Agents >= SharedAgents || Traffic.Users >= SharedUsers) ? AttackerNature.Shared : AttackerNature.None,
    };
}
