using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Tests.Rules;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Parse;

/// <summary>
/// A line is what it is, whoever passes it on: the samples of all sources come out of a syslog frame with a tag nobody knows, of Docker's JSON, of CRI and of the systemd journal as
/// they do alone.
/// </summary>
public sealed class ForwardedSampleTests
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly string Content = ShippedRules.Content;
    private static readonly EngineSnapshot Snapshot = ShippedRules.Snapshot;

    /// <summary>Sources with lines that only say what they are by the program that wrote them or by standing alone; the frame's own; and one that its head, another source's, is named after.</summary>
    private static readonly string[] Alone = ["go-log", "keyvalue", "mikrotik", "opensearch-audit", "syslog"];

    /// <summary>What the frame says of itself, and what differs because of it.</summary>
    private static readonly HashSet<string> OfTheFrame =
    [
        "message", "host.name", "host.hostname", "host.id", "host.boot.id", "process.name", "process.pid", "related.hosts", "event.dataset", "service.name", "stream", "log.iostream", "log.level",
        "log.syslog.priority", "log.syslog.facility.code", "log.syslog.severity.code", "log.syslog.version", "log.syslog.appname", "log.syslog.procid",
    ];

    public static TheoryData<string> All => new(Frames.All);

    [Theory, MemberData(nameof(All))]
    public void Lines_come_out_of_a_frame_as_they_do_alone(string frame)
    {
        var (compared, wrong) = Compare(frame);
        Assert.True(compared > 800, $"only {compared} lines");
        wrong.RemoveAll(w => Alone.Contains(w.Source));
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}:\n{string.Join('\n', wrong.Take(60).Select(w => $"{w.Source}: {w.Text}"))}");
    }

    [Fact]
    public void Who_is_excepted_needs_to_be() =>
        Assert.Equal(Alone, Frames.All.SelectMany(f => Compare(f).Wrong).Select(w => w.Source).Distinct().Order(StringComparer.Ordinal));

    private static (int Compared, List<(string Source, string Text)> Wrong) Compare(string frame)
    {
        var wrong = new List<(string Source, string Text)>();
        var compared = 0;
        foreach (var folder in Directory.EnumerateDirectories(Path.Combine(Content, "sources")).Order(StringComparer.Ordinal))
        {
            var source = Path.GetFileName(folder);
            if (Snapshot.Parsers[Snapshot.Parsers.IndexOf(source)].Detect == 0) continue;
            var (alone, framed) = (new Pipeline(Snapshot, NoGeoLookup.Instance), new Pipeline(Snapshot, NoGeoLookup.Instance));
            foreach (var line in File.ReadAllLines(Path.Combine(folder, "sample.log")))
            {
                if (line.TrimEnd().Length == 0) continue;
                var (own, fields) = Read(alone, line.TrimEnd());
                // a line that other sources read as well, or a header, says nothing here
                if (own != source || fields.Count == 0) continue;
                compared++;
                var (found, others) = Read(framed, Frames.Wrap(frame, line.TrimEnd()));
                if (found != source) wrong.Add((source, $"read by {found}: {line}"));
                else
                    wrong.AddRange(fields.Where(f => others.GetValueOrDefault(f.Key) != f.Value).Select(f => (source, $"{f.Key} is {others.GetValueOrDefault(f.Key)}, not {f.Value}: {line}")));
            }
        }
        return (compared, wrong);
    }

    [Theory]
    [InlineData("Nov 24 10:00:00 web-1 sshd[411]: Failed password for root from 203.0.113.9 port 401 ssh2")]
    [InlineData("2026-11-24T10:00:00.000000+00:00 web-1 sshd[411]: Failed password for root from 203.0.113.9 port 401 ssh2")]
    [InlineData("<38>Nov 24 10:00:00 web-1 sshd[411]: Failed password for root from 203.0.113.9 port 401 ssh2")]
    [InlineData("<38>1 2026-11-24T10:00:00Z web-1 sshd 411 - - Failed password for root from 203.0.113.9 port 401 ssh2")]
    public void A_frame_in_a_frame_tells_host_program_and_time(string line)
    {
        foreach (var frame in new[] { "rfc5424", "rfc3164", "docker", "journald" })
        {
            var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
            var (source, _) = Read(pipeline, Frames.Wrap(frame, line));
            var events = pipeline.Events;
            Assert.Equal("sshd", source);
            Assert.Equal(("web-1", "sshd", "411", "203.0.113.9"), (events.GetString(0, Fields.HostName), events.GetString(0, Fields.ProcessName), events.GetString(0, Fields.ProcessPid), events.GetString(0, Fields.SourceIp)));
            Assert.Equal(Received - 2 * 3_600_000, events.Header(0).TimeMs);
        }
    }

    [Theory]
    [InlineData("2026-11-24T10:00:00Z worker INFO: order 7 paid"), InlineData("Started worker 7 of 9"), InlineData("Nov 24 is a day without a host"), InlineData("2026-11-24T10:00:00.123Z starting up")]
    public void What_only_begins_like_a_frame_stays_the_message_of_its_own(string line)
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        Read(pipeline, Frames.Wrap("rfc5424", line));
        Assert.Equal(("gw-01", "anything"), (pipeline.Events.GetString(0, Fields.HostName), pipeline.Events.GetString(0, Fields.ProcessName)));
    }

    [Fact]
    public void Arrays_of_a_document_in_a_document_keep_their_values()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var (_, fields) = Read(pipeline, Frames.Wrap("docker", """{"numbers":[1,2,3],"people":[{"name":"li"},{"name":"wang"}]}"""));
        Assert.Equal(("1|2|3", "li|wang"), (fields["numbers"], fields["people.name"]));
    }

    [Theory, MemberData(nameof(All))]
    public void A_message_that_begins_like_a_remark_of_a_table_is_kept(string frame)
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var (source, _) = Read(pipeline, Frames.Wrap(frame, "######## list of orders"));
        Assert.NotEqual("", source);
        Assert.Equal("######## list of orders", pipeline.Events.GetString(0, Fields.Message));
    }

    [Fact]
    public void A_port_ends_where_the_line_does()
    {
        var pipeline = new Pipeline(Snapshot, NoGeoLookup.Instance);
        var (_, fields) = Read(pipeline, Frames.Wrap("rfc5424", File.ReadAllLines(Path.Combine(Content, "sources", "suricata-fast", "sample.log"))[0]));
        Assert.Equal("22", fields["destination.port"]);
    }

    private static uint logs;

    private static (string Source, Dictionary<string, string> Fields) Read(Pipeline pipeline, string line)
    {
        pipeline.Clear();
        // a log of its own: what the lines before it were says nothing
        pipeline.Add(new RecordInfo(1, Received, 1, ++logs, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        var batch = pipeline.Events;
        if (batch.Header(0).Refusal != ParseRefusal.None) return ("", []);
        var fields = new Dictionary<string, string>();
        for (var i = 0; i < batch.FieldIds(0).Length; i++)
        {
            var (name, value) = (FieldNames.Name(batch.FieldIds(0)[i]), Encoding.UTF8.GetString(batch.ValueAt(0, i)));
            // what a frame around it takes for nothing is nothing
            if (OfTheFrame.Contains(name) || name.StartsWith("palisade.", StringComparison.Ordinal) || value is "" or "-") continue;
            fields[name] = fields.TryGetValue(name, out var others) ? string.Join('|', others.Split('|').Append(value).Order(StringComparer.Ordinal)) : value;
        }
        return (Snapshot.Parsers.NameOf(batch.Header(0).Parser), fields);
    }
}
