using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>One tenant's habits on disk, little-endian: figures, tables as they lie, then groups and actors by key.</summary>
internal sealed partial class TenantHabits
{
    public void Save(BinaryWriter w)
    {
        w.Write(total);
        w.Write(firstMs);
        clients.Save(w);
        paths.Save(w);
        values.Save(w);
        w.Write(sites.Count);
        foreach (var (key, name) in sites.OrderBy(s => s.Key))
        {
            w.Write(key);
            w.Write(name);
        }
        w.Write(bareBrowsers);
        w.Write(fullBrowsers);
        w.Write(noticeOrder.Count);
        foreach (var notice in noticeOrder)
        {
            w.Write(notice);
            Write(w, seenNotices[notice]);
        }
        SaveLonely(w);
        SaveOdd(w);
        w.Write(uploads.Count);
        foreach (var u in uploads)
        {
            w.Write(u.TimeMs);
            Write(w, u.Ip);
            w.Write(u.Sequence);
            w.Write(u.Path);
        }
        w.Write(groups.Count);
        foreach (var g in groups.Values.OrderBy(g => (g.Detector, g.Place)))
        {
            w.Write((ushort)g.Detector);
            w.Write(g.Place);
            w.Write(g.Target);
            w.Write(g.Weight);
            w.Write(g.FirstMs);
            w.Write(g.LastMs);
            w.Write(g.IsReported);
            w.Write(g.Incident is { IsLive: true } incident ? incident.Id : "");
            w.Write(g.Members.Count);
            foreach (var member in g.Members) w.Write(member);
        }
        w.Write(actors.Count);
        foreach (var a in actors.Values.OrderBy(a => a.Ip)) Save(w, a);
        spreads.Save(w);
    }

    private static void Save(BinaryWriter w, Actor a)
    {
        Write(w, a.Ip);
        w.Write(a.FirstMs);
        w.Write(a.LastMs);
        w.Write(a.Count);
        for (var i = 0; i < 4; i++) w.Write(a.Targets[i]);
        w.Write(a.IsScan);
        w.Write(a.InPool);
        w.Write(a.Incident is { IsLive: true } incident ? incident.Id : "");
        w.Write(a.Places.Count);
        foreach (var (path, attackClass, count) in a.Places)
        {
            w.Write(path);
            w.Write(attackClass);
            w.Write(count);
        }
        w.Write(a.Pending.Count);
        foreach (var p in a.Pending)
        {
            w.Write(p.Sequence);
            w.Write(p.TimeMs);
            w.Write(p.Rule.Id);
            w.Write(p.Technique);
            w.Write((byte)p.Outcome);
            w.Write(p.Target);
        }
    }

    /// <param name="hasSpreads">The state is of a version that counts tries of many addresses at one page.</param>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(BinaryReader r, Func<string, RuleInfo?> rule, bool hasSpreads)
    {
        total = r.ReadUInt32();
        firstMs = r.ReadInt64();
        clients.Load(r);
        paths.Load(r);
        values.Load(r);
        for (var n = Incident.Length(r, MaxSites); n > 0; n--) sites[r.ReadUInt64()] = r.ReadString();
        (bareBrowsers, fullBrowsers) = (r.ReadUInt32(), r.ReadUInt32());
        for (var n = Incident.Length(r, MaxNotices + 1); n > 0; n--)
        {
            var notice = r.ReadUInt64();
            noticeOrder.Enqueue(notice);
            seenNotices[notice] = ReadIp(r);
        }
        LoadLonely(r);
        LoadOdd(r);
        for (var n = Incident.Length(r, MaxUploads); n > 0; n--) uploads.Add((r.ReadInt64(), ReadIp(r), r.ReadUInt64(), r.ReadUInt64()));
        for (var n = Incident.Length(r, MaxGroups); n > 0; n--)
        {
            var g = new Group((Joined)r.ReadUInt16(), r.ReadUInt64(), r.ReadString()) { Weight = r.ReadInt64(), FirstMs = r.ReadInt64(), LastMs = r.ReadInt64(), IsReported = r.ReadBoolean() };
            g.Incident = tracker.ById(tenant, r.ReadString());
            for (var m = Incident.Length(r, Group.MaxMembers); m > 0; m--) g.Members.Add(r.ReadUInt64());
            groups[(g.Detector, g.Place)] = g;
        }
        for (var n = Incident.Length(r, MaxActors); n > 0; n--) LoadActor(r, rule);
        if (hasSpreads) spreads.Load(r);
    }

