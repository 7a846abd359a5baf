using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Reading by number, and reading too much: records of others, catalogues, floods.</summary>
internal sealed partial class TenantHabits
{
    private void Walk(ref SitePath path, ref Client ip, ref Client agent, in Request r, ulong key, FindingList into)
    {
        Sample(ref path, r, (uint)(key >> 40));
        if (Step(ref ip, r)) path.Walkers++;
        if (ip.WalkPath == r.PathKey) path.Walked++;
        Step(ref agent, r);
        if (r.Kind == AgentKind.Crawler) return;
        Crowd(ref path, ref ip, r, key, into);
        if (ip.WalkCount >= 40) Judge(ref path, ref ip, r, key, into);
        else if (agent.WalkCount >= 40) Judge(ref path, ref agent, r, Hash.Mix(key, r.Agent), into);
    }

    /// <summary>Whether records are asked for by one client each or by many: a small sample, each watched for 24 requests of its slot.</summary>
    /// <remarks><code>record 24 bits · client 24 bits · requests 8 bits · others 8 bits</code></remarks>
    private static void Sample(ref SitePath path, in Request r, uint client)
    {
        var record = Hash.Mix((ulong)r.Shape.Record, r.PathKey);
        var slot = (int)(record & Owners.Size - 1);
        var held = path.Owners[slot];
        var requests = (byte)(held >> 8);
        if (held != 0 && requests < 24)
        {
            var same = held >> 40 == record >> 40;
            var others = (byte)held;
            if (same && (held >> 16 & 0xFF_FFFF) != (client & 0xFF_FFFF) && others < 255) others++;
            path.Owners[slot] = held & ~0xFFFFUL | (ulong)(requests + 1) << 8 | others;
            return;
        }
        if (held != 0)
        {
            if ((byte)held > 0) path.Shared++;
            else path.Own++;
        }
        path.Owners[slot] = record >> 40 << 40 | (ulong)(client & 0xFF_FFFF) << 16 | 1UL << 8;
    }

    /// <summary>True where the client begins to read records here.</summary>
    private static bool Step(ref Client c, in Request r)
    {
        if (c.WalkPath != r.PathKey)
        {
            // One page at a time: the one that the client stays at.
            if (c.WalkPath != 0 && c.WalkCount >= 3 && r.TimeMs - c.WalkMs < 30 * MinuteMs) return false;
            c.WalkPath = r.PathKey;
            (c.WalkCount, c.WalkSteps, c.WalkOk) = (0, 0, 0);
            c.WalkIds = default;
        }
        var delta = Math.Abs(r.Shape.Record - c.WalkLast);
        if (c.WalkCount > 0 && delta is > 0 and <= 3) c.WalkSteps++;
        else if (c.WalkCount > 0 && delta == 0) c.WalkSteps++;
        c.WalkLast = r.Shape.Record;
        c.WalkMs = r.TimeMs;
        c.WalkCount++;
        if (r.IsOk) c.WalkOk++;
        c.WalkIds.Add(Hash.Mix((ulong)r.Shape.Record, 7));
        c.Note(r.Sequence, Habits.Business.Record, r.IsOk ? AttackOutcome.Likely : r.Outcome);
        return c.WalkCount == 1;
    }

    /// <summary>Many browsers that each read a part of a catalogue and load nothing else, where other browsers do: one reader behind many addresses.</summary>
    private void Crowd(ref SitePath path, ref Client c, in Request r, ulong key, FindingList into)
    {
        var joined = (c.Joined & Joined.Crowd) != 0;
        if (!joined && (r.Kind != AgentKind.Browser || c.WalkCount < 20 || c.WalkPath != r.PathKey || c.Assets > 0 || c.Referred * 5 > c.Total || c.WalkCount * 5 < c.Total * 4)) return;
        if (!joined && (fullBrowsers < 20 || bareBrowsers * 3 > fullBrowsers) || c.WalkPath != r.PathKey || rules.Of("behaviour.scraping") is not { } rule) return;
        var group = GroupOf(Joined.Crowd, r.PathKey, path, r.TimeMs);
        var isNew = Join(group, ref c, key, Joined.Crowd);
        group.Weight += isNew ? c.WalkCount : 1;
        group.LastMs = r.TimeMs;
        if (group.Incident is { IsLive: true } incident)
        {
            if (isNew) Recall(incident, group, rule, key, Habits.Business.Record, r.Sequence);
        }
        else if (group.Members.Count >= 8 && group.Weight >= 240)
        {
            OpenGroup(group, rule, "crowd", r, 0, Habits.Business.Record, into);
        }
        Add(group, rule, r, r.IsOk ? AttackOutcome.Likely : r.Outcome);
    }

