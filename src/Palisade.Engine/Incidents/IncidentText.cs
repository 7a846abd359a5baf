using System.Globalization;
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
        var words = content.Of(incident.Class);
        var who = Who(incident, chinese);
        var target = Target(incident);
        var worked = incident.Outcome >= AttackOutcome.Likely;
        if (chinese) return $"{who}{(who.Length > 0 ? "：" : "")}{words.NameZh}{(target.Length > 0 ? $"，目标 {target}" : "")}{(worked ? "（疑已得手）" : "")}";
        return $"{words.Name}{(who.Length > 0 ? " from " + who : "")}{(target.Length > 0 ? $" against {target}" : "")}{(worked ? ", probably with success" : "")}";
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
                to.Length > 0 ? $"受影响：{to}。" : "", Chain(incident, content, true), content.Sentence(incident.Outcome, true),
            }
            : [
                $"{words.Name}{(incident.SourceCount > 0 ? " from " + Who(incident, false) : "")}: {count} records within {span}.", happened,
                to.Length > 0 ? $"Concerned: {to}." : "", Chain(incident, content, false), content.Sentence(incident.Outcome, false),
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

    private static string Who(Incident incident, bool chinese)
    {
        if (incident.SourceCount == 0) return "";
        var n = incident.SourceCount;
        if (n == 1) return incident.Sources.First().Address;
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

    private static string Span(long ms, bool chinese)
    {
        var t = TimeSpan.FromMilliseconds(Math.Max(0, ms));
        if (t.TotalMinutes < 2) return chinese ? $"{Math.Max(1, (int)t.TotalSeconds)} 秒" : $"{Math.Max(1, (int)t.TotalSeconds)} s";
        if (t.TotalHours < 2) return chinese ? $"{(int)t.TotalMinutes} 分钟" : $"{(int)t.TotalMinutes} minutes";
        if (t.TotalDays < 2) return chinese ? $"{(int)t.TotalHours} 小时" : $"{(int)t.TotalHours} hours";
        return chinese ? $"{(int)t.TotalDays} 天" : $"{(int)t.TotalDays} days";
    }
}