    private void LoadActor(BinaryReader r, Func<string, RuleInfo?> rule)
    {
        var a = new Actor(ReadIp(r)) { FirstMs = r.ReadInt64(), LastMs = r.ReadInt64(), Count = r.ReadInt32() };
        for (var i = 0; i < 4; i++) a.Targets[i] = r.ReadUInt64();
        (a.IsScan, a.InPool) = (r.ReadBoolean(), r.ReadBoolean());
        a.Incident = tracker.ById(tenant, r.ReadString());
        for (var n = Incident.Length(r, Actor.MaxPlaces); n > 0; n--) a.Places.Add((r.ReadUInt64(), r.ReadString(), r.ReadInt32()));
        for (var n = Incident.Length(r, Actor.MaxPending + 1); n > 0; n--)
        {
            var (sequence, time, id, technique) = (r.ReadUInt64(), r.ReadInt64(), r.ReadString(), r.ReadString());
            var (outcome, target) = ((AttackOutcome)r.ReadByte(), r.ReadString());
            if (rule(id) is { } known) a.Pending.Add(new Pending(sequence, time, known, technique, outcome, target));
        }
        actors[a.Ip] = a;
    }

    private void SaveLonely(BinaryWriter w)
    {
        Save(w, lonely);
        w.Write(lonelyPlaces.Count);
        foreach (var (key, place) in lonelyPlaces.OrderBy(p => p.Key))
        {
            w.Write(key);
            w.Write(place.Target);
            w.Write(place.Stayed);
            w.Write(place.Went);
            w.Write(place.Refused);
            w.Write(place.SinceMs);
            w.Write(place.IsAction);
            for (var i = 0; i < 4; i++) w.Write(place.Addresses[i]);
            Save(w, place.Recent);
        }
    }

    private static void Save(BinaryWriter w, Queue<LonelyAct> acts)
    {
        w.Write(acts.Count);
        foreach (var a in acts)
        {
            w.Write(a.Client);
            w.Write(a.Path);
            w.Write(a.TimeMs);
            w.Write(a.Sequence);
            Write(w, a.Ip);
            w.Write((byte)a.What);
            w.Write((byte)a.Outcome);
        }
    }

    private void LoadLonely(BinaryReader r)
    {
        Load(r, lonely, MaxLonely);
        for (var n = Incident.Length(r, MaxLonelyPlaces); n > 0; n--)
        {
            var key = r.ReadUInt64();
            var place = new LonelyPlace(r.ReadString()) { Stayed = r.ReadInt32(), Went = r.ReadInt32(), Refused = r.ReadInt32(), SinceMs = r.ReadInt64(), IsAction = r.ReadBoolean() };
            for (var i = 0; i < 4; i++) place.Addresses[i] = r.ReadUInt64();
            Load(r, place.Recent, LonelyPlace.MaxRecent);
            lonelyPlaces[key] = place;
        }
    }

    private static void Load(BinaryReader r, Queue<LonelyAct> into, int most)
    {
        for (var n = Incident.Length(r, most); n > 0; n--)
            into.Enqueue(new LonelyAct(r.ReadUInt64(), r.ReadUInt64(), r.ReadInt64(), r.ReadUInt64(), ReadIp(r), (Business)r.ReadByte(), (AttackOutcome)r.ReadByte()));
    }

    private static void Write(BinaryWriter w, UInt128 ip)
    {
        w.Write((ulong)(ip >> 64));
        w.Write((ulong)ip);
    }

    private static UInt128 ReadIp(BinaryReader r) => new(r.ReadUInt64(), r.ReadUInt64());
}
