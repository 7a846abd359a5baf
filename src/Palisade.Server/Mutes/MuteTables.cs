using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Tenants;

namespace Palisade.Server.Mutes;

/// <summary>Findings that people need not hear of, until a day.</summary>
public sealed class MuteRow : ITenantOwned
{
    public uint TenantId { get; set; }
    public Guid Id { get; set; }
    /// <summary>1, 2, 3 … within the tenant; what alerts say. Never used again.</summary>
    public int Number { get; set; }
    public required string Reason { get; set; }
    /// <summary>Who answers for it, as in the audit log.</summary>
    public required string Owner { get; set; }
    public Guid? OwnerId { get; set; }
    /// <summary>All must hold; a JSON array.</summary>
    public required string Conditions { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset Expires { get; set; }
    /// <summary>Somebody ended it before its time.</summary>
    public DateTimeOffset? Ended { get; set; }
    /// <summary>Findings that it kept from becoming open alerts.</summary>
    public long Hidden { get; set; }
    /// <summary>Time of the last one.</summary>
    public DateTimeOffset? LastHidden { get; set; }
    /// <summary>Grows with every change by a person; the ETag.</summary>
    public long Version { get; set; }

    public bool IsActive(DateTimeOffset now) => Ended is null && now < Expires;

    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    public IReadOnlyList<MuteCondition> List() => JsonSerializer.Deserialize<MuteCondition[]>(Conditions, Json) ?? [];

    public static string Write(IReadOnlyList<MuteCondition> conditions) => JsonSerializer.Serialize(conditions, Json);
}

internal sealed class MuteTables : IEntityTypeConfiguration<MuteRow>
{
    public void Configure(EntityTypeBuilder<MuteRow> builder)
    {
        builder.ToTable("mutes");
        builder.HasKey(m => new { m.TenantId, m.Id });
        builder.Property(m => m.Id).ValueGeneratedNever();
        builder.Property(m => m.Reason).HasMaxLength(TenantMutes.MaxReason);
        builder.Property(m => m.Version).IsConcurrencyToken();
        builder.HasIndex(m => new { m.TenantId, m.Number }).IsUnique();
        builder.HasOne<Tenant>().WithMany().HasForeignKey(m => m.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