    private void Judge(ref SitePath path, ref Client c, in Request r, ulong key, FindingList into)
    {
        if (c.WalkPath != r.PathKey) return;
        var group = (c.Joined & Joined.Walk) != 0 ? groups.GetValueOrDefault((Joined.Walk, Hash.Mix(r.PathKey, Hash.Of(c.Ip)))) : null;
        if (group?.Incident is not { IsLive: true })
        {
            if (Reading(path, c, r) is not { } id || rules.Of(id) is not { } named) return;
            group = GroupOf(Joined.Walk, Hash.Mix(r.PathKey, Hash.Of(c.Ip)), path, r.TimeMs);
            Join(group, ref c, key, Joined.Walk);
            group.LastMs = r.TimeMs;
            OpenGroup(group, named, named.Class, r, r.Ip, Habits.Business.Record, into);
            group.Weight = id == "behaviour.idor" ? 1 : 0;
        }
        if (rules.Of(group.Weight == 1 ? "behaviour.idor" : "behaviour.scraping") is not { } rule) return;
        group.LastMs = r.TimeMs;
        Add(group, rule, r, r.IsOk ? AttackOutcome.Likely : r.Outcome);
    }

    /// <summary>What reading it is; null: nothing out of the ordinary.</summary>
    private static string? Reading(in SitePath path, in Client c, in Request r)
    {
        var distinct = c.WalkIds.Count;
        var sequential = c.WalkSteps * 10 >= c.WalkCount * 6;
        // Everybody reads that many here.
        if (path.Walkers > 1 && distinct * (path.Walkers - 1L) < 5L * (path.Walked - (long)c.WalkCount)) return null;
        var isPublic = (path.Traits & PathTraits.Public) != 0 || path.Shared > 0 && path.Shared * 4 >= path.Own;
        var isPrivate = !isPublic && ((path.Traits & PathTraits.Private) != 0 || path.Own >= 8);
        var bare = c.Assets * 50 <= c.Total && c.Referred * 5 <= c.Total && c.WalkCount * 5 >= c.Total * 3;
        // What partners are given a path of their own for, a program may read.
        if ((path.Traits & PathTraits.Partner) != 0 && r.Kind != AgentKind.Browser) return null;
        if (isPrivate && sequential && distinct >= 30) return "behaviour.idor";
        // In no order, as one does who has heard of counting rules.
        if (isPrivate && bare && distinct >= 60) return "behaviour.idor";
        if (!bare || c.WalkCount < 80) return null;
        if (sequential && distinct >= 50) return "behaviour.scraping";
        return r.Kind == AgentKind.Browser && distinct >= 150 ? "behaviour.scraping" : null;
    }

    /// <summary>People who rush to a sale come from other pages and load what belongs to them; forty a minute no person does.</summary>
    private static bool Hammers(in Client c, in SitePath path) =>
        c.Burst >= (path.InMinute * 16L > 8L * path.Usual + 16 * 200 ? 8 : 12) && c.Burst * 10 >= c.BurstAll * 9 && (c.Assets == 0 && System.Numerics.BitOperations.PopCount(c.PageBits) <= 3 || c.Burst >= 40);

    /// <summary>A client that asks for one page, hardly anything else, faster than people do; and enough such clients at once.</summary>
    private void Burst(ref SitePath path, ref Client c, in Request r, ulong key, FindingList into)
    {
        if (r.TimeMs - c.BurstMs >= MinuteMs) (c.BurstMs, c.Burst, c.BurstAll, c.BurstPath) = (r.TimeMs, 0, 0, r.PathKey);
        Client.Up(ref c.BurstAll);
        if (c.BurstPath == r.PathKey) Client.Up(ref c.Burst);
        else if (c.Burst * 2 < c.BurstAll) (c.BurstPath, c.Burst) = (r.PathKey, 1);
        else return;
        var joined = (c.Joined & Joined.Flood) != 0;
        if (!joined && !Hammers(c, path) || rules.Of("behaviour.flood") is not { } rule) return;
        var group = GroupOf(Joined.Flood, r.PathKey, path, r.TimeMs, 10 * MinuteMs);
        if (Hammers(c, path))
        {
            Join(group, ref c, key, Joined.Flood);
            group.LastMs = r.TimeMs;
        }
        if (group.Incident is not { IsLive: true })
        {
            // Five times the usual minute, and more clients than a broken program or two.
            if (group.Members.Count < 10 || path.InMinute * 16L < 5L * path.Usual + 16 * 60) return;
            OpenGroup(group, rule, "flood", r, 0, (Business)byte.MaxValue, into);
        }
        Add(group, rule, r, r.Status >= 500 ? AttackOutcome.Likely : r.Outcome);
    }
}
