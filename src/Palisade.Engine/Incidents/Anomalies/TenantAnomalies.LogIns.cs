using System.Runtime.CompilerServices;
using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>Who logs in from where: first log-ins from a country or network, journeys too fast, passwords tried slowly, one that fails at host after host.</summary>
internal sealed partial class TenantAnomalies
{
    private const int AccountSets = 2_048, OriginSets = 1_024;
    private const int LearnedLogIns = 10, MaxCountries = 4, HubUsers = 5;
    /// <summary>Kilometres: how far a journey must be beyond doubt, and how fast nobody travels.</summary>
    private const double FarKm = 800, FastKmH = 900;

    [InlineArray(Size)]
    internal struct Known
    {
        public const int Size = 8;
        /// <summary>What (country or network) in the high half, how often in the low one.</summary>
        private ulong entry0;

        /// <summary>Counts a value; false where it was not there. The rarest makes room.</summary>
        public bool Count(uint value)
        {
            var least = 0;
            for (var i = 0; i < Size; i++)
            {
                if (this[i] >> 32 == value && this[i] != 0) { if ((uint)this[i] < uint.MaxValue) this[i]++; return true; }
                if ((uint)this[i] < (uint)this[least]) least = i;
            }
            this[least] = (ulong)value << 32 | 1;
            return false;
        }

        public readonly uint Of(uint value)
        {
            for (var i = 0; i < Size; i++)
                if (this[i] >> 32 == value && this[i] != 0) return (uint)this[i];
            return 0;
        }

        public readonly int Distinct
        {
            get
            {
                var n = 0;
                for (var i = 0; i < Size; i++)
                    if (this[i] != 0) n++;
                return n;
            }
        }
    }

    /// <summary>An account. No pointers: it is written to snapshots as it lies.</summary>
    internal struct Account : IEntry
    {
        public long FirstMs, Last, LogInMs, ToldMs, AgentMs;
        public uint LogIns;
        public ushort Country;
        public uint Network;
        public Known Countries, Networks;
        /// <summary>The one kind of program that it uses, and how often; a second one.</summary>
        public ulong Agent, OtherAgent;
        public uint AgentCount;

        public readonly long LastMs => Last;
        public readonly int Worth => LogIns >= LearnedLogIns || AgentCount >= 50 ? 1 : 0;
    }

    /// <summary>An address that log-ins came from, two half days of it.</summary>
    internal struct Origin : IEntry
    {
        public long FirstMs, Last, WindowMs, HourMs, ToldMs, SweptMs;
        public Sketch Users, UsersBefore, InHour, Hosts, HostsBefore;
        public uint Fails, LogIns;
        /// <summary>Fast enough for the rules that count within the hour: theirs.</summary>
        public bool IsFast;

        public readonly long LastMs => Last;
        public readonly int Worth => Users.Count >= 4 ? 1 : 0;
    }

    private Table<Account>? accounts;
    private Table<Origin>? origins;
    /// <summary>Accounts by country and by network: 0 in the high bits for countries, 1 for networks.</summary>
    private readonly Dictionary<ulong, Sketch> placeUsers = [];
    private const int MaxPlaces = 4_096;
    private Sketch users;

    private void LogIn(in Observation e, FindingList into)
    {
        var user = e[Fields.UserName];
        if (user.IsEmpty || !Address.TryParse(e[Fields.SourceIp], out var ip)) return;
        var failed = e.Has(Fields.EventOutcome, "failure"u8);
        if (!failed && !e.Has(Fields.EventOutcome, "success"u8)) return;
        var key = Hash.Of(user, Hash.Of(e[Fields.UserDomain]));
        ref var origin = ref OriginOf(ip, e.TimeMs);
        if (failed)
        {
            Fail(ref origin, e, key, ip, into);
            return;
        }
        if (origin.LogIns < uint.MaxValue) origin.LogIns++;
        users.Add(key);
        var country = Country(e[Fields.SourceGeoCountryIsoCode]);
        if (country == 0) return;
        _ = System.Buffers.Text.Utf8Parser.TryParse(e[Fields.SourceAsNumber], out uint network, out _);
        accounts ??= new Table<Account>(AccountSets);
        accounts.Prepare();
        ref var account = ref accounts.GetOrAdd(key, out var isNew);
        if (isNew) account.FirstMs = e.TimeMs;
        Place(ref account, e, country, network, into);
        Crowd(country, key);
        Crowd(network | 1UL << 32, key);
        account.Countries.Count(country);
        if (network != 0) account.Networks.Count(network);
        (account.Country, account.Network) = (country, network);
        account.LogIns++;
        account.LogInMs = Math.Max(account.LogInMs, e.TimeMs);
        account.Last = Math.Max(account.Last, e.TimeMs);
    }

