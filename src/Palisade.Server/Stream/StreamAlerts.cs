using System.Text;
using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Alerts;

namespace Palisade.Server.Streaming;

/// <summary>Copies findings out of the batch into what alerts need, and hands them over.</summary>
internal sealed class StreamAlerts(IAlertSink sink, Func<ushort, string> fieldName, int node) : IStreamAlerts
{
    private readonly List<FindingProjection> gathered = [];
    private ulong first, last;

    public bool AreWaiting => gathered.Count > 0;

    public void Gather(EventBatch events, FindingList findings, ulong from, ulong to)
    {
        if (gathered.Count == 0) first = from;
        Project(events, findings, node, gathered);
        last = to;
    }

    public async Task WriteAsync(CancellationToken stop)
    {
        if (gathered.Count == 0) return;
        await sink.ApplyAsync(node, gathered, first, last, stop);
        gathered.Clear();
    }

    public Task ApplyAsync(EventBatch events, FindingList findings, ulong from, ulong to, int node, int positionNode, CancellationToken stop)
    {
        var projections = new List<FindingProjection>(findings.Count);
        Project(events, findings, node, projections);
        return projections.Count == 0 ? Task.CompletedTask : sink.ApplyAsync(positionNode, projections, from, to, stop);
    }

    private void Project(EventBatch events, FindingList findings, int node, List<FindingProjection> to)
    {
        foreach (ref readonly var finding in findings.Items)
            if (!finding.Rule.ContextOnly) to.Add(Project(events, finding, node));
    }

    private FindingProjection Project(EventBatch events, in Finding finding, int node)
    {
        var at = finding.Event;
        ref readonly var header = ref events.Header(at);
        return new FindingProjection
        {
            Tenant = header.Tenant,
            Source = finding.SourceIn(events),
            Sequence = header.Sequence,
            EventId = EventId.Of(node, finding.SequenceIn(events)),
            TimeMs = finding.TimeIn(events),
            Rule = finding.Rule,
            Outcome = finding.Outcome,
            Mute = finding.Muted,
            Technique = finding.Technique,
            Host = finding.Said(events, Fields.HostName),
            Site = finding.Said(events, Fields.UrlDomain),
            SourceIp = finding.Said(events, Fields.SourceIp),
            SourceCountry = finding.Said(events, Fields.SourceGeoCountryIsoCode),
            User = finding.Said(events, Fields.UserName),
            Group = finding.Firing?.Group ?? [],
            GroupEvents = finding.Firing is { } firing ? [.. firing.Sequences.Select(s => EventId.Of(node, s))] : [],
            Field = finding.Field == 0 ? "" : fieldName(finding.Field),
            FieldValue = finding.Field == 0 ? "" : Text(events.Get(at, finding.Field)),
            Offset = finding.Offset,
            Length = finding.Length,
            Raw = Cut(finding.Record(events)).ToArray(),
        };
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> value) => value[..Math.Min(value.Length, FindingProjection.MaxRaw)];

    private static string Text(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(Cut(value));
}
