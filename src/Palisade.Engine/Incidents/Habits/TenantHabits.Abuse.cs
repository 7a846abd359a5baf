using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>Abuse of what a site is for: log-ins, messages, bonuses, payment notices. A client is judged by what else it does, not by how often.</summary>
internal sealed partial class TenantHabits
{
    private enum Answer : byte { Unknown, Refused, Accepted }

    private void Business(ref SitePath path, ref Client ip, ref Client agent, in Request r, ulong key, FindingList into)
    {
        switch (path.Business)
        {
            case Habits.Business.Login when Acts(path, r) || HasPassword(r.Shape.Query):
                Login(ref path, ref ip, ref agent, r, key, into);
                break;
            case Habits.Business.Sms:
                Sms(ref path, ref ip, ref agent, r, key, into);
                break;
            case Habits.Business.Notify:
                Notify(ref path, ref ip, r, key, into);
                break;
            case Habits.Business.Register when Acts(path, r) && !r.IsRefused:
                Client.Up(ref agent.Registers);
                agent.Note(r.Sequence, Habits.Business.Register);
                Farm(ref path, ref agent, r, key, into);
                Alone(ref agent, r, key, agent.Registers, AttackOutcome.Likely);
                break;
            case Habits.Business.Coupon when Acts(path, r):
                Client.Up(ref agent.Coupons);
                agent.Note(r.Sequence, Habits.Business.Coupon);
                Claim(ref path, ref agent, r, key, into);
                Alone(ref agent, r, key, agent.Coupons, r.IsOk ? AttackOutcome.Likely : r.Outcome);
                break;
            case Habits.Business.Export when r.IsOk:
                Export(ref path, ref agent, r, key, into);
                break;
            case Habits.Business.Withdraw when Acts(path, r):
                Client.Up(ref agent.Withdrawals);
                agent.Note(r.Sequence, Habits.Business.Withdraw);
                break;
            case Habits.Business.Upload when r.IsPost:
                if (uploads.Count == MaxUploads) uploads.RemoveAt(0);
                uploads.Add((r.TimeMs, r.Ip, r.Sequence, r.PathKey));
                ip.UploadMs = r.TimeMs;
                break;
        }
        if ((agent.Joined & Joined.Farm) != 0 && path.Business != Habits.Business.Register) Farmed(path, r);
    }

    private static bool HasPassword(ReadOnlySpan<byte> query) =>
        query.IndexOf("pass"u8) >= 0 || query.IndexOf("pwd"u8) >= 0 || query.IndexOf("Pass"u8) >= 0 || query.IndexOf("psd"u8) >= 0;

    /// <summary>
    /// Whether a log-in was let in, by the page's own habit: refusals by status; else a redirect where others got a page; else the larger of two
    /// kinds of answer that lie well apart, since "wrong password" is short and a session is not.
    /// </summary>
    private static Answer LoginAnswer(in SitePath path, in Request r)
    {
        if (r.IsRefused) return r.Status < 500 ? Answer.Refused : Answer.Unknown;
        long redirects = 0, pages = 0;
        Span<int> sizes = stackalloc int[Answers.Size];
        var n = 0;
        for (var i = 0; i < Answers.Size; i++)
        {
            if (path.CountOf(i) == 0) continue;
            var status = path.CodeOf(i) / 64;
            if (status is >= 300 and < 400) redirects += path.CountOf(i);
            else if (status is >= 200 and < 300) { pages += path.CountOf(i); sizes[n++] = path.CodeOf(i) % 64; }
        }
        if (redirects > 0 && pages > 0) return r.IsRedirect ? Answer.Accepted : Answer.Refused;
        if (n < 2 || !r.IsOk) return Answer.Unknown;
        sizes = sizes[..n];
        sizes.Sort();
        int gap = 0, at = 0;
        for (var i = 1; i < n; i++)
            if (sizes[i] - sizes[i - 1] > gap) (gap, at) = (sizes[i] - sizes[i - 1], sizes[i]);
        // Three quarter octaves: the answers differ by more than two thirds.
        if (gap < 3) return Answer.Unknown;
        return SitePath.Code(r.Status, r.Bytes) % 64 >= at ? Answer.Accepted : Answer.Refused;
    }

