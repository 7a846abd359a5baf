using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>Tells from a record of a host whether a site's program or account did something there that an attack would make it do.</summary>
internal sealed class HostDeedReader(HostWords words)
{
    /// <summary>Reads an event that is no request; false where it shows nothing of the kind.</summary>
    public bool TryRead(EventBatch events, int index, out HostDeed deed)
    {
        deed = null!;
        var hasFile = events.TryGet(index, Fields.FilePath, out var file) && !file.IsEmpty;
        var hasProgram = events.TryGet(index, Fields.ProcessExecutable, out var program) | events.TryGet(index, Fields.ProcessName, out var name) | events.TryGet(index, Fields.ProcessCommandLine, out var command);
        if (!hasProgram && !hasFile) return false;
        var parent = events.TryGet(index, Fields.ProcessParentExecutable, out var path) ? Last(path) : default;
        if (parent.IsEmpty) parent = Last(events.Get(index, Fields.ProcessParentName));
        // A program names itself by its file, by the kernel's short name, or by the first word it was called with.
        var own = Last(program.IsEmpty ? name.IsEmpty ? FirstWord(command) : name : program);
        var byServer = words.IsServer(parent);
        var byAccount = IsWebAccount(events, index);
        if (!byServer && !byAccount && !words.IsRuntime(parent) && !(hasFile && (words.IsServer(own) || words.IsRuntime(own)))) return false;
        if (hasFile && IsWrite(events, index) && IsScript(file)) return Take(events, index, DeedKind.Script, file, own, false, out deed);
        if (IsConnection(events, index, out var to)) return (byAccount || words.IsServer(own)) && Take(events, index, DeedKind.Connection, to, own, false, out deed);
        if (!IsStart(events, index) || words.IsServer(own)) return false;
        if (command.IsEmpty) command = program.IsEmpty ? name : program;
        // The kernel's record of a call names the file run, the list of arguments only the word it was called by.
        var isTool = words.IsShell(own) || words.IsTool(own) || words.IsShell(Last(name)) || words.IsTool(Last(name));
        if (!byServer && !byAccount && !isTool) return false;
        return Take(events, index, DeedKind.Command, command, own, isTool, out deed);
    }

    private bool IsWebAccount(EventBatch events, int index) =>
        words.IsAccount(Account(events.Get(index, Fields.UserName))) || words.IsAccount(events.Get(index, Fields.UserEffectiveName)) || words.IsAccount(Account(events.Get(index, Fields.ProcessUserName)))
        || words.IsAccountId(events.Get(index, Fields.UserEffectiveId)) || words.IsAccountId(events.Get(index, Fields.UserId));

    /// <summary>An account without its domain.</summary>
    private static ReadOnlySpan<byte> Account(ReadOnlySpan<byte> name) => name[(name.LastIndexOf((byte)'\\') + 1)..];

    private static bool IsStart(EventBatch events, int index)
    {
        var action = events.Get(index, Fields.EventAction);
        if (events.Get(index, Fields.EventType).SequenceEqual("end"u8) || action.SequenceEqual("proctitle"u8)) return false;
        // What was ended, refused or only looked at is no start; alarms of other products speak of starts by their fields.
        return events.Get(index, Fields.EventCategory).SequenceEqual("process"u8) && !events.Get(index, Fields.EventOutcome).SequenceEqual("failure"u8)
            || action.StartsWith("exec"u8) || events.Get(index, Fields.EventKind).SequenceEqual("alert"u8);
    }

    private static bool IsWrite(EventBatch events, int index)
    {
        if (events.Get(index, Fields.EventType) is var type && (type.SequenceEqual("creation"u8) || type.SequenceEqual("change"u8))) return true;
        var action = events.Get(index, Fields.EventAction);
        return action.IndexOf("create"u8) >= 0 || action.IndexOf("write"u8) >= 0 || action.IndexOf("added"u8) >= 0 || action.StartsWith("opened-file"u8) || action.StartsWith("renamed"u8);
    }

