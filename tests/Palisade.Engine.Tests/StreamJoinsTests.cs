using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;

namespace Palisade.Engine.Tests;

/// <summary>Lines of many streams, put together behind the journal.</summary>
public sealed class StreamJoinsTests
{
    private const long Received = 1_790_000_000_000;
    private const string App = "name: app\ndetect: 10\njoin: { start: '%{-:iso} ' }\npatterns: [ { match: '%{@timestamp:iso} %{log.level:in ERROR|INFO} %{message:rest}' } ]\n";
    private const string Web = "name: web\ndetect: 11\npatterns: [ { match: 'web %{message:rest}' } ]\n";
    private const string Audit = "name: audit\ndetect: 12\njoin: { key: 'type=%{-:word} msg=audit(%{-})', later: 'nametype=PARENT' }\n"
        + "patterns: [ { match: 'type=%{event.action:word} msg=audit(%{-}): %{-:kv}' } ]\nfields: { exe: process.executable, name: file.path, cwd: process.working_directory }\n";
    private const string Cri = "name: cri\ndetect: 5\njoin: { part: '%{-:iso} %{-:in stdout|stderr} %{-:word} ', tag: P }\npatterns: [ { match: '%{@timestamp:iso} %{-:in stdout|stderr} %{-:in F|P} %{message:rest}' } ]\n";

    private static readonly EngineSnapshot Content = Load(("app", App), ("web", Web), ("audit", Audit), ("cri", Cri));

    private static EngineSnapshot Load(params (string Name, string Yaml)[] sources)
    {
        var content = EngineContent.Load(sources.Select(s => ($"sources/{s.Name}/source.yml", Encoding.UTF8.GetBytes(s.Yaml))), out var problems);
        Assert.Empty(problems);
        return content;
    }

    private sealed record Step(ulong Session, string? Line, uint Tenant = 1);

    /// <summary>Events of the steps, in order: place, lines, raw. Stops and goes on with what was written down, after each of these steps.</summary>
    private static List<(ulong Place, int Lines, string Raw)> Run(IEnumerable<Step> steps, short parser = RecordInfo.AutoParser, params int[] stops)
    {
        var found = new List<(ulong Place, int Lines, string Raw)>();
        var (pipeline, joins) = (new Pipeline(Content, NoGeoLookup.Instance), new StreamJoins());
        ulong place = 0;
        foreach (var step in steps)
        {
            var info = new RecordInfo(++place, Received + (long)place, step.Tenant, 1, parser);
            if (step.Line is null) joins.End(pipeline, info, step.Session);
            else joins.Add(pipeline, info, step.Session, Encoding.UTF8.GetBytes(step.Line));
            for (var i = 0; i < pipeline.Events.Count; i++)
                found.Add((pipeline.Events.Header(i).Sequence, pipeline.Events.Header(i).Lines, Encoding.UTF8.GetString(pipeline.Events.Raw(i))));
            pipeline.Clear();
            if (!stops.Contains((int)place)) continue;
            var written = new MemoryStream();
            joins.Save(written, pipeline.Parsers);
            (pipeline, joins) = (new Pipeline(Content, NoGeoLookup.Instance), new StreamJoins());
            joins.Load(written.ToArray(), pipeline.Parsers);
        }
        return found;
    }

    private static IEnumerable<Step> Of(ulong session, params string?[]? lines) => (lines ?? [null]).Select(l => new Step(session, l));

    private const string One = "2026-11-24T10:00:00Z ERROR boom", Two = "2026-11-24T10:00:01Z INFO ok";

    [Fact]
    public void A_record_has_the_place_of_the_line_that_ended_it_and_other_lines_wait_for_nothing()
    {
        var events = Run([.. Of(1, "web a"), .. Of(1, One, "java.lang.X: y", Two), .. Of(1, null), .. Of(1, "web b")]);
        Assert.Equal([(1UL, 1, "web a"), (4UL, 2, One + "\njava.lang.X: y"), (5UL, 1, Two), (6UL, 1, "web b")], events);
    }

