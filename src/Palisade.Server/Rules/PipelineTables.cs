using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Rules;

/// <summary>A processing pipeline that a tenant's own rules pass through.</summary>
public sealed class RulePipeline : ITenantOwned
{
    public uint TenantId { get; set; }
    /// <summary>What the tenant calls it; the name inside the text may be another.</summary>
    public required string Name { get; set; }
    public required string Yaml { get; set; }
    public DateTimeOffset Saved { get; set; }
    /// <summary>Who saved it, as in the audit log.</summary>
    public string Author { get; set; } = "";
    /// <summary>Grows with every change; the ETag.</summary>
    public long Version { get; set; }
}

/// <summary>What a tenant's own rules get for <c>%name%</c>; without a row nothing.</summary>
public sealed class RulePlaceholders : ITenantOwned
{
    public uint TenantId { get; set; }
    /// <summary>A JSON object of lists of strings.</summary>
    public required string Json { get; set; }
    public DateTimeOffset Saved { get; set; }
    /// <summary>Who saved them, as in the audit log.</summary>
    public string Author { get; set; } = "";
    /// <summary>Grows with every change; the ETag.</summary>
    public long Version { get; set; }
}

internal sealed class PipelineTables : IEntityTypeConfiguration<RulePipeline>, IEntityTypeConfiguration<RulePlaceholders>
{
    public void Configure(EntityTypeBuilder<RulePipeline> builder)
    {
        builder.ToTable("rule_pipelines");
        builder.HasKey(p => new { p.TenantId, p.Name });
        builder.Property(p => p.Name).HasMaxLength(TenantPipelines.MaxName);
        builder.Property(p => p.Version).IsConcurrencyToken();
        builder.HasOne<Tenant>().WithMany().HasForeignKey(p => p.TenantId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<RulePlaceholders> builder)
    {
        builder.ToTable("rule_placeholders");
        builder.HasKey(p => p.TenantId);
        builder.Property(p => p.TenantId).ValueGeneratedNever();
        builder.Property(p => p.Version).IsConcurrencyToken();
        builder.HasOne<Tenant>().WithMany().HasForeignKey(p => p.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
