using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Usage;

/// <summary>What a tenant used on one day (UTC).</summary>
public sealed class UsageDay : ITenantOwned
{
    public uint TenantId { get; set; }
    public DateOnly Day { get; set; }
    public long Events { get; set; }
    public long Bytes { get; set; }
    public int Hosts { get; set; }
    public int ActiveUsers { get; set; }
    public int AlertsTriaged { get; set; }
}

/// <summary>A person who did something on one day: what active users are counted from.</summary>
public sealed class UsageUser : ITenantOwned
{
    public uint TenantId { get; set; }
    public DateOnly Day { get; set; }
    public Guid UserId { get; set; }
}

/// <summary>Steps of a tenant's first days. Persisted: only grows.</summary>
public enum FunnelStep : byte { SignUp = 0, FirstSource = 1, FirstEvent = 2, FirstAlert = 3, FirstTriage = 4 }

/// <summary>When a tenant first came so far.</summary>
public sealed class FunnelEvent : ITenantOwned
{
    public uint TenantId { get; set; }
    public FunnelStep Step { get; set; }
    public DateTimeOffset At { get; set; }
}

internal sealed class UsageTables : IEntityTypeConfiguration<UsageDay>, IEntityTypeConfiguration<UsageUser>, IEntityTypeConfiguration<FunnelEvent>
{
    public void Configure(EntityTypeBuilder<UsageDay> builder)
    {
        builder.ToTable("usage_day");
        builder.HasKey(u => new { u.TenantId, u.Day });
    }

    public void Configure(EntityTypeBuilder<UsageUser> builder)
    {
        builder.ToTable("usage_users");
        builder.HasKey(u => new { u.TenantId, u.Day, u.UserId });
    }

    public void Configure(EntityTypeBuilder<FunnelEvent> builder)
    {
        builder.ToTable("funnel_events");
        builder.HasKey(f => new { f.TenantId, f.Step });
    }
}
