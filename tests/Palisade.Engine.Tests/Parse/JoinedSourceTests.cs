using System.Runtime.CompilerServices;
using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Joining;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Parse;

/// <summary>What the lines of shipped sources become once they are joined to records.</summary>
public sealed class JoinedSourceTests
{
    private static readonly long Received = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    private static readonly string Content = Path.GetFullPath(Path.Combine(Here(), "..", "..", "..", "content"));

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;

    private static EventBatch Read(string source, params string[] lines)
    {
        var file = ($"sources/{source}/source.yml", File.ReadAllBytes(Path.Combine(Content, "sources", source, "source.yml")));
        var snapshot = EngineContent.Load([file], out var problems);
        Assert.Empty(problems);
        var joiner = new RecordJoiner(snapshot.Parsers, RecordInfo.AutoParser, Received);
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        void Add(ReadOnlySpan<byte> record) => pipeline.Add(new RecordInfo(1, Received, 1, 7, RecordInfo.AutoParser), record);
        foreach (var line in lines)
            if (joiner.TryAdd(Encoding.UTF8.GetBytes(line), out var record)) Add(record);
        if (joiner.TryEnd(out var last)) Add(last);
        return pipeline.Events;
    }

    private static string? Text(EventBatch batch, int index, string field) =>
        batch.TryGet(index, FieldNames.GetOrAdd(field), out var value) ? Encoding.UTF8.GetString(value) : null;

    public static TheoryData<string[]> Refusals => new(
        // 3.7 and 3.8: the second line has no head
        [
            "2026-11-24 10:00:00.123 [error] <0.700.0> Error on AMQP connection <0.700.0> (203.0.113.9:51234 -> 192.0.2.20:5672, state: starting):",
            "PLAIN login refused: user 'guest' - invalid credentials",
        ],
        // from 3.9: both have the same
        [
            "2026-11-24 10:00:00.123456+00:00 [error] <0.700.0> Error on AMQP connection <0.700.0> (203.0.113.9:51234 -> 192.0.2.20:5672 - php-amqplib, state: starting):",
            "2026-11-24 10:00:00.123456+00:00 [error] <0.700.0> PLAIN login refused: user 'guest' - invalid credentials",
        ],
        // up to 3.6: a report
        ["=ERROR REPORT==== 24-Nov-2026::10:00:00 ===", "Error on AMQP connection <0.700.0> (203.0.113.9:51234 -> 192.0.2.20:5672, state: starting):", "PLAIN login refused: user 'guest' - invalid credentials", ""],
        // up to 3.4: a report with a term
        [
            "=ERROR REPORT==== 24-Nov-2026::10:00:00 ===", "closing AMQP connection <0.700.0> (203.0.113.9:51234 -> 192.0.2.20:5672):", "{handshake_error,starting,0,", "                 {amqp_error,access_refused,",
            "                             \"PLAIN login refused: user 'guest' - invalid credentials\",", "                             'connection.start_ok'}}", "",
        ]);

    [Theory, MemberData(nameof(Refusals))]
    public void RabbitMQ_says_with_both_lines_who_was_refused_and_from_where(string[] lines)
    {
        string[] next = lines[0][0] == '=' ? ["=INFO REPORT==== 24-Nov-2026::10:00:01 ===", "accepting AMQP connection <0.710.0> (192.0.2.10:51235 -> 192.0.2.20:5672)"]
            : [lines[0][..lines[0].IndexOf(' ', 11)].Replace("00:00.", "00:01.", StringComparison.Ordinal) + " [info] <0.710.0> accepting AMQP connection <0.710.0> (192.0.2.10:51235 -> 192.0.2.20:5672)"];
        var batch = Read("rabbitmq", [.. lines, .. next]);
        Assert.Equal(2, batch.Count);
        Assert.Equal(("authentication", "login", "failure"), (Text(batch, 0, "event.category"), Text(batch, 0, "event.action"), Text(batch, 0, "event.outcome")));
        Assert.Equal(("guest", "203.0.113.9", "51234", "invalid credentials"), (Text(batch, 0, "user.name"), Text(batch, 0, "source.ip"), Text(batch, 0, "source.port"), Text(batch, 0, "event.reason")));
        Assert.Equal(("connection_accepted", "192.0.2.10"), (Text(batch, 1, "event.action"), Text(batch, 1, "source.ip")));
    }

    [Fact]
    public void Tomcat_names_the_locked_account_in_the_second_of_two_lines()
    {
        var batch = Read("tomcat", "Nov 24, 2026 10:00:02 AM org.apache.catalina.realm.LockOutRealm authenticate", "WARNING: An attempt was made to authenticate the locked user \"admin\"",
            "Nov 24, 2026 10:00:03 AM org.apache.catalina.startup.Catalina start", "INFO: Server startup in 812 ms");
        Assert.Equal(2, batch.Count);
        Assert.Equal(("authentication", "failure", "admin"), (Text(batch, 0, "event.category"), Text(batch, 0, "event.outcome"), Text(batch, 0, "user.name")));
        Assert.Null(Text(batch, 1, "user.name"));
    }
}
