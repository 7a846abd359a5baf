using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>
/// Reads what an application says of itself as the request it stands for: who did what, and whether it went well. ECS names, else the names that
/// applications mostly give: <code>{"action": "sms_send", "clientIp": "203.0.113.5", "mobile": "138…", "result": "success"}   ►   POST /sms_send 200</code>
/// </summary>
internal sealed class ActionReader
{
    private static readonly ushort[] Actions = Ids("action", "event", "operation", "operate", "api", "bizType", "path", "url", "endpoint", "method_name");
    private static readonly ushort[] Addresses = Ids("ip", "clientIp", "client_ip", "clientIP", "userIp", "user_ip", "remoteIp", "remote_ip", "remoteAddr", "requestIp", "loginIp");
    private static readonly ushort[] Results = Ids("result", "success", "outcome", "ret", "retCode", "code", "state");
    private static readonly ushort[] Subjects = Ids("mobile", "phone", "user", "userId", "user_id", "uid", "userName", "account", "loginName");
    private static readonly ushort[] Devices = Ids("deviceId", "device_id", "device", "userAgent", "ua");

    private static ushort[] Ids(params string[] names) => [.. names.Select(FieldNames.GetOrAdd)];

    /// <summary>Fills the request but for its shape; false where the event is none. What has a category of its own (log-ins of hosts, connections) is none.</summary>
    /// <param name="target">Receives the path.</param>
    /// <returns>Bytes of the path; 0: no action.</returns>
    public static int Read(EventBatch events, int index, scoped Span<byte> target, ref Request request)
    {
        if (events.TryGet(index, Fields.EventCategory, out _)) return 0;
        if (!events.TryGet(index, Fields.EventAction, out var action) && !First(events, index, Actions, out action)) return 0;
        if (action.Length is < 2 or > 80 || action.IndexOfAny((byte)' ', (byte)'"') >= 0) return 0;
        if (!events.TryGet(index, Fields.SourceIp, out var ip) && !First(events, index, Addresses, out ip) || !Address.TryParse(ip, out request.Ip)) return 0;
        request.Status = Status(events, index);
        request.IsPost = request.IsAction = true;
        if (First(events, index, Subjects, out var subject) || events.TryGet(index, Fields.UserName, out subject)) request.Subject = Hash.Of(subject, 2);
        if (events.TryGet(index, Fields.UserAgentOriginal, out var device) || First(events, index, Devices, out device)) request.Agent = Hash.Of(device, 1);
        request.Kind = AgentKind.App;
        var slash = action[0] == '/' ? 0 : 1;
        target[0] = (byte)'/';
        action.CopyTo(target[slash..]);
        return action.Length + slash;
    }

    private static bool First(EventBatch events, int index, ushort[] fields, out ReadOnlySpan<byte> value)
    {
        foreach (var field in fields)
            if (events.TryGet(index, field, out value) && !value.IsEmpty) return true;
        value = default;
        return false;
    }

    private static int Status(EventBatch events, int index)
    {
        if (!events.TryGet(index, Fields.EventOutcome, out var said) && !First(events, index, Results, out said)) return 200;
        if (said.Length > 32) return 0;
        Span<byte> lower = stackalloc byte[32];
        Ascii.ToLower(said, lower, out var n);
        var text = lower[..n];
        if (text.SequenceEqual("success"u8) || text.SequenceEqual("ok"u8) || text.SequenceEqual("true"u8) || text.SequenceEqual("0"u8) || text.SequenceEqual("200"u8) || text.SequenceEqual("succeeded"u8) || text.SequenceEqual("pass"u8)) return 200;
        if (text.SequenceEqual("429"u8) || text.IndexOf("limit"u8) >= 0) return 429;
        return text.SequenceEqual("false"u8) || text.IndexOf("fail"u8) >= 0 || text.IndexOf("err"u8) >= 0 || text.IndexOf("deni"u8) >= 0 || text.IndexOf("reject"u8) >= 0 || text.IndexOf("wrong"u8) >= 0 || text.IndexOf("invalid"u8) >= 0 || text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 ? 401 : 0;
    }
}
