using System.Globalization;
using Palisade.Engine.Incidents.Proof;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>Tells an incident in plain sentences: what happened, from where, to whom, whether it worked, what to do now. English or Chinese.</summary>
public static class IncidentText
{
    private const int MaxShown = 80;

    /// <summary>One line.</summary>
    public static string Title(Incident incident, IncidentContent content, bool chinese)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(content);
        return Title(content.Of(incident.Class), Who(incident, chinese), Target(incident), incident.Outcome, chinese);
    }

    /// <summary>One line on what is known by these words only.</summary>
    /// <param name="who">The address, or how many; empty where there is none.</param>
    public static string Title(ClassWords words, string who, string target, AttackOutcome outcome, bool chinese)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(target);
        target = Cut(target);
        var (worked, workedZh) = outcome switch { AttackOutcome.Succeeded => (", with success", "（已得手）"), AttackOutcome.Likely => (", probably with success", "（疑已得手）"), _ => ("", "") };
        if (chinese) return $"{who}{(who.Length > 0 ? "：" : "")}{words.NameZh}{(target.Length > 0 ? $"，目标 {target}" : "")}{workedZh}";
        return $"{words.Name}{(who.Length > 0 ? " from " + who : "")}{(target.Length > 0 ? $" against {target}" : "")}{worked}";
    }

    /// <summary>A few sentences.</summary>
    public static string Summary(Incident incident, IncidentContent content, bool chinese)
    {
        var advice = Advice(incident, content, chinese);
        var account = Account(incident, content, chinese);
        return advice.Length == 0 ? account : chinese ? account + "处置建议：" + advice : $"{account} What to do now: {advice}";
    }

    /// <summary>The same without the advice.</summary>
    public static string Account(Incident incident, IncidentContent content, bool chinese)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(content);
        var lead = Lead(incident, content);
        var words = content.Of(incident.Class);
        var happened = lead is null ? "" : chinese ? lead.Rule.WhatHappenedZh : lead.Rule.WhatHappened;
        var span = Span(incident.LastMs - incident.FirstMs, chinese);
        var count = incident.Count.ToString("N0", CultureInfo.InvariantCulture);
        var to = string.Join(chinese ? "、" : ", ", ToWhom(incident));
        var parts = chinese
            ? new[]
            {
                $"{Who(incident, true)}{(incident.SourceCount > 0 ? " " : "")}在{span}内产生 {count} 条相关记录：{words.NameZh}。", happened,
                to.Length > 0 ? $"受影响：{to}。" : "", Chain(incident, content, true), content.Sentence(incident.Outcome, true), Proof(incident, true),
            }
            : [
                $"{words.Name}{(incident.SourceCount > 0 ? " from " + Who(incident, false) : "")}: {count} records within {span}.", happened,
                to.Length > 0 ? $"Concerned: {to}." : "", Chain(incident, content, false), content.Sentence(incident.Outcome, false), Proof(incident, false),
            ];
        return string.Join(chinese ? "" : " ", parts.Where(p => p.Length > 0));
    }

    /// <summary>What to do now; empty where no rule says it.</summary>
    public static string Advice(Incident incident, IncidentContent content, bool chinese)
    {
        ArgumentNullException.ThrowIfNull(incident);
        ArgumentNullException.ThrowIfNull(content);
        return Lead(incident, content) is { } lead ? chinese ? lead.Rule.WhatToDoZh : lead.Rule.WhatToDo : "";
    }

    /// <summary>The step that speaks for the incident: of its class, the most serious, the one that got furthest.</summary>
    private static IncidentStep? Lead(Incident incident, IncidentContent content) =>
        incident.Steps.OrderByDescending(s => s.Rule.Class == incident.Class).ThenByDescending(s => content.Of(s.Rule.Class).Phase)
            .ThenByDescending(s => s.Outcome).ThenByDescending(s => s.Rule.Level).ThenByDescending(s => s.Count).FirstOrDefault();

    private static string Who(Incident incident, bool chinese) => Who(incident.SourceCount, incident.SourceCount == 0 ? "" : incident.Sources.First().Address, chinese);

    /// <summary>One address by itself, several by their number.</summary>
    public static string Who(int n, string first, bool chinese)
    {
        if (n == 0) return "";
        if (n == 1) return first;
        return chinese ? $"{n} 个地址" : $"{n.ToString("N0", CultureInfo.InvariantCulture)} addresses";
    }

    private static string Target(Incident incident) => Cut(incident.Targets.FirstOrDefault() ?? (incident.Hosts.Count > 0 ? incident.Hosts[0] : ""));

    private static IEnumerable<string> ToWhom(Incident incident) => incident.Hosts.Concat(incident.Users).Concat(incident.Targets).Distinct().Take(4).Select(Cut);

    private static string Cut(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "…";

    /// <summary>The phases gone through, where there are several.</summary>
    private static string Chain(Incident incident, IncidentContent content, bool chinese)
    {
        var names = incident.Steps.Select(s => content.Of(s.Rule.Class)).DistinctBy(w => w.Class).Select(w => chinese ? w.NameZh : w.Name).ToArray();
        if (names.Length < 2) return "";
        return chinese ? $"过程：{string.Join(" → ", names.Take(8))}。" : $"In order: {string.Join(" → ", names.Take(8))}.";
    }

    /// <summary>The two records that agree: what was asked for, then what the host did. The first of the strongest proofs, and how many more there are.</summary>
    private static string Proof(Incident incident, bool chinese)
    {
        if (incident.Strongest is not { } p) return "";
        var at = DateTimeOffset.FromUnixTimeMilliseconds(p.RequestMs).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";
        var seconds = Math.Abs(p.DeedMs - p.RequestMs) / 1000;
        var later = p.DeedMs >= p.RequestMs;
        var who = (p.Account, p.Host) switch { ({ Length: > 0 }, { Length: > 0 }) => chinese ? $"{p.Host} 上的 {p.Account}" : $"{p.Account} on {p.Host}", ("", { Length: > 0 }) => p.Host, ({ Length: > 0 }, "") => p.Account, _ => chinese ? "该主机" : "the host" };
        var more = incident.Proven - 1;
        if (chinese)
        {
            var did = p.Kind switch { DeedKind.Script => "写入了", DeedKind.Connection => "连接了", _ => "执行了" };
            var when = seconds == 0 ? "同一秒内" : later ? $"{seconds} 秒后" : $"该请求被记录前 {seconds} 秒，";
            return $"{(p.Outcome == AttackOutcome.Succeeded ? "印证" : "主机迹象")}：{at}，{p.Source} 请求 {Cut(p.Target)}；{when} {who} {did} {Cut(p.Text)}{(more > 0 ? $"（另有 {more} 处）" : "")}。";
        }
        var done = p.Kind switch { DeedKind.Script => "wrote", DeedKind.Connection => "connected to", _ => "ran" };
        var then = seconds == 0 ? "within the same second" : later ? $"then {seconds} s later" : $"and {seconds} s before that was logged";
        return $"{(p.Outcome == AttackOutcome.Succeeded ? "Proof" : "Sign on the host")}: request {Cut(p.Target)} from {p.Source} at {at}, {then} {who} {done} {Cut(p.Text)}{(more > 0 ? $" (and {more.ToString("N0", CultureInfo.InvariantCulture)} more)" : "")}.";
    }

    private static string Span(long ms, bool chinese)
    {
        var t = TimeSpan.FromMilliseconds(Math.Max(0, ms));
        if (t.TotalMinutes < 2) return chinese ? $"{Math.Max(1, (int)t.TotalSeconds)} 秒" : $"{Math.Max(1, (int)t.TotalSeconds)} s";
        if (t.TotalHours < 2) return chinese ? $"{(int)t.TotalMinutes} 分钟" : $"{(int)t.TotalMinutes} minutes";
        if (t.TotalDays < 2) return chinese ? $"{(int)t.TotalHours} 小时" : $"{(int)t.TotalHours} hours";
        return chinese ? $"{(int)t.TotalDays} 天" : $"{(int)t.TotalDays} days";
    }
}
