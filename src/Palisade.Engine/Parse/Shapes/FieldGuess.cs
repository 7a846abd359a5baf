using System.Collections.Frozen;
using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Parse.Shapes;

/// <summary>What a value must be to go to a field.</summary>
internal enum FieldNeed : byte { Any, Int, Endpoint, Duration }

/// <summary>Names ECS fields after the keys and words that stand before values. What has no ECS name becomes a label.</summary>
internal static class FieldGuess
{
    private static readonly FrozenDictionary<string, (string Field, FieldNeed Need)> Known = new (string Field, FieldNeed Need, string Names)[]
    {
        ("source", FieldNeed.Endpoint, "src srcip src_ip source sourceip source_ip sip client clientip client_ip remote remoteip remote_ip remote_addr remotehost rhost from ip ipaddr addr address peer raddr"),
        ("destination", FieldNeed.Endpoint, "dst dstip dst_ip dest destip dest_ip dip destination destination_ip to server serverip server_ip upstream target backend"),
        ("source.port", FieldNeed.Int, "spt sport srcport src_port source_port port client_port rport"),
        ("destination.port", FieldNeed.Int, "dpt dport dstport dst_port dest_port destination_port"),
        ("user.name", FieldNeed.Any, "user username user_name usr usrname account login suser uname"),
        ("user.target.name", FieldNeed.Any, "duser target_user"),
        ("user.id", FieldNeed.Any, "uid user_id userid"),
        ("user.email", FieldNeed.Any, "email mail"),
        ("host.name", FieldNeed.Any, "host hostname host_name node dvchost"),
        ("process.pid", FieldNeed.Int, "pid"),
        ("process.name", FieldNeed.Any, "proc process program exe comm"),
        ("process.command_line", FieldNeed.Any, "cmd command cmdline command_line"),
        ("process.thread.id", FieldNeed.Int, "tid"),
        ("process.thread.name", FieldNeed.Any, "thread"),
        ("service.name", FieldNeed.Any, "app application service svc"),
        ("http.request.method", FieldNeed.Any, "method verb http_method"),
        ("http.response.status_code", FieldNeed.Int, "status code status_code http_status httpstatus response_code sc"),
        ("http.response.body.bytes", FieldNeed.Int, "bytes_sent body_bytes resp_bytes"),
        ("http.request.referrer", FieldNeed.Any, "referer referrer"),
        ("http.request.id", FieldNeed.Any, "request_id requestid req_id reqid rid"),
        ("trace.id", FieldNeed.Any, "trace trace_id traceid"),
        ("url.original", FieldNeed.Any, "url uri request_uri"),
        ("url.path", FieldNeed.Any, "path"),
        ("url.domain", FieldNeed.Any, "domain vhost site"),
        ("user_agent.original", FieldNeed.Any, "ua useragent user_agent agent"),
        ("network.bytes", FieldNeed.Int, "bytes"),
        ("network.protocol", FieldNeed.Any, "proto protocol"),
        ("event.duration", FieldNeed.Duration, "duration dur took elapsed latency rt cost time_taken request_time"),
        ("event.action", FieldNeed.Any, "action act event op operation evt"),
        ("event.reason", FieldNeed.Any, "reason cause"),
        ("message", FieldNeed.Any, "msg message text"),
        ("log.level", FieldNeed.Any, "level lvl severity loglevel"),
        ("log.logger", FieldNeed.Any, "logger"),
        ("error.message", FieldNeed.Any, "error err exception"),
        ("error.code", FieldNeed.Any, "errno error_code errcode"),
        ("file.path", FieldNeed.Any, "file filename filepath"),
        ("rule.name", FieldNeed.Any, "rule rule_name"),
        ("rule.id", FieldNeed.Any, "rule_id ruleid"),
    }.SelectMany(f => f.Names.Split(' '), (f, name) => (name, (f.Field, f.Need))).ToFrozenDictionary(f => f.name, f => f.Item2, StringComparer.OrdinalIgnoreCase);

    // Words that stand before anything in plain language: as a key they tell, as a word they do not.
    private static readonly FrozenSet<string> OnlyKeys = new[] { "time", "text", "target", "event", "op", "code", "path", "service", "process", "error", "exception", "reason", "cause", "site", "server", "act" }
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The field for what stands behind a key or word; false when it tells nothing.</summary>
    public static bool TryGet(string hint, bool isKey, out string field, out FieldNeed need)
    {
        (field, need) = ("", FieldNeed.Any);
        if (hint.Length == 0 || (!isKey && OnlyKeys.Contains(hint))) return false;
        if (Known.TryGetValue(hint.Replace('-', '_'), out var known)) { (field, need) = known; return true; }
        if (!isKey || !hint.Contains('.', StringComparison.Ordinal) || !FieldCatalogue.TryGetId(hint, out _)) return false;
        field = hint;
        return true;
    }

    /// <summary>A label (ECS labels.*) of this name.</summary>
    public static string Label(string name)
    {
        var text = new StringBuilder("labels.");
        foreach (var c in name) text.Append(char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '_');
        return text.ToString(0, Math.Min(text.Length, 64));
    }
}