    [Fact]
    public void Streams_and_tenants_are_kept_apart()
    {
        var events = Run([new(1, One), new(2, "2026-11-24T10:00:05Z ERROR other"), new(1, "  at a"), new(2, "  at b"), new(1, "  at c", 2), new(1, null), new(2, null)]);
        Assert.Equal([(5UL, 1, "  at c"), (6UL, 2, One + "\n  at a"), (7UL, 2, "2026-11-24T10:00:05Z ERROR other\n  at b")], events);
    }

    [Fact]
    public void Where_the_kind_is_found_out_a_record_of_another_source_does_not_go_on_in_this_one()
    {
        Step[] steps = [.. Of(1, One, "nobody knows", "web x", null)];
        Assert.Equal([One + "\nnobody knows", "web x"], Run(steps).Select(e => e.Raw));
        Assert.Equal([One + "\nnobody knows\nweb x"], Run(steps, Content.Parsers.IndexOf("app")).Select(e => e.Raw));
    }

    [Fact]
    public void Parts_are_put_together_without_their_frames()
    {
        const string a = "2026-11-24T10:00:00Z stdout P one, ", b = "2026-11-24T10:00:01Z stdout F two", c = "2026-11-24T10:00:02Z stdout F three";
        Assert.Equal([a + "two", c], Run([.. Of(1, a, b, c, null)]).Select(e => e.Raw));
    }

    [Fact]
    public void A_stop_at_any_place_changes_nothing()
    {
        Step[] steps =
        [
            .. Of(1, One, " at a"), .. Of(2, "type=SYSCALL msg=audit(1.0:7): exe=/bin/cat", "type=CWD msg=audit(1.0:7): cwd=/root"), .. Of(1, " at b", Two), .. Of(3, "2026-11-24T10:00:00Z stdout P x "),
            .. Of(2, "type=SYSCALL msg=audit(1.0:8): exe=/bin/ls"), .. Of(3, "2026-11-24T10:00:00Z stdout F y"), .. Of(3, null), .. Of(2, null), .. Of(1, null),
        ];
        var whole = Run(steps);
        Assert.Equal(5, whole.Count);
        for (var at = 1; at <= steps.Length; at++) Assert.Equal(whole, Run(steps, RecordInfo.AutoParser, at));
        Assert.Equal(whole, Run(steps, RecordInfo.AutoParser, [.. Enumerable.Range(1, steps.Length)]));
    }

    [Fact]
    public void What_waits_is_bounded_and_beyond_it_lines_are_read_one_by_one()
    {
        var many = Run(Enumerable.Range(1, StreamJoins.MaxStreams + 10).Select(i => new Step((ulong)i, One)));
        Assert.Equal(10, many.Count);
        var line = " " + new string('x', 900_000);
        var long_ = Run([.. Enumerable.Range(1, 40).SelectMany(i => Of((ulong)i, One, line)), .. Enumerable.Range(1, 40).SelectMany(i => Of((ulong)i, (string?)null))]);
        Assert.Equal(80, long_.Sum(e => e.Lines));
        var flood = Run([.. Enumerable.Range(0, 2000).Select(i => new Step(1, i == 0 ? One : " more")), new Step(1, null)]);
        Assert.Equal(2000, flood.Sum(e => e.Lines));
        Assert.True(flood.Max(e => e.Lines) <= 500);
    }

    [Fact]
    public void Bytes_that_are_none_of_ours_are_refused()
    {
        Assert.Throws<InvalidDataException>(() => new StreamJoins().Load([1, 0, 0, 0, 9], Content.Parsers));
        new StreamJoins().Load([0, 0, 0, 0], Content.Parsers);
    }

    private static EventBatch Read(EngineSnapshot content, string record)
    {
        var pipeline = new Pipeline(content, NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, Received, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(record));
        return pipeline.Events;
    }

