using System.Runtime.InteropServices;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Requests that rules matched, and pages that do not exist: who works on one place, who scans, who only tries a thing or two; and whether it worked.</summary>
internal sealed partial class TenantHabits
{
    private const int ScanFindings = 15, ScanTargets = 8, ScanDead = 20, PlaceFindings = 5;
    // Keys of the two pools of those who only try a thing or two.
    private const ulong ProbePool = 1, LogPool = 2;

    private void Attacked(ref SitePath path, ref Client ip, in Request r, ReadOnlySpan<Finding> found, FindingList into)
    {
        path.Attacked++;
        ref readonly var first = ref found[Primary(found)];
        var outcome = OutcomeOf(path, r, first);
        if (r.IsRefused) path.AttackedFailed++;
        else if (r.IsOk && outcome < AttackOutcome.Likely) { path.AttackedOk++; path.AttackedBytes += (ulong)Math.Max(0, r.Bytes); }
        ip.Joined |= Joined.Attack;
        var target = path.TextOf();
        var pending = new Pending(r.Sequence, r.TimeMs, first.Rule, first.Technique ?? "", outcome, target);
        if ((path.Traits & PathTraits.Cased) != 0 && rules.Of("behaviour.webshell") is not null)
        {
            var shell = GroupOf(Joined.Attack, r.PathKey, path, r.TimeMs);
            Upload(shell, r.Ip, path.FirstMs);
            Add(shell, first.Rule, r, r.IsOk ? AttackOutcome.Likely : outcome);
            return;
        }
        if (first.Rule.Class == "log4shell") { Pool(LogPool, "behaviour.log4shell", 3, 1, pending, r, null, into); return; }
        var actor = ActorOf(r);
        if (actor.Count < int.MaxValue) actor.Count++;
        actor.LastMs = r.TimeMs;
        actor.Targets.Add(r.PathKey);
        var here = 0;
        foreach (ref readonly var f in found)
            if (!f.Rule.ContextOnly) here = Math.Max(here, CountPlace(actor, r.PathKey, Family(f.Rule.Class)));
        if (actor.Incident is { IsLive: true } own)
        {
            if (!actor.IsScan || here < PlaceFindings * 4 || here * 10 < actor.Count * 6) { AddAttack(actor, own, pending); return; }
            actor.IsScan = false;
        }
        if (actor.Pending.Count < Actor.MaxPending) actor.Pending.Add(pending);
        var isTool = first.Rule.Class == "scanner";
        if (here >= PlaceFindings && here * 10 >= actor.Count * 3 && !(isTool && actor.Targets.Count >= ScanTargets) || outcome >= AttackOutcome.Likely) OpenAttack(actor, ref path, r, first, into);
        else if (actor.Count >= ScanFindings && actor.Targets.Count >= ScanTargets) OpenScan(actor, r, into);
        else if (Spreads(ref path, ip, r, first, actor, into)) return;
        else if (r.IsRefused) Pool(ProbePool, "behaviour.probe", 6, 3, pending, r, actor, into);
    }