    private void Login(ref SitePath path, ref Client ip, ref Client agent, in Request r, ulong key, FindingList into)
    {
        var answer = LoginAnswer(path, r);
        path.Learn(SitePath.Code(r.Status, r.Bytes));
        CountLogin(ref ip, answer, r);
        CountLogin(ref agent, answer, r);
        Alone(ref agent, r, key, agent.Logins, answer == Answer.Accepted ? AttackOutcome.Likely : answer == Answer.Refused ? AttackOutcome.Failed : r.Outcome);
        if (Guess(ref path, ref ip, answer, r, key, into)) return;
        // The address where it does nothing else; else the one agent of it that does nothing else.
        if (r.IsAction && ip.Subjects < 3) return;
        if (LogsInOnly(ip)) Stuff(ref path, ref ip, answer, r, key, into);
        else if (LogsInOnly(agent)) Stuff(ref path, ref agent, answer, r, Hash.Mix(key, r.Agent), into);
        else if ((ip.Joined & Joined.Login) != 0) Stuffed(path, r, answer);
    }

    private static void CountLogin(ref Client c, Answer answer, in Request r)
    {
        Client.Up(ref c.Logins);
        if (answer == Answer.Refused) Client.Up(ref c.LoginFails);
        if (answer == Answer.Accepted) Client.Up(ref c.LoginOks);
        c.Note(r.Sequence, Habits.Business.Login, answer == Answer.Accepted ? AttackOutcome.Likely : answer == Answer.Refused ? AttackOutcome.Failed : r.Outcome);
    }

    private static bool LogsInOnly(in Client c) => c.Logins >= 3 && c.Logins * 10 >= c.Total * 7 && c.Assets == 0
        && (c.LoginFails * 10 >= c.Logins * 7 || c.LoginOks == 0 && c.Logins >= 4 && c.Logins == c.Total);

    /// <summary>One client, one log-in after another: twenty within half an hour and nothing else, answered all alike.</summary>
    private bool Guess(ref SitePath path, ref Client c, Answer answer, in Request r, ulong key, FindingList into)
    {
        var code = SitePath.Code(r.Status, r.Bytes);
        if (r.TimeMs - c.GuessMs > 30 * MinuteMs || c.Guesses == 0) (c.GuessMs, c.Guesses, c.GuessSame, c.GuessCode) = (r.TimeMs, 0, 0, code);
        Client.Up(ref c.Guesses);
        var same = c.GuessCode / 64 == code / 64 && Math.Abs(c.GuessCode - code) <= 2;
        if (same) Client.Up(ref c.GuessSame);
        var joined = (c.Joined & Joined.Guess) != 0;
        if (!joined && (c.Guesses < 20 || c.Logins * 10 < c.Total * 7 || c.LoginFails * 10 < c.Logins * 8 && c.GuessSame * 10 < c.Guesses * 9 || c.LoginOks * 5 > c.Logins)) return false;
        if (rules.Of("behaviour.login_guessing") is not { } rule) return false;
        var group = GroupOf(Joined.Guess, Hash.Mix(key, r.PathKey), path, r.TimeMs);
        Join(group, ref c, key, Joined.Guess);
        group.LastMs = r.TimeMs;
        if (group.Incident is not { IsLive: true }) OpenGroup(group, rule, "guess", r, r.Ip, Habits.Business.Login, into);
        // An answer unlike the many before it is what the guessing was for.
        var other = answer == Answer.Accepted || answer == Answer.Unknown && !same && !r.IsRefused;
        Add(group, rule, r, other ? AttackOutcome.Likely : answer == Answer.Refused ? AttackOutcome.Failed : r.Outcome);
        return true;
    }

    /// <summary>Many clients that only log in, each a few times: one campaign.</summary>
    private void Stuff(ref SitePath path, ref Client c, Answer answer, in Request r, ulong key, FindingList into)
    {
        if (rules.Of("behaviour.login_stuffing") is not { } rule) return;
        var group = GroupOf(Joined.Login, r.PathKey, path, r.TimeMs);
        var isNew = Join(group, ref c, key, Joined.Login);
        group.Weight += isNew ? c.Logins : 1;
        group.LastMs = r.TimeMs;
        if (group.Incident is { IsLive: true } incident)
        {
            if (isNew) Recall(incident, group, rule, key, Habits.Business.Login, r.Sequence);
            Stuffed(path, r, answer);
        }
        else if (group.Members.Count >= 10 && group.Weight >= 40)
        {
            OpenGroup(group, rule, "stuffing", r, 0, Habits.Business.Login, into);
            Stuffed(path, r, answer);
        }
    }

    private void Stuffed(in SitePath path, in Request r, Answer answer)
    {
        if (rules.Of("behaviour.login_stuffing") is not { } rule) return;
        var group = GroupOf(Joined.Login, r.PathKey, path, r.TimeMs);
        Add(group, rule, r, answer == Answer.Accepted ? AttackOutcome.Likely : answer == Answer.Refused ? AttackOutcome.Failed : r.Outcome);
    }

