using System.Text;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Alerts;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

public sealed class StreamAlertsTests
{
    private sealed class Kept : IAlertSink
    {
        public List<FindingProjection> Findings { get; } = [];
        public Task<ulong> PositionAsync(int node, CancellationToken stop) => Task.FromResult(0UL);

        public Task ApplyAsync(int node, IReadOnlyList<FindingProjection> findings, ulong fromSequence, ulong toSequence, CancellationToken stop)
        {
            Findings.AddRange(findings);
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData(true, "203.0.113.33", "", "", "source.ip=203.0.113.33 url.path=/login count=2")]
    [InlineData(false, "192.0.2.9", "lb", "health", "GET /health")]
    public async Task What_a_closed_window_found_is_said_of_its_group_and_not_of_the_event_that_closed_it(bool atClose, string ip, string host, string user, string raw)
    {
        var events = new EventBatch();
        events.Begin(new RecordInfo(7, 1_000, 1, 4, RecordInfo.AutoParser), "GET /health"u8);
        events.Add(Fields.SourceIp, "192.0.2.9"u8);
        events.Add(Fields.HostName, "lb"u8);
        events.Add(Fields.UserName, "health"u8);
        var findings = new FindingList();
        var rule = new RuleInfo("behaviour.login_stuffing", "n", "n", FindingLevel.High, "credential_stuffing", [], "", "", "", "");
        findings.Add(new Finding(0, rule, AttackOutcome.Unknown, 0, 0, 0, null, new Firing([new("source.ip", "203.0.113.33"), new("url.path", "/login")], 1_000, 3, 2, [3, 4]) { AtClose = atClose, EndMs = 700, Source = 3 }));
        var sink = new Kept();
        await new StreamAlerts(sink, FieldNames.Name, 1).ApplyAsync(events, findings, 1, 7, 1, 1, TestContext.Current.CancellationToken);
        var told = Assert.Single(sink.Findings);
        Assert.Equal((ip, host, user), (told.SourceIp, told.Host, told.User));
        Assert.Equal(atClose ? (700L, 3U) : (1_000L, 4U), (told.TimeMs, told.Source));
        Assert.Equal(raw, Encoding.UTF8.GetString(told.Raw));
    }
}
