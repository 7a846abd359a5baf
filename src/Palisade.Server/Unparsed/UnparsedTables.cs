using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Unparsed;

/// <summary>A shape of lines that no source could read.</summary>
public sealed class UnparsedRow : ITenantOwned
{
    public uint TenantId { get; set; }
    public Guid Id { get; set; }
    /// <summary>The log source they came by.</summary>
    public uint SourceId { get; set; }
    /// <summary>Lines seen.</summary>
    public long Count { get; set; }
    public DateTimeOffset FirstSeen { get; set; }
    public DateTimeOffset LastSeen { get; set; }
    /// <summary>Up to five lines, a JSON array of texts.</summary>
    public string Samples { get; set; } = "[]";
    /// <summary>Somebody said that it need not be listed.</summary>
    public bool Ignored { get; set; }
}

/// <summary>One version of a source that a tenant wrote; the newest is in force.</summary>
public sealed class OwnParser : ITenantOwned
{
    public uint TenantId { get; set; }
    public required string Name { get; set; }
    /// <summary>From 1 on.</summary>
    public long Version { get; set; }
    public required string Yaml { get; set; }
    /// <summary>Lines it must read, a JSON array of texts.</summary>
    public string Samples { get; set; } = "[]";
    public DateTimeOffset Saved { get; set; }
    /// <summary>Who saved it, as in the audit log.</summary>
    public string Author { get; set; } = "";
}

internal sealed class UnparsedTables : IEntityTypeConfiguration<UnparsedRow>, IEntityTypeConfiguration<OwnParser>
{
    public void Configure(EntityTypeBuilder<UnparsedRow> builder)
    {
        builder.ToTable("unparsed_groups");
        builder.HasKey(g => new { g.TenantId, g.Id });
        builder.Property(g => g.Id).ValueGeneratedNever();
        builder.HasOne<Tenant>().WithMany().HasForeignKey(g => g.TenantId).OnDelete(DeleteBehavior.Restrict);
    }

    public void Configure(EntityTypeBuilder<OwnParser> builder)
    {
        builder.ToTable("own_parsers");
        builder.HasKey(p => new { p.TenantId, p.Name, p.Version });
        builder.Property(p => p.Name).HasMaxLength(64);
        builder.HasOne<Tenant>().WithMany().HasForeignKey(p => p.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
