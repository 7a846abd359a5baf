using System.Text;
using Palisade.Engine.Rules.Policy;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>
/// Says that an attack on a site worked where a second, independent source shows it: the log of the host, on which a site's program or account ran what the request
/// brought, wrote a script, or connected to where the request said, within a minute of it. It does not matter which record comes first, nor from which source.
/// Holds state, so one instance a shard; not thread-safe. The same events in the same order give the same result.
/// </summary>
public sealed partial class HostProof(IncidentContent content, IncidentTracker tracker, PolicyStage policy)
{
    /// <summary>Findings of one incident; what more there is joins its story.</summary>
    private const int MaxFindings = 20;
    private const int MaxTarget = 160;

    private readonly Dictionary<uint, TenantProof> tenants = [];
    private readonly HostDeedReader reader = new(content.Hosts);

    /// <summary>Takes an event that is no request to a site.</summary>
    internal void TakeHost(EventBatch events, int index, FindingList into)
    {
        if (!reader.TryRead(events, index, out var deed)) return;
        var tenant = events.Header(index).Tenant;
        var held = Of(tenant);
        held.Add(deed);
        if (held.For(deed) is { } best) Prove(tenant, best.Attempt, deed, best.Outcome, events, index, into);
    }

    /// <summary>Takes a request to a site, behind the habits.</summary>
    /// <param name="found">What rules said of it.</param>
    internal void TakeRequest(EventBatch events, int index, UInt128 client, ReadOnlySpan<Finding> found, FindingList into)
    {
        if (AttemptOf(events, index, client, found) is not { } attempt) return;
        var tenant = events.Header(index).Tenant;
        var held = Of(tenant);
        held.Add(attempt);
        if (held.Rare.Count + held.Usual.Count == 0) return;
        foreach (var (deed, outcome) in held.For(attempt).ToArray())
            // What speaks for another attempt more than for this one stays with that.
            if (held.For(deed) is { } best && (ReferenceEquals(best.Attempt, attempt) || outcome > best.Outcome)) Prove(tenant, attempt, deed, outcome, events, index, into);
    }

    private TenantProof Of(uint tenant)
    {
        if (!tenants.TryGetValue(tenant, out var proof)) tenants[tenant] = proof = new TenantProof(content.Hosts);
        return proof;
    }

    private WebAttempt? AttemptOf(EventBatch events, int index, UInt128 client, ReadOnlySpan<Finding> found)
    {
        var best = -1;
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i].Rule.ContextOnly || found[i].Muted != 0) continue;
            if (content.Hosts.Runs(found[i].Rule.Class)) { best = i; break; }
            if (best < 0 && content.Hosts.MayRun(found[i].Rule.Class)) best = i;
        }
        ref readonly var header = ref events.Header(index);
        // A request for what the habits take for a web shell need not look like an attack.
        var last = tracker.LastAdded;
        var shell = last.Sequence == header.Sequence && last.Rule?.Class == "webshell";
        if (best < 0 && !shell) return null;
        var rule = best >= 0 ? found[best].Rule : last.Rule!;
        Span<byte> text = stackalloc byte[RequestText.Most];
        var length = best >= 0 ? PlainOf(events, found[best], text) : RequestText.Decode(TargetOf(events, index), text);
        var outcome = best >= 0 ? OutcomeOf(found[best].Outcome, events, index) : last.Outcome;
        return new WebAttempt(
            header.Sequence, IncidentTracker.TimeOf(header), header.Source, HostDeedReader.HostOf(events, index), HostDeedReader.AddressOf(events, index), client, rule, best >= 0 ? found[best].Technique ?? "" : "", outcome,
            Shown(events, index), text[..length].ToArray());
    }

    /// <summary>As the answer tells: what a rule says of a request is no more than likely.</summary>
    private static AttackOutcome OutcomeOf(AttackOutcome said, EventBatch events, int index)
    {
        if (said != AttackOutcome.Unknown) return said;
        var status = events.Get(index, Fields.HttpResponseStatusCode);
        return status.Length == 3 && status[0] == '4' ? AttackOutcome.Failed : said;
    }

    /// <summary>The evidence, then the target: where the attack lies far behind or in another part of the request, it is compared all the same.</summary>
    private static int PlainOf(EventBatch events, in Finding finding, Span<byte> into)
    {
        var target = TargetOf(events, finding.Event);
        var field = finding.Field == 0 ? default : events.Get(finding.Event, finding.Field);
        var inTarget = finding.Field is Fields.UrlOriginal or Fields.UrlPath or Fields.UrlQuery && finding.Offset + finding.Length <= into.Length;
        if (field.IsEmpty || finding.Length == 0 || inTarget || finding.Offset >= field.Length) return RequestText.Decode(target, into);
        var evidence = field[finding.Offset..];
        var n = RequestText.Decode(evidence[..Math.Min(evidence.Length, into.Length / 2)], into);
        into[n++] = (byte)' ';
        return n + RequestText.Decode(target, into[n..]);
    }

    private static ReadOnlySpan<byte> TargetOf(EventBatch events, int index) => events.TryGet(index, Fields.UrlOriginal, out var target) && !target.IsEmpty ? target : events.Get(index, Fields.UrlPath);

    private static string Shown(EventBatch events, int index)
    {
        var target = TargetOf(events, index);
        return Encoding.UTF8.GetString(events.Get(index, Fields.HttpRequestMethod)) + " " + Encoding.UTF8.GetString(target[..Math.Min(target.Length, MaxTarget)]) + (target.Length > MaxTarget ? "…" : "");
    }

    private void Prove(uint tenant, WebAttempt attempt, HostDeed deed, AttackOutcome outcome, EventBatch events, int index, FindingList into)
    {
        var id = deed.Kind switch { DeedKind.Script => "behaviour.host_file", DeedKind.Connection => "behaviour.host_connection", _ => "behaviour.host_proof" };
        if (new TenantBehaviours(content, policy, tenant).Of(id) is not { } rule) return;
        var first = Math.Min(attempt.Sequence, deed.Sequence);
        var finding = new Finding(index, rule with { Class = attempt.Rule.Class, Level = outcome == AttackOutcome.Succeeded || rule.Level < FindingLevel.High ? rule.Level : FindingLevel.High }, outcome, 0, 0, 0, $"{attempt.Target} → {deed.Text}", new Firing(
            [new("source.ip", Address.Text(attempt.Client)), new("host.name", deed.Host), new("user.name", deed.Account), new("url.path", attempt.Path)],
            Math.Min(attempt.TimeMs, deed.TimeMs), first, 2, [first, Math.Max(attempt.Sequence, deed.Sequence)]));
        // What people do not want to hear of makes no story, and none of those there are worse.
        if (policy.MutedBy(events, finding) == 0 && tracker.Prove(tenant, attempt, deed, rule, outcome).Proven > MaxFindings) return;
        into.Add(finding);
    }
}
