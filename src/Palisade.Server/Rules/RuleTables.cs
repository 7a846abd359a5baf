using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Protocol;
using Palisade.Server.Tenants;

namespace Palisade.Server.Rules;

/// <summary>What a tenant decided about a rule; without a row it is as the rule says.</summary>
public sealed class RuleChoice : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string RuleId { get; set; }
    public bool Enabled { get; set; } = true;
    /// <summary>Replaces the rule's own level; null: as the rule says.</summary>
    public FindingLevel? Level { get; set; }
    public DateTimeOffset Changed { get; set; }
    /// <summary>Who changed it last, as in the audit log.</summary>
    public string Author { get; set; } = "";
    /// <summary>Grows with every change; the ETag.</summary>
    public long Version { get; set; }
}

/// <summary>One version of a rule that a tenant wrote; the newest is in force.</summary>
public sealed class OwnRule : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string RuleId { get; set; }
    /// <summary>From 1 on.</summary>
    public long Version { get; set; }
    public required string Yaml { get; set; }
    public DateTimeOffset Saved { get; set; }
    /// <summary>Who saved it, as in the audit log.</summary>
    public string Author { get; set; } = "";
}

internal sealed class RuleTables : IEntityTypeConfiguration<RuleChoice>, IEntityTypeConfiguration<OwnRule>
{
    public void Configure(EntityTypeBuilder<RuleChoice> builder)
    {
        builder.ToTable("rule_choices");
        builder.HasKey(r => new { r.TenantId, r.RuleId });
        builder.Property(r => r.RuleId).HasMaxLength(TenantRules.MaxId);
        builder.Property(r => r.Version).IsConcurrencyToken();
        builder.HasOne<Tenant>().WithMany().HasForeignKey(r => r.TenantId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<OwnRule> builder)
    {
        builder.ToTable("own_rules");
        builder.HasKey(r => new { r.TenantId, r.RuleId, r.Version });
        builder.Property(r => r.RuleId).HasMaxLength(TenantRules.MaxId);
        builder.HasOne<Tenant>().WithMany().HasForeignKey(r => r.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