    private bool IsScript(ReadOnlySpan<byte> file)
    {
        var name = Last(file);
        var dot = name.LastIndexOf((byte)'.');
        if (dot < 0 || !words.IsScript(name[(dot + 1)..]) || file.Length > HostDeed.MaxText) return false;
        Span<byte> lower = stackalloc byte[HostDeed.MaxText];
        for (var i = 0; i < file.Length; i++) lower[i] = file[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(file[i] | 0x20) : file[i];
        return !words.IsCache(lower[..file.Length]);
    }

    private static bool IsConnection(EventBatch events, int index, out ReadOnlySpan<byte> to)
    {
        to = events.Get(index, Fields.DestinationIp);
        return !to.IsEmpty && (events.Get(index, Fields.EventCategory).SequenceEqual("network"u8) || events.Get(index, Fields.EventAction).StartsWith("connect"u8) || events.Get(index, Fields.NetworkDirection) is var way && (way.SequenceEqual("egress"u8) || way.SequenceEqual("outbound"u8)));
    }

    private bool Take(EventBatch events, int index, DeedKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> own, bool isTool, out HostDeed deed)
    {
        if (text.Length > HostDeed.MaxText) text = text[..HostDeed.MaxText];
        Span<byte> folded = stackalloc byte[HostDeed.MaxText];
        text.CopyTo(folded);
        ReadOnlySpan<byte> plain = folded[..RequestText.Fold(folded[..text.Length])];
        plain = kind switch { DeedKind.Command => Inner(plain), DeedKind.Script => Last(plain), _ => plain };
        ref readonly var header = ref events.Header(index);
        var host = HostOf(events, index);
        var account = events.GetString(index, Fields.UserName) is { Length: > 0 } named ? named : events.GetString(index, Fields.UserEffectiveName);
        deed = new HostDeed(
            header.Sequence, IncidentTracker.TimeOf(header), header.Source, kind, host, AddressOf(events, index), account, Encoding.UTF8.GetString(text), plain.ToArray(),
            ShapeOf(host, own, plain), isTool);
        return true;
    }

    /// <summary>Name of the host of an event, lower case; empty where it has none.</summary>
    public static string HostOf(EventBatch events, int index)
    {
        var name = events.Get(index, Fields.HostName);
        if (name.IsEmpty) name = events.Get(index, Fields.HostHostname);
        return name.IsEmpty ? "" : Encoding.UTF8.GetString(name[..Math.Min(name.Length, 255)]).ToLowerInvariant();
    }

    /// <summary>Address of the host of an event; 0 where it has none.</summary>
    public static UInt128 AddressOf(EventBatch events, int index) => Address.TryParse(events.Get(index, Fields.HostIp), out var address) ? address : 0;

    /// <summary>A command without the shell that it is given to.</summary>
    private ReadOnlySpan<byte> Inner(ReadOnlySpan<byte> command)
    {
        var first = FirstWord(command);
        if (!words.IsShell(Last(first))) return command;
        var rest = command[first.Length..].TrimStart((byte)' ');
        while (rest.Length > 1 && rest[0] is (byte)'-' or (byte)'/')
        {
            var word = FirstWord(rest);
            // a path is no switch
            if (word[0] == '/' && word.Length > 3) break;
            rest = rest[word.Length..].TrimStart((byte)' ');
        }
        rest = rest.Trim("\"'"u8);
        return rest.IsEmpty ? command : rest;
    }

    /// <summary>What stays the same of a command that is run again and again: host, program, and a switch behind it.</summary>
    private static ulong ShapeOf(string host, ReadOnlySpan<byte> own, ReadOnlySpan<byte> plain)
    {
        var first = FirstWord(plain);
        var rest = plain[first.Length..].TrimStart((byte)' ');
        var second = rest.Length > 0 && rest[0] == '-' ? FirstWord(rest) : default;
        return Hash.Of(Last(first), Hash.Of(second, Hash.Of(own, Hash.Of(host))));
    }

    private static ReadOnlySpan<byte> FirstWord(ReadOnlySpan<byte> text) => text.IndexOf((byte)' ') is >= 0 and var end ? text[..end] : text;

    /// <summary>The last part of a path of either kind.</summary>
    private static ReadOnlySpan<byte> Last(ReadOnlySpan<byte> path) => path[(path.LastIndexOfAny((byte)'/', (byte)'\\') + 1)..];
}
