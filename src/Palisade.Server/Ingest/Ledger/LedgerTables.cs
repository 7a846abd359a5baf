using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Palisade.Server.Ingest;

/// <summary>One minute of one source on one node: what was journalled, parsed and stored.</summary>
public sealed class LedgerRow
{
    public int Node { get; set; }
    /// <summary>0: reached us without a known tenant.</summary>
    public uint TenantId { get; set; }
    /// <summary>0: refused before a source was known.</summary>
    public uint Source { get; set; }
    /// <summary>Start of the minute of receipt, Unix milliseconds UTC.</summary>
    public long Minute { get; set; }
    public long Journaled { get; set; }
    public long Parsed { get; set; }
    public long Stored { get; set; }
    public long Bytes { get; set; }
    /// <summary>Of the stored ones: those with a likely time of their own.</summary>
    public long Timed { get; set; }
    /// <summary>Receipt minus event time of these, summed, milliseconds.</summary>
    public long DelayMs { get; set; }
}

/// <summary>What one minute of one source refused for one reason.</summary>
public sealed class LedgerRefusal
{
    public int Node { get; set; }
    public uint TenantId { get; set; }
    public uint Source { get; set; }
    public long Minute { get; set; }
    public IngestRefusal Reason { get; set; }
    public long Count { get; set; }
}

/// <summary>Journal sequence up to which a node's counts are in.</summary>
public sealed class LedgerPosition
{
    public int Node { get; set; }
    public ulong Sequence { get; set; }
}

internal sealed class LedgerTables : IEntityTypeConfiguration<LedgerRow>, IEntityTypeConfiguration<LedgerRefusal>, IEntityTypeConfiguration<LedgerPosition>
{
    public void Configure(EntityTypeBuilder<LedgerRow> builder)
    {
        builder.ToTable("ledger_minute");
        builder.HasKey(r => new { r.TenantId, r.Source, r.Minute, r.Node });
    }

    public void Configure(EntityTypeBuilder<LedgerRefusal> builder)
    {
        builder.ToTable("ledger_refusal");
        builder.HasKey(r => new { r.TenantId, r.Source, r.Minute, r.Reason, r.Node });
    }

    public void Configure(EntityTypeBuilder<LedgerPosition> builder)
    {
        builder.ToTable("ledger_position");
        builder.HasKey(r => r.Node);
        builder.Property(r => r.Node).ValueGeneratedNever();
    }
}