    /// <summary>What names the request: payloads before the tool that sends them.</summary>
    private static int Primary(ReadOnlySpan<Finding> found)
    {
        var best = -1;
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i].Rule.ContextOnly) continue;
            if (best < 0 || found[best].Rule.Class is "scanner" or "probe" && found[i].Rule.Class is not ("scanner" or "probe")) best = i;
        }
        return Math.Max(best, 0);
    }

    /// <summary>Classes that are one method under several names.</summary>
    private static string Family(string attackClass) => attackClass switch
    {
        "lfi" or "rfi" => "path_traversal",
        "cmdi" or "ssti" => "rce",
        "nosqli" => "sqli",
        "probe" => "scanner",
        _ => attackClass,
    };

    /// <summary>
    /// Whether an attempt worked, from the answer alone: it is many times larger than the page ever gives, or a file came where the same
    /// kind of attempt was refused before.
    /// </summary>
    private static AttackOutcome OutcomeOf(in SitePath path, in Request r, in Finding finding)
    {
        if (!r.IsOk) return r.Status == 0 ? finding.Outcome : r.Outcome;
        if (path.Ordinary >= 20 && r.Bytes >= 4_096 && r.Bytes > 4L * path.MaxOk) return AttackOutcome.Likely;
        if (path.AttackedOk >= 10 && r.Bytes >= 4_096 && r.Bytes * path.AttackedOk > 8L * (long)path.AttackedBytes) return AttackOutcome.Likely;
        if (Family(finding.Rule.Class) == "path_traversal" && path.AttackedFailed >= 3 && r.Bytes > 0) return AttackOutcome.Likely;
        return finding.Outcome >= AttackOutcome.Likely ? finding.Outcome : AttackOutcome.Unknown;
    }

    private Actor ActorOf(in Request r)
    {
        if (actors.TryGetValue(r.Ip, out var actor))
        {
            // Two quiet hours end a sitting; whoever is in an incident stays in it as long as that lives.
            if (actor.Incident is { IsLive: true } || r.TimeMs - actor.LastMs <= 2 * HourMs) return actor;
            var pooled = actor.InPool && r.TimeMs - actor.LastMs <= DayMs;
            return actors[r.Ip] = new Actor(r.Ip) { FirstMs = r.TimeMs, InPool = pooled };
        }
        if (actors.Count >= MaxActors)
            foreach (var old in actors.Values.OrderBy(a => a.Incident is { IsLive: true }).ThenBy(a => a.LastMs).ThenBy(a => a.Ip).Take(MaxActors / 4).ToArray()) actors.Remove(old.Ip);
        return actors[r.Ip] = new Actor(r.Ip) { FirstMs = r.TimeMs };
    }

    private static int CountPlace(Actor actor, ulong path, string family)
    {
        var places = CollectionsMarshal.AsSpan(actor.Places);
        for (var i = 0; i < places.Length; i++)
        {
            if (places[i].Path != path || places[i].Class != family) continue;
            return ++places[i].Count;
        }
        if (actor.Places.Count < Actor.MaxPlaces) actor.Places.Add((path, family, 1));
        return 1;
    }

    /// <summary>One place, one method, again and again; others that do the same there belong to it.</summary>
    private void OpenAttack(Actor actor, ref SitePath path, in Request r, in Finding first, FindingList into)
    {
        var here = r.PathKey;
        var best = actor.Places.MaxBy(p => (p.Path == here, p.Class is not "scanner", p.Count));
        Begin(actor, AttackKey(best.Class, here), isScan: false, "behaviour.attack", path.TextOf(), r, into);
        GatherFor(actor, r, first);
    }

    private static string AttackKey(string family, ulong path) => $"attack {family} {path:x16}";

    private void OpenScan(Actor actor, in Request r, FindingList into)
    {
        if (OfSameNetwork(r) is { } incident)
        {
            Join(actor, incident);
            actor.IsScan = true;
            return;
        }
        Begin(actor, "scan " + Address.Text(actor.Ip), isScan: true, "behaviour.scan", "/", r, into);
    }

    private void Begin(Actor actor, string key, bool isScan, string ruleId, string target, in Request r, FindingList into)
    {
        if (rules.Of(ruleId) is not { } rule) return;
        if (actor.InPool) LeavePool(actor);
        actor.IsScan = isScan;
        actor.Incident = tracker.OpenFor(tenant, key, actor.Ip, r.Sequence, r.TimeMs);
        var isNew = actor.Incident.Count == 0;
        foreach (var pending in actor.Pending) AddAttack(actor, actor.Incident, pending);
        actor.Pending.Clear();
        YieldPool(actor.Incident);
        if (isNew) Report(rule with { Class = actor.Incident.Class }, target, r, actor.Incident, opened: true, into);
    }

    /// <summary>A scan is told as one thing, what it tried as its methods; who works on one place is told by what is tried there.</summary>
    private void AddAttack(Actor actor, Incident incident, in Pending p)
    {
        var scan = actor.IsScan && p.Outcome < AttackOutcome.Likely ? rules.Of("behaviour.scan") : null;
        tracker.Add(incident, scan ?? p.Rule, scan is null ? p.Technique : content.Of(p.Rule.Class).Name, p.Sequence, p.TimeMs, actor.Ip, p.Outcome, p.Target);
    }

    /// <summary>Those who only try a thing or two, all together: nobody wants an incident for each.</summary>
    private void Pool(ulong pool, string ruleId, int events, int sources, in Pending p, in Request r, Actor? actor, FindingList into)
    {
        if (rules.Of(ruleId) is not { } rule) return;
        var group = groups.GetValueOrDefault((Joined.Attack, pool));
        if (group is null || r.TimeMs - group.LastMs > DayMs)
        {
            if (groups.Count >= MaxGroups) return;
            groups[(Joined.Attack, pool)] = group = new Group(Joined.Attack, pool, p.Target) { FirstMs = r.TimeMs };
        }
        group.LastMs = r.TimeMs;
        group.Weight++;
        var key = Hash.Of(r.Ip);
        if (!group.Members.Contains(key) && group.Members.Count < Group.MaxMembers) group.Members.Add(key);
        if (group.Incident is not { IsLive: true })
        {
            group.Incident = tracker.OpenFor(tenant, $"pool {pool} {r.TimeMs / DayMs}", 0, r.Sequence, r.TimeMs);
            group.Incident.IsHeld = !group.IsReported;
        }
        var enough = group.Weight >= events && group.Members.Count >= sources;
        if (enough) group.Incident.IsHeld = false;
        if (actor is not null) actor.InPool = true;
        tracker.Add(group.Incident, rule, content.Of(p.Rule.Class).Name, p.Sequence, p.TimeMs, r.Ip, p.Outcome, p.Target);
        if (enough && !group.IsReported)
        {
            group.IsReported = true;
            Report(rule, p.Target, r, group.Incident, opened: true, into);
        }
    }

    private void LeavePool(Actor actor)
    {
        actor.InPool = false;
        if (!groups.TryGetValue((Joined.Attack, ProbePool), out var group) || group.Incident is not { IsLive: true } incident) return;
        group.Weight = Math.Max(0, group.Weight - actor.Pending.Count);
        group.Members.Remove(Hash.Of(actor.Ip));
        incident.Forget(actor.Ip, [.. actor.Pending.Select(p => p.Sequence)]);
        tracker.Note(incident);
    }

    /// <summary>Many pages that have never answered, without a link that leads to them: a list is tried.</summary>
    private void Dead(ref SitePath path, ref Client c, in Request r, FindingList into)
    {
        if (path.Ok > 0 || r.HasReferrer || r.Status is not (400 or 403 or 404 or 405 or 410)) return;
        if (r.TimeMs - c.DeadMs > 10 * MinuteMs) { (c.DeadMs, c.Dead) = (r.TimeMs, 0); c.DeadPaths = default; }
        Client.Up(ref c.Dead);
        Client.Up(ref c.DeadAll);
        c.DeadPaths.Add(Hash.Mix(r.PathKey, Hash.Of(r.Shape.Path)));
        c.Note(r.Sequence, Habits.Business.Other);
        var actor = actors.GetValueOrDefault(r.Ip);
        if (actor?.Incident is { IsLive: true } incident && actor.IsScan && rules.Of("behaviour.scan") is { } rule)
        {
            actor.LastMs = r.TimeMs;
            tracker.Add(incident, rule, "", r.Sequence, r.TimeMs, r.Ip, r.Outcome, path.TextOf());
            return;
        }
        if (c.DeadPaths.Count < ScanDead || c.DeadAll * 2 < c.Total || actor?.Incident is { IsLive: true }) return;
        actor = ActorOf(r);
        actor.LastMs = r.TimeMs;
        if (rules.Of("behaviour.scan") is { } scan) actor.Pending.Add(new Pending(r.Sequence, r.TimeMs, scan, "", r.Outcome, path.TextOf()));
        OpenScan(actor, r, into);
    }

    /// <summary>A script that answers where none was: judged by where it lies, when it came, who calls it and how.</summary>
    private void Script(ref SitePath path, in Request r, ReadOnlySpan<Finding> found, FindingList into)
    {
        if ((path.Traits & PathTraits.Cased) == 0)
        {
            if (path.Ok < 2 || path.Ok > 200 || path.Clients.Count > 3) return;
            var points = (path.Traits & PathTraits.Passive) != 0 ? 2 : 0;
            if (path.SiteBefore > 2_000 || path.SiteBefore > 200 && path.FirstMs - firstMs > HourMs) points++;
            if (!r.HasReferrer) points++;
            if (r.IsPost) points++;
            if (Uploaded(r.Ip, path.FirstMs) >= 0) points += 2;
            foreach (ref readonly var f in found)
                if (!f.Rule.ContextOnly && f.Rule.Class is "cmdi" or "rce" or "webshell") { points += 2; break; }
            if (points < 4 || rules.Of("behaviour.webshell") is not { } open) return;
            path.Traits |= PathTraits.Cased;
            var opened = GroupOf(Joined.Attack, r.PathKey, path, r.TimeMs);
            opened.Incident = tracker.OpenFor(tenant, $"webshell {r.PathKey:x16}", r.Ip, r.Sequence, r.TimeMs);
            var isNew = opened.Incident.Count == 0;
            Upload(opened, path.FirstClient, path.FirstMs);
            Upload(opened, r.Ip, path.FirstMs);
            if (path.FirstSequence != r.Sequence) tracker.Add(opened.Incident, open, "", path.FirstSequence, path.FirstMs, path.FirstClient, AttackOutcome.Likely, opened.Target);
            Add(opened, open, r, AttackOutcome.Likely);
            Report(open, opened.Target, r, opened.Incident, isNew, into);
            return;
        }
        var group = GroupOf(Joined.Attack, r.PathKey, path, r.TimeMs);
        if (rules.Of("behaviour.webshell") is not { } rule) return;
        if (group.Incident is not { IsLive: true })
        {
            group.Incident = tracker.OpenFor(tenant, $"webshell {r.PathKey:x16}", r.Ip, r.Sequence, r.TimeMs);
            // It was told once; whether people want to see it is asked again.
            tracker.Recognise(group.Incident, group.Incident.Count == 0, rules.MutedBy(r.Events, Told(rule, group.Target, r, group.Incident)));
        }
        group.LastMs = r.TimeMs;
        Upload(group, r.Ip, path.FirstMs);
        if (!r.IsAttack) Add(group, rule, r, AttackOutcome.Likely);
    }

    /// <summary>Index of the client's first upload within the hour before; -1: none.</summary>
    private int Uploaded(UInt128 ip, long before) => uploads.FindIndex(u => u.Ip == ip && before - u.TimeMs is >= 0 and <= HourMs);

    private void Upload(Group group, UInt128 ip, long before)
    {
        if (group.Incident is not { IsLive: true } incident || incident.HasSource(ip) || rules.Of("behaviour.upload") is not { } rule) return;
        foreach (var u in uploads)
            if (u.Ip == ip && before - u.TimeMs is >= 0 and <= HourMs)
                tracker.Add(incident, rule, "", u.Sequence, u.TimeMs, u.Ip, AttackOutcome.Unknown, group.Target);
    }
}