    /// <summary>Clients that make the site send messages and do nothing else.</summary>
    private void Sms(ref SitePath path, ref Client ip, ref Client agent, in Request r, ulong key, FindingList into)
    {
        CountSms(ref ip, r);
        CountSms(ref agent, r);
        Alone(ref agent, r, key, agent.Sms, r.IsOk ? AttackOutcome.Likely : r.Outcome);
        if (rules.Of("behaviour.sms_bombing") is not { } rule) return;
        var byIp = OrdersOnly(ip);
        if (!byIp && !OrdersOnly(agent) || r.IsAction && ip.Subjects < 3) return;
        ref var c = ref byIp ? ref ip : ref agent;
        var member = byIp ? key : Hash.Mix(key, r.Agent);
        var group = GroupOf(Joined.Sms, r.PathKey, path, r.TimeMs);
        var isNew = Join(group, ref c, member, Joined.Sms);
        group.Weight += isNew ? c.Sms : 1;
        group.LastMs = r.TimeMs;
        var outcome = r.IsOk ? AttackOutcome.Likely : r.Outcome;
        if (group.Incident is { IsLive: true } incident)
        {
            if (isNew) Recall(incident, group, rule, member, Habits.Business.Sms, r.Sequence);
            Add(group, rule, r, outcome);
        }
        else if (group.Members.Count >= 3 && group.Weight >= 30 || c.Sms >= 20)
        {
            OpenGroup(group, rule, "sms", r, 0, Habits.Business.Sms, into);
            Add(group, rule, r, outcome);
        }
    }

    private static void CountSms(ref Client c, in Request r)
    {
        Client.Up(ref c.Sms);
        if (r.IsOk) Client.Up(ref c.SmsSent);
        c.Note(r.Sequence, Habits.Business.Sms, r.IsOk ? AttackOutcome.Likely : r.Outcome);
    }

    private static bool OrdersOnly(in Client c) => c.Sms >= 4 && c.Sms * 10 >= c.Total * 7 && c.Assets == 0;

    /// <summary>One device that registers again and again: its share of registrations among all it does is many times a person's.</summary>
    private void Farm(ref SitePath path, ref Client agent, in Request r, ulong key, FindingList into)
    {
        if (agent.Registers < 3 || agent.Registers * 12 < agent.Total || agent.Assets * 20 > agent.Total || rules.Of("behaviour.bonus_farming") is not { } rule) return;
        var member = Hash.Mix(key, r.Agent);
        var group = GroupOf(Joined.Farm, 0, path, r.TimeMs);
        var isNew = Join(group, ref agent, member, Joined.Farm);
        group.Weight += isNew ? agent.Registers : 1;
        group.LastMs = r.TimeMs;
        if (group.Incident is { IsLive: true } incident)
        {
            if (isNew) Recall(incident, group, rule, member, Habits.Business.None, r.Sequence);
            Add(group, rule, r, AttackOutcome.Likely);
        }
        else if (group.Weight >= 10)
        {
            OpenGroup(group, rule, "farm", r, 0, Habits.Business.None, into);
            Add(group, rule, r, AttackOutcome.Unknown);
        }
    }

    /// <summary>One device that takes bonus after bonus where others take one or a few, and looks at nothing: with many accounts.</summary>
    private void Claim(ref SitePath path, ref Client agent, in Request r, ulong key, FindingList into)
    {
        path.Walked++;
        if (agent.Coupons == 1) path.Walkers++;
        var joined = (agent.Joined & Joined.Farm) != 0;
        if (joined || agent.Coupons < 12 || agent.Assets * 20 > agent.Total || agent.Coupons * 3 < agent.Total || path.Walkers < 8 || rules.Of("behaviour.bonus_farming") is not { } rule) return;
        if (agent.Coupons * (path.Walkers - 1L) < 6L * Math.Max(1, path.Walked - (long)agent.Coupons)) return;
        var group = GroupOf(Joined.Farm, 0, path, r.TimeMs);
        Join(group, ref agent, Hash.Mix(key, r.Agent), Joined.Farm);
        group.LastMs = r.TimeMs;
        group.Weight += agent.Coupons;
        if (group.Incident is not { IsLive: true }) OpenGroup(group, rule, "farm", r, 0, Habits.Business.None, into);
        else Recall(group.Incident, group, rule, Hash.Mix(key, r.Agent), Habits.Business.None, r.Sequence);
    }