    [Fact]
    public void Lines_of_one_key_are_one_event_in_which_the_first_to_say_something_is_right()
    {
        var batch = Read(Content, "type=SYSCALL msg=audit(1.0:7): exe=/bin/cat\ntype=PATH msg=audit(1.0:7): name=/etc nametype=PARENT\ntype=PATH msg=audit(1.0:7): name=/etc/shadow nametype=NORMAL\ntype=CWD msg=audit(1.0:7): cwd=/root exe=/no");
        string Text(string field) => batch.GetString(0, FieldNames.GetOrAdd(field));
        Assert.Equal((1, "SYSCALL", "/bin/cat", "/etc/shadow", "/root"), (batch.Count, Text("event.action"), Text("process.executable"), Text("file.path"), Text("process.working_directory")));
        Assert.Equal("/bin/a", Read(Content, "type=A msg=audit(1.0:7): exe=/bin/a\ntype=B msg=audit(1.0:8): cwd=/x").GetString(0, FieldNames.GetOrAdd("process.executable")).Split('\n')[0]);
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../content"));

    [Fact]
    public void The_linux_audit_log_tells_in_one_event_who_ran_what_on_which_file()
    {
        var files = Directory.GetFiles(Path.Combine(Root(), "sources"), "source.yml", SearchOption.AllDirectories).Select(f => (Path.GetRelativePath(Root(), f).Replace('\\', '/'), File.ReadAllBytes(f)));
        var content = EngineContent.Load(files, out var problems);
        Assert.Empty(problems);
        string[] lines =
        [
            "type=SYSCALL msg=audit(1790000000.123:4711): arch=c000003e syscall=59 success=yes exit=0 a0=1 ppid=100 pid=101 auid=1000 uid=0 gid=0 euid=0 tty=pts0 ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"exec\"",
            "type=EXECVE msg=audit(1790000000.123:4711): argc=2 a0=\"cat\" a1=\"/etc/shadow\"",
            "type=CWD msg=audit(1790000000.123:4711): cwd=\"/root\"",
            "type=PATH msg=audit(1790000000.123:4711): item=0 name=\"/usr/bin/cat\" inode=1 dev=fd:00 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL",
            "type=PROCTITLE msg=audit(1790000000.123:4711): proctitle=636174002F6574632F736861646F77",
            "type=SYSCALL msg=audit(1790000001.000:4712): arch=c000003e syscall=59 success=no exit=-13 ppid=100 pid=102 auid=1000 uid=0 comm=\"ls\" exe=\"/usr/bin/ls\"",
        ];
        var (pipeline, joins) = (new Pipeline(content, NoGeoLookup.Instance), new StreamJoins());
        for (var i = 0; i < lines.Length; i++) joins.Add(pipeline, new RecordInfo((ulong)i + 1, 1_790_000_002_000, 1, 1, RecordInfo.AutoParser), 1, Encoding.UTF8.GetBytes(lines[i]));
        joins.End(pipeline, new RecordInfo(9, 1_790_000_002_000, 1, 1, RecordInfo.AutoParser), 1);
        string Text(int at, string field) => pipeline.Events.GetString(at, FieldNames.GetOrAdd(field));
        Assert.Equal((2, 5, 1), (pipeline.Events.Count, pipeline.Events.Header(0).Lines, pipeline.Events.Header(1).Lines));
        Assert.Equal(("101", "/usr/bin/cat", "cat", "/root", "/usr/bin/cat", "0", "success"),
            (Text(0, "process.pid"), Text(0, "process.executable"), Text(0, "process.name"), Text(0, "process.working_directory"), Text(0, "file.path"), Text(0, "user.id"), Text(0, "event.outcome")));
        Assert.Equal("2", Text(0, "process.args_count"));
        Assert.Equal(("102", "failure", ""), (Text(1, "process.pid"), Text(1, "event.outcome"), Text(1, "file.path")));
        Assert.Equal(1_790_000_000_123, pipeline.Events.Header(0).TimeMs);
        Assert.True((pipeline.Events.Header(0).Flags & EventFlags.Joined) != 0);
    }
}