    private ref Origin OriginOf(UInt128 ip, long time)
    {
        origins ??= new Table<Origin>(OriginSets);
        origins.Prepare();
        ref var origin = ref origins.GetOrAdd(Hash.Of(ip), out var isNew);
        if (isNew || time - origin.Last > 2 * DayMs)
        {
            var (told, swept) = (origin.ToldMs, origin.SweptMs);
            origin = new Origin { FirstMs = time, WindowMs = time, HourMs = time, ToldMs = told, SweptMs = swept };
        }
        if (time - origin.WindowMs > 12 * HourMs)
        {
            (origin.UsersBefore, origin.Users, origin.HostsBefore, origin.Hosts, origin.WindowMs) = (origin.Users, default, origin.Hosts, default, time);
            (origin.Fails, origin.LogIns) = (origin.Fails / 2, origin.LogIns / 2);
            origin.IsFast = false;
        }
        if (time - origin.HourMs > HourMs) (origin.HourMs, origin.InHour) = (time, default);
        origin.Last = Math.Max(origin.Last, time);
        return ref origin;
    }

    private void Fail(ref Origin origin, in Observation e, ulong user, UInt128 ip, FindingList into)
    {
        if (origin.Fails < uint.MaxValue) origin.Fails++;
        origin.Users.Add(user);
        origin.InHour.Add(user);
        if (origin.InHour.Count >= 12) origin.IsFast = true;
        var distinct = Both(origin.Users, origin.UsersBefore);
        // A shared exit lets most of its people in; a list of names lets in nearly none.
        if (!origin.IsFast && distinct >= 10 && origin.Fails <= 3 * distinct && origin.LogIns * 4 <= origin.Fails && e.TimeMs - origin.FirstMs >= 2 * HourMs && e.TimeMs - origin.ToldMs > DayMs
            && Tell("behaviour.slow_spraying", e, origin.FirstMs, origin.Fails, into, Of("source.ip", e[Fields.SourceIp])))
            origin.ToldMs = e.TimeMs;
        var host = e[Fields.HostName];
        if (host.IsEmpty) return;
        origin.Hosts.Add(Hash.Of(host));
        var inner = IsInner(ip);
        if (Both(origin.Hosts, origin.HostsBefore) < (inner ? 5 : 8) || origin.LogIns * 4 > origin.Fails || e.TimeMs - origin.SweptMs <= WeekMs) return;
        if (Tell(inner ? "behaviour.inner_sweep" : "behaviour.host_sweep", e, origin.FirstMs, origin.Fails, into, Of("source.ip", e[Fields.SourceIp]))) origin.SweptMs = e.TimeMs;
    }

    private static int Both(Sketch a, in Sketch b)
    {
        for (var i = 0; i < 4; i++) a[i] |= b[i];
        return a.Count;
    }

