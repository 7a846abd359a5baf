using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Alerts;

internal sealed class AlertTables :
    IEntityTypeConfiguration<Alert>, IEntityTypeConfiguration<AlertComment>, IEntityTypeConfiguration<AlertEvidence>,
    IEntityTypeConfiguration<AlertEvent>, IEntityTypeConfiguration<AlertRule>, IEntityTypeConfiguration<AlertPosition>
{
    public void Configure(EntityTypeBuilder<Alert> builder)
    {
        builder.ToTable("alerts");
        builder.HasKey(a => new { a.TenantId, a.Id });
        builder.Property(a => a.Id).HasMaxLength(20);
        builder.Property(a => a.GroupKey).HasMaxLength(32);
        builder.Property(a => a.Version).IsConcurrencyToken();
        builder.HasIndex(a => new { a.TenantId, a.GroupKey, a.Last });
        builder.HasIndex(a => new { a.TenantId, a.Last, a.Id });
        builder.HasIndex(a => new { a.TenantId, a.Status, a.Last });
        builder.HasOne<Tenant>().WithMany().HasForeignKey(a => a.TenantId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<AlertComment> builder)
    {
        builder.ToTable("alert_comments");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.Text).HasMaxLength(10_000);
        builder.HasOne<Alert>().WithMany().HasForeignKey(c => new { c.TenantId, c.AlertId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<AlertEvidence> builder)
    {
        builder.ToTable("alert_evidence");
        builder.HasKey(e => new { e.TenantId, e.AlertId, e.Slot });
        builder.HasOne<Alert>().WithMany().HasForeignKey(e => new { e.TenantId, e.AlertId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<AlertEvent> builder)
    {
        builder.ToTable("alert_events");
        builder.HasKey(e => new { e.TenantId, e.AlertId, e.EventId });
        builder.HasIndex(e => new { e.TenantId, e.EventId });
        builder.HasOne<Alert>().WithMany().HasForeignKey(e => new { e.TenantId, e.AlertId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<AlertRule> builder)
    {
        builder.ToTable("alert_rules");
        builder.HasKey(r => new { r.TenantId, r.RuleId });
    }

    public void Configure(EntityTypeBuilder<AlertPosition> builder)
    {
        builder.ToTable("alert_positions");
        builder.HasKey(p => p.Node);
        builder.Property(p => p.Node).ValueGeneratedNever();
    }
}
