using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Alerts;
using Palisade.Server.Tenants;

namespace Palisade.Server.Incidents;

internal sealed class IncidentTables :
    IEntityTypeConfiguration<IncidentRow>, IEntityTypeConfiguration<IncidentEvent>, IEntityTypeConfiguration<IncidentAddress>,
    IEntityTypeConfiguration<IncidentAlert>, IEntityTypeConfiguration<IncidentComment>
{
    public void Configure(EntityTypeBuilder<IncidentRow> builder)
    {
        builder.ToTable("incidents");
        builder.HasKey(i => new { i.TenantId, i.Id });
        builder.Property(i => i.Id).HasMaxLength(20);
        builder.Property(i => i.MergedInto).HasMaxLength(20);
        builder.Property(i => i.Version).IsConcurrencyToken();
        builder.HasIndex(i => new { i.TenantId, i.Last, i.Id });
        builder.HasIndex(i => new { i.TenantId, i.Status, i.Last });
        builder.HasIndex(i => new { i.TenantId, i.MergedInto });
        builder.HasOne<Tenant>().WithMany().HasForeignKey(i => i.TenantId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<IncidentEvent> builder)
    {
        builder.ToTable("incident_events");
        builder.HasKey(e => new { e.TenantId, e.IncidentId, e.EventId });
        builder.HasOne<IncidentRow>().WithMany().HasForeignKey(e => new { e.TenantId, e.IncidentId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<IncidentAddress> builder)
    {
        builder.ToTable("incident_addresses");
        builder.HasKey(a => new { a.TenantId, a.IncidentId, a.Address });
        builder.Property(a => a.Address).HasMaxLength(45);
        builder.Property(a => a.ShownIn).HasMaxLength(20);
        builder.HasIndex(a => new { a.TenantId, a.Address });
        builder.HasIndex(a => new { a.TenantId, a.Last });
        builder.HasOne<IncidentRow>().WithMany().HasForeignKey(a => new { a.TenantId, a.IncidentId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<IncidentAlert> builder)
    {
        builder.ToTable("incident_alerts");
        builder.HasKey(a => new { a.TenantId, a.IncidentId, a.AlertId });
        builder.HasIndex(a => new { a.TenantId, a.AlertId });
        builder.HasOne<IncidentRow>().WithMany().HasForeignKey(a => new { a.TenantId, a.IncidentId }).OnDelete(DeleteBehavior.Cascade);
        builder.HasOne<Alert>().WithMany().HasForeignKey(a => new { a.TenantId, a.AlertId }).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<IncidentComment> builder)
    {
        builder.ToTable("incident_comments");
        builder.Property(c => c.Id).ValueGeneratedNever();
        builder.Property(c => c.Text).HasMaxLength(10_000);
        builder.HasOne<IncidentRow>().WithMany().HasForeignKey(c => new { c.TenantId, c.IncidentId }).OnDelete(DeleteBehavior.Cascade);
    }
}