    /// <summary>Where this log-in comes from, compared with where the account's came from before.</summary>
    private void Place(ref Account account, in Observation e, ushort country, uint network, FindingList into)
    {
        if (account.LogIns == 0) return;
        var known = account.Countries.Of(country);
        if (country != account.Country && known < 3 && TooFast(account, country, e.TimeMs) && !IsHub(network) && !IsHub(account.Network))
        {
            if (e.TimeMs - account.ToldMs > DayMs && !IsTold(e, into) && Tell("behaviour.travel", e, account.LogInMs, 2, into, Of("user.name", e[Fields.UserName]), Of("source.ip", e[Fields.SourceIp])))
                account.ToldMs = e.TimeMs;
            return;
        }
        if (account.LogIns < LearnedLogIns || e.TimeMs - account.FirstMs < WeekMs || e.TimeMs - account.ToldMs <= DayMs) return;
        if (known == 0 && account.Countries.Distinct <= MaxCountries && Crowded(country) < 3 && !IsHub(network))
        {
            if (Tell("behaviour.new_country", e, account.FirstMs, 1, into, Of("user.name", e[Fields.UserName]), Of("source.ip", e[Fields.SourceIp]))) account.ToldMs = e.TimeMs;
        }
        else if (known > 0 && network != 0 && account.LogIns >= 30 && account.Networks.Of(network) == 0 && account.Networks.Distinct <= 2 && Crowded(network | 1UL << 32) == 0)
        {
            if (Tell("behaviour.new_network", e, account.FirstMs, 1, into, Of("user.name", e[Fields.UserName]), Of("source.ip", e[Fields.SourceIp]))) account.ToldMs = e.TimeMs;
        }
    }

    /// <summary>A correlation has just said the same of this event.</summary>
    private static bool IsTold(in Observation e, FindingList findings)
    {
        foreach (ref readonly var f in findings.Items)
            if (f.Event == e.Event && f.Firing is not null && f.Rule.Class == "initial_access") return true;
        return false;
    }

    private bool TooFast(in Account account, ushort country, long time)
    {
        if (!content.Places.TryGetValue(account.Country, out var from) || !content.Places.TryGetValue(country, out var to)) return false;
        var km = CountryPlace.Kilometres(from, to);
        var hours = Math.Max(time - account.LogInMs, 1_000) / (double)HourMs;
        return km >= FarKm && km / hours > FastKmH;
    }

    /// <summary>A network that many accounts come from is the way out of a company or of a service for everybody: it says nothing of where people are.</summary>
    private bool IsHub(uint network) => network != 0 && Crowded(network | 1UL << 32) is >= HubUsers and var n && n * 5 >= users.Count;

    private int Crowded(ulong place) => placeUsers.TryGetValue(place, out var of) ? of.Count : 0;

    private void Crowd(ulong place, ulong user)
    {
        ref var of = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrNullRef(placeUsers, place);
        if (!Unsafe.IsNullRef(ref of)) of.Add(user);
        else if (placeUsers.Count < MaxPlaces && (uint)place != 0)
        {
            var made = default(Sketch);
            made.Add(user);
            placeUsers[place] = made;
        }
    }

    private static ushort Country(ReadOnlySpan<byte> code) => code.Length == 2 ? (ushort)(code[0] << 8 | code[1]) : (ushort)0;

    /// <summary>An account of a program uses one kind of client for ever: another one is somebody else.</summary>
    private void Agent(in Observation e, FindingList into)
    {
        var text = e[Fields.UserAgentOriginal];
        var user = e[Fields.UserName];
        if (text.Length < 3 || user.IsEmpty) return;
        var end = text.IndexOfAnyInRange((byte)'0', (byte)'9');
        var family = Hash.Of(end > 2 ? text[..end] : text, 3);
        accounts ??= new Table<Account>(AccountSets);
        accounts.Prepare();
        ref var account = ref accounts.GetOrAdd(Hash.Of(user, Hash.Of(e[Fields.UserDomain])), out var isNew);
        if (isNew) account.FirstMs = e.TimeMs;
        account.Last = Math.Max(account.Last, e.TimeMs);
        if (account.AgentCount == 0) (account.Agent, account.AgentMs) = (family, e.TimeMs);
        if (account.Agent == family)
        {
            if (account.AgentCount < uint.MaxValue) account.AgentCount++;
            return;
        }
        if (account.OtherAgent == 0 && account.AgentCount >= 50 && e.TimeMs - account.AgentMs >= WeekMs)
            Tell("behaviour.new_agent", e, account.AgentMs, account.AgentCount, into, Of("user.name", user), Of("source.ip", e[Fields.SourceIp]), Of("user_agent.original", text));
        account.OtherAgent = family;
    }
}
