using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Audit;

/// <summary>
/// One change made by a person or a token. Entries of a tenant form a chain: each holds the hash of the one before;
/// tenant 0 is the operator's own chain.
/// </summary>
public sealed class AuditEntry : ITenantOwned
{
    public uint TenantId { get; set; }
    /// <summary>1, 2, 3 … without a gap.</summary>
    public long Sequence { get; set; }
    public DateTimeOffset At { get; set; }
    /// <summary>user, token, operator, cli or system.</summary>
    public required string ActorKind { get; set; }
    public required string ActorId { get; set; }
    public required string ActorName { get; set; }
    /// <summary>What was done: alert.update, token.create …</summary>
    public required string Action { get; set; }
    public required string Target { get; set; }
    /// <summary>What changed, JSON; never a secret.</summary>
    public required string Detail { get; set; }
    public required string Address { get; set; }
    public required string PreviousHash { get; set; }
    public required string Hash { get; set; }
}

internal sealed class AuditTables : IEntityTypeConfiguration<AuditEntry>
{
    public void Configure(EntityTypeBuilder<AuditEntry> builder)
    {
        builder.ToTable("audit");
        builder.HasKey(e => new { e.TenantId, e.Sequence });
        builder.Property(e => e.Hash).HasMaxLength(64);
        builder.Property(e => e.PreviousHash).HasMaxLength(64);
    }
}
