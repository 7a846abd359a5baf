namespace Palisade.Server.Storage.Schema;

/// <summary>One step of the event store's schema. Written once, never changed: data in the field depends on it.</summary>
internal sealed record Migration(int Version, string Name, IReadOnlyList<string> Statements);

/// <summary>All steps, oldest first. Typed columns are not steps: they follow the field catalogue (see <see cref="SchemaMigrator"/>).</summary>
internal static class Migrations
{
    public const string VersionTable = """
        CREATE TABLE IF NOT EXISTS schema_versions (version UInt32, name String, applied_at DateTime('UTC') DEFAULT now('UTC'))
        ENGINE = MergeTree ORDER BY version
        """;

    /// <summary>
    /// A replayed insert is recognised by its token within the last 10,000. Parts are fsynced with their insert, and kept as
    /// one file each while small: many files and fsync together cost a third of the speed.
    /// </summary>
    private const string Durable = """
        non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1,
        min_rows_to_fsync_after_merge = 1, old_parts_lifetime = 60, min_bytes_for_wide_part = 67108864, merge_with_ttl_timeout = 14400
        """;

    private const string Events = $"""
        CREATE TABLE IF NOT EXISTS events
        (
          day Date CODEC(ZSTD(1)),
          tenant_id UInt32 CODEC(ZSTD(1)),
          ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
          id UInt64 CODEC(Delta(8), ZSTD(1)),
          received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
          retention_days UInt16 DEFAULT 90 CODEC(ZSTD(1)),
          source_id UInt32 CODEC(ZSTD(1)),
          kind LowCardinality(String),
          parser_version LowCardinality(String),
          refusal UInt8 CODEC(ZSTD(1)),
          flags UInt16 CODEC(ZSTD(1)),
          attrs Map(LowCardinality(String), String) CODEC(ZSTD(1)),
          raw String CODEC(ZSTD(1)),
          INDEX ix_id id TYPE minmax GRANULARITY 1
        )
        ENGINE = MergeTree PARTITION BY day ORDER BY (tenant_id, ts, id)
        TTL toDateTime(received_at) + toIntervalDay(retention_days)
        SETTINGS {Durable}
        """;

    private const string Findings = $"""
        CREATE TABLE IF NOT EXISTS findings
        (
          day Date CODEC(ZSTD(1)),
          tenant_id UInt32 CODEC(ZSTD(1)),
          ts DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
          event_id UInt64 CODEC(Delta(8), ZSTD(1)),
          received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
          retention_days UInt16 DEFAULT 90 CODEC(ZSTD(1)),
          source_id UInt32 CODEC(ZSTD(1)),
          rule_id LowCardinality(String),
          rule_kind LowCardinality(String),
          class LowCardinality(String),
          technique LowCardinality(String),
          attempt LowCardinality(String),
          level UInt8 CODEC(ZSTD(1)),
          outcome UInt8 CODEC(ZSTD(1)),
          field LowCardinality(String),
          evidence_offset UInt32 CODEC(ZSTD(1)),
          evidence_length UInt32 CODEC(ZSTD(1)),
          source_ip IPv6 CODEC(ZSTD(1)),
          source_country LowCardinality(String),
          source_asn Int64 CODEC(ZSTD(1)),
          source_as_org LowCardinality(String),
          host_name LowCardinality(String),
          url_domain LowCardinality(String),
          url_path String CODEC(ZSTD(1)),
          user_name LowCardinality(String),
          correlation Bool,
          proof_ids Array(UInt64) CODEC(ZSTD(1)),
          version UInt32 CODEC(ZSTD(1)),
          INDEX ix_event event_id TYPE minmax GRANULARITY 1,
          INDEX ix_ip source_ip TYPE bloom_filter(0.01) GRANULARITY 1
        )
        ENGINE = ReplacingMergeTree(version) PARTITION BY day ORDER BY (tenant_id, ts, event_id, rule_id)
        TTL toDateTime(received_at) + toIntervalDay(retention_days)
        SETTINGS {Durable}
        """;

    /// <summary>Attacks by the hour. Context findings (levels informational and low) are not attacks.</summary>
    private const string AttackHours = $"""
        CREATE TABLE IF NOT EXISTS attack_hours
        (
          day Date, tenant_id UInt32, hour DateTime('UTC'), class LowCardinality(String), outcome UInt8, source_ip IPv6,
          source_country LowCardinality(String), source_asn Int64, source_as_org LowCardinality(String),
          hits SimpleAggregateFunction(sum, UInt64), last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
        )
        ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(day)
        ORDER BY (tenant_id, hour, class, outcome, source_ip, source_country, source_asn, source_as_org, day)
        TTL day + toIntervalDay(400)
        SETTINGS {Durable}
        """;

    private const string AttackHoursView = """
        CREATE MATERIALIZED VIEW IF NOT EXISTS attack_hours_mv TO attack_hours AS
        SELECT day, tenant_id, toStartOfHour(ts) AS hour, class, outcome, source_ip, source_country, source_asn, source_as_org,
          count() AS hits, max(ts) AS last_seen
        FROM findings WHERE level >= 2
        GROUP BY day, tenant_id, hour, class, outcome, source_ip, source_country, source_asn, source_as_org
        """;

    private const string Confidence = "ALTER TABLE findings ADD COLUMN IF NOT EXISTS confidence UInt8 DEFAULT 0 CODEC(ZSTD(1)) AFTER outcome";

    public static IReadOnlyList<Migration> All { get; } =
    [
        new(1, "events, findings, attacks by the hour", [Events, Findings, AttackHours, AttackHoursView]),
        new(2, "confidence of findings", [Confidence]),
    ];
}
