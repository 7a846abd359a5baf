using Palisade.Engine.Incidents.Habits;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>Programs that start others: one that starts the same few for weeks and then another one.</summary>
internal sealed partial class TenantAnomalies
{
    private const int ParentSets = 512, ChildSets = 2_048;
    private const int LearnedStarts = 50, MostChildren = 8;

    /// <summary>A program that starts others, on any host of the tenant. No pointers: it is written to snapshots as it lies.</summary>
    internal struct Parent : IEntry
    {
        public long FirstMs, Last, ToldMs;
        public uint Starts, Children;

        public readonly long LastMs => Last;
        public readonly int Worth => Starts >= LearnedStarts ? 1 : 0;
    }

    /// <summary>One program started by another.</summary>
    internal struct Child : IEntry
    {
        public long Last;
        public uint Starts;

        public readonly long LastMs => Last;
        public readonly int Worth => Starts >= 3 ? 1 : 0;
    }

    private Table<Parent>? parents;
    private Table<Child>? children;

    private void Start(in Observation e, FindingList into)
    {
        var parent = Base(e[Fields.ProcessParentExecutable], e[Fields.ProcessParentName]);
        var child = Base(e[Fields.ProcessExecutable], e[Fields.ProcessName]);
        if (parent.IsEmpty || child.IsEmpty || IsShell(parent)) return;
        parents ??= new Table<Parent>(ParentSets);
        children ??= new Table<Child>(ChildSets);
        parents.Prepare();
        children.Prepare();
        var key = Hash.Of(parent, 7);
        ref var of = ref parents.GetOrAdd(key, out var first);
        if (first) of.FirstMs = e.TimeMs;
        ref var started = ref children.GetOrAdd(Hash.Mix(key, Hash.Of(child)), out var isNew);
        if (isNew)
        {
            if (!first && of.Starts >= LearnedStarts && e.TimeMs - of.FirstMs >= WeekMs && of.Children <= MostChildren && e.TimeMs - of.ToldMs > DayMs
                && Tell("behaviour.new_child", e, of.FirstMs, of.Starts, into, Of("host.name", e[Fields.HostName]), Of("user.name", e[Fields.UserName]), Of("process.parent.name", parent), Of("process.name", child)))
                of.ToldMs = e.TimeMs;
            of.Children++;
        }
        if (of.Starts < uint.MaxValue) of.Starts++;
        if (started.Starts < uint.MaxValue) started.Starts++;
        of.Last = Math.Max(of.Last, e.TimeMs);
        started.Last = Math.Max(started.Last, e.TimeMs);
    }

    /// <summary>Last part of a path, of either kind of system; the name where there is no path.</summary>
    private static ReadOnlySpan<byte> Base(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name)
    {
        if (path.IsEmpty) path = name;
        var at = path.LastIndexOfAny((byte)'/', (byte)'\\');
        return path[(at + 1)..];
    }

    /// <summary>Shells and those that begin everything start what people want: new is usual there.</summary>
    private static bool IsShell(ReadOnlySpan<byte> name) =>
        name.EndsWith("sh"u8) || name.SequenceEqual("sudo"u8) || name.SequenceEqual("su"u8) || name.SequenceEqual("systemd"u8) || name.SequenceEqual("init"u8) || name.SequenceEqual("sshd"u8)
        || name.SequenceEqual("explorer.exe"u8) || name.SequenceEqual("cmd.exe"u8) || name.SequenceEqual("powershell.exe"u8) || name.SequenceEqual("make"u8) || name.SequenceEqual("xargs"u8) || name.SequenceEqual("find"u8);
}
