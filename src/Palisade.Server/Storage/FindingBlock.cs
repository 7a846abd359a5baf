using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage.Native;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Server.Storage;

/// <summary>Findings of one journal range as a Native block.</summary>
public sealed class FindingBlock : NativeBlock
{
    private readonly FixedColumn<ushort> day = new("day", "Date");
    private readonly FixedColumn<uint> tenant = new("tenant_id", "UInt32");
    private readonly FixedColumn<long> time = new("ts", "DateTime64(3, 'UTC')");
    private readonly FixedColumn<ulong> eventId = new("event_id", "UInt64");
    private readonly FixedColumn<long> received = new("received_at", "DateTime64(3, 'UTC')");
    private readonly FixedColumn<ushort> retention = new("retention_days", "UInt16");
    private readonly FixedColumn<uint> source = new("source_id", "UInt32");
    private readonly FewColumn rule = new("rule_id"), kind = new("rule_kind"), @class = new("class"), technique = new("technique"), attempt = new("attempt");
    private readonly FixedColumn<byte> level = new("level", "UInt8"), outcome = new("outcome", "UInt8"), confidence = new("confidence", "UInt8");
    private readonly FewColumn field = new("field");
    private readonly FixedColumn<uint> offset = new("evidence_offset", "UInt32"), length = new("evidence_length", "UInt32");
    private readonly AddressColumn ip = new("source_ip");
    private readonly FewColumn country = new("source_country");
    private readonly LongColumn asn = new("source_asn");
    private readonly FewColumn organization = new("source_as_org"), host = new("host_name"), domain = new("url_domain");
    private readonly TextColumn path = new("url_path");
    private readonly FewColumn user = new("user_name");
    private readonly FixedColumn<byte> correlation = new("correlation", "Bool");
    private readonly FixedColumn<ulong> proofs = new("proof_ids", "UInt64");
    private readonly ArrayColumn proofList;
    private readonly FixedColumn<uint> version = new("version", "UInt32");
    private readonly int node;
    private readonly ushort retentionDays;

    public FindingBlock(int node, int retentionDays = 90) : base("findings")
    {
        this.node = node;
        this.retentionDays = (ushort)retentionDays;
        proofList = new ArrayColumn(proofs);
        Columns =
        [
            day, tenant, time, eventId, received, retention, source, rule, kind, @class, technique, attempt, level, outcome, confidence, field, offset, length,
            ip, country, asn, organization, host, domain, path, user, correlation, proofList, version,
        ];
    }

    private protected override NativeColumn[] Columns { get; }

    /// <summary>Adds a finding with what its event says of the attacker and the target.</summary>
    /// <param name="revision">Greater revisions of the same (event, rule) replace lesser ones.</param>
    public void Add(EventBatch batch, in Finding finding, uint revision = 1)
    {
        var index = finding.Event;
        ref readonly var header = ref batch.Header(index);
        var timeMs = finding.TimeIn(batch);
        day.Add((ushort)EventId.Day(timeMs, header.ReceivedMs));
        tenant.Add(header.Tenant);
        time.Add(Math.Clamp(timeMs, 0, EventBlock.MaxTimeMs));
        eventId.Add(EventId.Of(node, finding.SequenceIn(batch)));
        received.Add(Math.Clamp(header.ReceivedMs, 0, EventBlock.MaxTimeMs));
        retention.Add(retentionDays);
        source.Add(finding.SourceIn(batch));
        AddName(rule, finding.Rule.Id);
        AddName(kind, finding.Rule.Kind);
        AddName(@class, finding.Rule.Class);
        AddName(technique, finding.Rule.Techniques.Count > 0 ? finding.Rule.Techniques[0] : "");
        AddName(attempt, finding.Technique ?? "");
        level.Add((byte)finding.Rule.Level);
        outcome.Add((byte)finding.Outcome);
        confidence.Add((byte)finding.Confidence);
        if (finding.Field == 0) field.AddDefault();
        else field.Add(AttributeNames.Utf8(finding.Field));
        offset.Add((uint)Math.Max(0, finding.Offset));
        length.Add((uint)Math.Max(0, finding.Length));
        AddOrDefault(ip, finding.SaidUtf8(batch, Fields.SourceIp));
        country.Add(finding.SaidUtf8(batch, Fields.SourceGeoCountryIsoCode));
        AddOrDefault(asn, finding.SaidUtf8(batch, Fields.SourceAsNumber));
        organization.Add(finding.SaidUtf8(batch, Fields.SourceAsOrganizationName));
        host.Add(finding.SaidUtf8(batch, Fields.HostName));
        domain.Add(finding.SaidUtf8(batch, Fields.UrlDomain));
        path.Add(finding.SaidUtf8(batch, Fields.UrlPath));
        user.Add(finding.SaidUtf8(batch, Fields.UserName));
        correlation.Add(finding.Firing is null ? (byte)0 : (byte)1);
        if (finding.Firing is { } firing)
            foreach (var sequence in firing.Sequences) proofs.Add(EventId.Of(node, sequence));
        proofList.EndRow();
        version.Add(revision);
        Rows++;
    }

    private static void AddOrDefault(NativeColumn column, ReadOnlySpan<byte> text)
    {
        if (!column.Add(text)) column.AddDefault();
    }
}