    /// <summary>One client that exports far more often, or is given far more, than others who do.</summary>
    private void Export(ref SitePath path, ref Client agent, in Request r, ulong key, FindingList into)
    {
        path.Walked++;
        if (agent.Exports == 0) path.Walkers++;
        Client.Up(ref agent.Exports);
        agent.ExportBytes += (ulong)Math.Max(0, r.Bytes);
        agent.Note(r.Sequence, Habits.Business.Export);
        if (agent.Exports < 5 || path.Walkers < 4 || rules.Of("behaviour.export") is not { } rule) return;
        var (mine, others) = (agent.Exports * (path.Walkers - 1L), path.Walked - (long)agent.Exports);
        var often = agent.Exports >= 20 && mine >= 8 * Math.Max(others, path.Walkers - 1L);
        var much = agent.ExportBytes >= 20 << 20 && agent.ExportBytes * (path.Walkers - 1.0) >= 10.0 * (path.BytesOk - (double)agent.ExportBytes);
        var joined = (agent.Joined & Joined.Export) != 0;
        if (!often && !much && !joined) return;
        var member = Hash.Mix(key, r.Agent);
        var group = GroupOf(Joined.Export, Hash.Mix(r.PathKey, member), path, r.TimeMs);
        Join(group, ref agent, member, Joined.Export);
        group.LastMs = r.TimeMs;
        if (group.Incident is not { IsLive: true }) OpenGroup(group, rule, "export", r, r.Ip, Habits.Business.Export, into);
        Add(group, rule, r, AttackOutcome.Unknown);
    }

    /// <summary>What else a farming device does belongs to the story; accounts made, a bonus taken or paid out are its success.</summary>
    private void Farmed(in SitePath path, in Request r)
    {
        if (!groups.TryGetValue((Joined.Farm, 0), out var group) || group.Incident is not { IsLive: true } || rules.Of("behaviour.bonus_farming") is not { } rule) return;
        group.LastMs = r.TimeMs;
        var won = path.Business is Habits.Business.Coupon or Habits.Business.Withdraw && r.IsOk;
        Add(group, rule, r, won ? AttackOutcome.Likely : r.Outcome);
    }

    /// <summary>Payment notices: providers are told yes; who is mostly told no is no provider.</summary>
    private void Notify(ref SitePath path, ref Client ip, in Request r, ulong key, FindingList into)
    {
        var code = SitePath.Code(r.Status, r.Bytes);
        long all = 0, most = 0;
        var usual = 0;
        for (var i = 0; i < Answers.Size; i++)
        {
            all += path.CountOf(i);
            if (path.CountOf(i) > most) (most, usual) = (path.CountOf(i), path.CodeOf(i));
        }
        path.Learn(code);
        if (all < 20 || most * 10 < all * 6) return;
        var accepted = code == usual;
        var stranger = Strange(path, ip, r, accepted);
        if (accepted) Client.Up(ref ip.NotifyAccepted);
        else Client.Up(ref ip.NotifyRefused);
        ip.Note(r.Sequence, Habits.Business.Notify, accepted ? AttackOutcome.Likely : AttackOutcome.Failed);
        var joined = (ip.Joined & Joined.Pay) != 0;
        if (!joined && !stranger && (ip.NotifyRefused < 3 || ip.NotifyRefused < ip.NotifyAccepted * 2) || rules.Of("behaviour.payment_forgery") is not { } rule) return;
        var group = GroupOf(Joined.Pay, r.PathKey, path, r.TimeMs);
        var isNew = Join(group, ref ip, key, Joined.Pay);
        group.LastMs = r.TimeMs;
        if (group.Incident is not { IsLive: true }) OpenGroup(group, rule, "notice", r, r.Ip, Habits.Business.Notify, into);
        else if (isNew) Recall(group.Incident, group, rule, key, Habits.Business.Notify, r.Sequence);
        Add(group, rule, r, accepted ? AttackOutcome.Likely : AttackOutcome.Failed);
    }

    /// <summary>
    /// Where a few providers send all notices: somebody else who also looks at the site, or who sends once more what a provider had accepted. Providers
    /// repeat what was not taken, not what was.
    /// </summary>
    private bool Strange(in SitePath path, in Client ip, in Request r, bool accepted)
    {
        var few = path.Count >= 100 && path.Clients.Count * 8 <= path.Count && path.Clients.Count <= 24 && path.Posts * 10 >= path.Count * 9;
        var notices = ip.NotifyAccepted + ip.NotifyRefused;
        var again = false;
        if (r.Shape.Query.Length >= 12 && accepted)
        {
            var notice = Hash.Mix(Hash.Of(r.Shape.Query), r.PathKey);
            again = seenNotices.TryGetValue(notice, out var sender) && sender != r.Ip;
            if (!again && seenNotices.TryAdd(notice, r.Ip))
            {
                noticeOrder.Enqueue(notice);
                if (noticeOrder.Count > MaxNotices) seenNotices.Remove(noticeOrder.Dequeue());
            }
        }
        if (!few || notices > 3) return false;
        return again || ip.Total >= notices + 6 && (ip.Assets > 0 || System.Numerics.BitOperations.PopCount(ip.PageBits) >= 5) && r.Kind is AgentKind.Browser or AgentKind.Tool or AgentKind.None;
    }
}
