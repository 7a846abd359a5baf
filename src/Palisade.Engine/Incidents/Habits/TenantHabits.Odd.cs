using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Context that is odd and proves nothing: an hour with far more of some business than its own, an answer far larger than its page's, an administrator from a new country.</summary>
internal sealed partial class TenantHabits
{
    private const int DailyOdd = 20, LearnedAdmins = 200, AdminCountries = 3;
    private const long LargeAnswer = 1 << 20;

    private readonly Season?[] seasons = new Season?[12];
    private readonly Dictionary<(string Rule, ulong Place), long> oddAt = [];
    private long adminMs, oddDay;
    private int adminCount, oddToday;
    private ulong adminPlaces;

    /// <summary>Odd things that were not told because the day had its fill.</summary>
    public long Withheld { get; private set; }

    private void Odd(in SitePath path, in Request r, FindingList into)
    {
        if (path.Business is > Habits.Business.None && (int)path.Business < seasons.Length && Acts(path, r))
        {
            var usual = (seasons[(int)path.Business] ??= new Season()).Add(r.TimeMs);
            if (usual >= 0) Tell("behaviour.unusual_rate", r, path, (ulong)path.Business, into);
        }
        if (!r.IsOk || r.IsAttack) return;
        if (r.Bytes >= LargeAnswer && path.Ordinary >= 200 && path.Clients.Count >= 20 && r.Bytes > 8L * path.MaxOk) Tell("behaviour.large_answer", r, path, r.PathKey, into);
        if ((path.Traits & PathTraits.Admin) != 0) Admin(path, r, into);
    }

    /// <summary>Countries that pages of administration are used from: eight at most, two letters each.</summary>
    private void Admin(in SitePath path, in Request r, FindingList into)
    {
        var code = r.Events.Get(r.Event, Fields.SourceGeoCountryIsoCode);
        if (code.Length != 2) return;
        if (adminCount == 0) adminMs = r.TimeMs;
        if (adminCount < int.MaxValue) adminCount++;
        var known = 0;
        for (var i = 0; i < 4; i++)
        {
            var held = adminPlaces >> 16 * i & 0xFFFF;
            if (held == (ulong)(code[0] << 8 | code[1])) return;
            if (held != 0) known++;
        }
        if (known < 4) adminPlaces |= (ulong)(code[0] << 8 | code[1]) << 16 * known;
        if (known is > 0 and <= AdminCountries && adminCount >= LearnedAdmins && r.TimeMs - adminMs >= 7 * DayMs) Tell("behaviour.admin_place", r, path, (ulong)(code[0] << 8 | code[1]), into);
    }

    /// <summary>Once a day for one place, and a few a day in all.</summary>
    private void Tell(string id, in Request r, in SitePath path, ulong place, FindingList into)
    {
        if (rules.Of(id) is not { } rule) return;
        var day = r.TimeMs / DayMs;
        if (day > oddDay)
        {
            (oddDay, oddToday) = (day, 0);
            oddAt.Clear();
        }
        if (oddAt.ContainsKey((id, place))) return;
        if (oddToday >= DailyOdd) { Withheld++; return; }
        oddAt[(id, place)] = day;
        oddToday++;
        into.Add(new Finding(r.Event, rule, AttackOutcome.Unknown, 0, 0, 0, null, new Firing([new("source.ip", Address.Text(r.Ip)), new("url.path", path.TextOf())], r.TimeMs, r.Sequence, 1, [r.Sequence])));
    }

    private void SaveOdd(BinaryWriter w)
    {
        foreach (var season in seasons)
        {
            w.Write(season is not null);
            season?.Save(w);
        }
        w.Write(adminMs);
        w.Write(adminCount);
        w.Write(adminPlaces);
        w.Write(oddDay);
        w.Write(oddToday);
        w.Write(Withheld);
        w.Write(oddAt.Count);
        foreach (var ((rule, place), _) in oddAt.OrderBy(o => o.Key.Rule, StringComparer.Ordinal).ThenBy(o => o.Key.Place))
        {
            w.Write(rule);
            w.Write(place);
        }
    }

    private void LoadOdd(BinaryReader r)
    {
        for (var i = 0; i < seasons.Length; i++)
            if (r.ReadBoolean()) (seasons[i] = new Season()).Load(r);
        (adminMs, adminCount, adminPlaces, oddDay, oddToday, Withheld) = (r.ReadInt64(), r.ReadInt32(), r.ReadUInt64(), r.ReadInt64(), r.ReadInt32(), r.ReadInt64());
        for (var n = Incident.Length(r, DailyOdd); n > 0; n--) oddAt[(r.ReadString(), r.ReadUInt64())] = oddDay;
    }
}
