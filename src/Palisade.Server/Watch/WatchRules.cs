using Palisade.Engine;
using Palisade.Protocol;

namespace Palisade.Server.Watch;

/// <summary>What the watch can say, in both languages. Ids are persisted in alerts: never changed.</summary>
public static class WatchRules
{
    public static RuleInfo Silent { get; } = Rule("palisade-source-silent", "Log source went silent", "日志源中断",
        "A source that usually sends by this time of the week has sent nothing for longer than its own pauses last. Until it is back nothing that happens there can be seen. Attackers stop logs to hide; more often a service, its sender or the way between has stopped.",
        "该日志源在每周的这一时段通常会有日志，但现在的静默时间已超过它自身的惯常间隔。恢复之前，那里发生的一切都不可见。攻击者会停止日志以隐藏行踪；更常见的原因是服务、采集程序或网络中断。",
        "1. Look at the host: is it up, does the service run and write its log?\n2. Look at the sender there: does it run, and can it reach this server? Its own log says so.\n3. If somebody stopped it, find out who and when from the host's other logs.\n4. If the source is gone for good, turn it off on its page.",
        "1. 检查主机：是否在线，服务是否运行并写日志？\n2. 检查采集程序：是否运行，能否连到本服务器？其自身日志会说明。\n3. 如果是被人停止的，从该主机的其他日志查明是谁、何时。\n4. 如果该日志源已永久停用，请在其页面关闭它。");

    public static RuleInfo Jumped { get; } = Rule("palisade-source-rate-jumped", "Log source sends far more than usual", "日志量异常激增",
        "In the last hour this source sent many times what it sends in the same hour of other weeks. A flood of requests, a scan, a loop of errors or a sender that sends its history again looks like this.",
        "最近一小时该日志源的日志量是其他周同一小时的许多倍。请求洪泛、扫描、错误循环或采集程序重发历史日志都会如此。",
        "1. See on the source's page what came: one address, one path, one message?\n2. If requests flood in, limit them at the proxy or with the provider.\n3. If a service logs errors in a loop, mend or restart it.\n4. If this is the new normal, it raises no alert any more after two weeks.",
        "1. 在日志源页面查看内容：是否集中于一个地址、一个路径或一条消息？\n2. 如果是请求洪泛，在代理或服务商处限流。\n3. 如果服务在循环报错，修复或重启它。\n4. 如果这是新的常态，两周后将不再告警。");

    public static RuleInfo Fell { get; } = Rule("palisade-source-rate-fell", "Log source sends far less than usual", "日志量异常骤降",
        "In the last hour this source sent a small part of what it sends in the same hour of other weeks. One of several hosts may have stopped, a log level may have been turned down, or its users do not reach the service.",
        "最近一小时该日志源的日志量只有其他周同一小时的一小部分。可能是多台主机之一中断、日志级别被调低，或用户无法访问该服务。",
        "1. See which hosts still send and which do not.\n2. Check whether the service is reached: open it, look at its proxy.\n3. Look for a change of the logging configuration, and who made it.",
        "1. 查看哪些主机仍在发送、哪些已停止。\n2. 检查服务是否可访问：打开它，查看其代理。\n3. 检查日志配置是否被更改，以及是谁更改的。");

    public static RuleInfo Losing { get; } = Rule("palisade-source-losing", "Records of a log source are lost", "日志源有日志丢失",
        "In the last hour more of this source's records were refused, or never arrived by the numbers the sender gives them, than is tolerable. What is missing cannot be searched and raises no alerts.",
        "最近一小时该日志源被拒收的日志，或按发送方编号从未到达的日志，超过了可容忍的比例。缺失的日志无法检索，也不会触发告警。",
        "1. See the reasons on the source's page; each says what to change.\n2. Where records are too long or malformed, set the sender right.\n3. Where we were too busy, give the server more, or the source less.\n4. Where UDP loses them, send by TCP, RELP or HTTP.",
        "1. 在日志源页面查看原因；每条都说明了如何处理。\n2. 日志过长或格式错误时，修正采集程序配置。\n3. 服务器过载时，增加资源或减少该日志源的量。\n4. 如果是 UDP 丢失，改用 TCP、RELP 或 HTTP。");

    public static IReadOnlyList<RuleInfo> All { get; } = [Silent, Jumped, Fell, Losing];

    private static RuleInfo Rule(string id, string name, string nameZh, string happened, string happenedZh, string todo, string todoZh) =>
        new(id, name, nameZh, FindingLevel.Medium, "policy", [], happened, happenedZh, todo, todoZh) { Kind = "watch" };
}
