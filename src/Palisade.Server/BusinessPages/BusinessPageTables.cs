using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Engine.Incidents.Habits;
using Palisade.Server.Tenants;

namespace Palisade.Server.BusinessPages;

/// <summary>A page of a tenant's site: what the engine guesses that it is for, and what people said.</summary>
public sealed class BusinessPageRow : ITenantOwned
{
    public uint TenantId { get; set; }
    /// <summary>As requests name it; empty where they name none; "*": every site, for choices alone.</summary>
    public required string Site { get; set; }
    /// <summary>Shape of its path: numbers and random names are '#'.</summary>
    public required string Path { get; set; }
    /// <summary>Name of the purpose guessed; "none" where nothing tells.</summary>
    public string Guess { get; set; } = "none";
    /// <summary>0 to 100.</summary>
    public int Confidence { get; set; }
    /// <summary>Requests, those that send something, those answered with 2xx, and distinct addresses, about.</summary>
    public long Requests { get; set; }
    public long Sends { get; set; }
    public long Answered { get; set; }
    public int Clients { get; set; }
    /// <summary>Null: never seen, only spoken of.</summary>
    public DateTimeOffset? FirstSeen { get; set; }
    public DateTimeOffset? LastSeen { get; set; }
    /// <summary>Name of the purpose that people said; null: nobody did.</summary>
    public string? Chosen { get; set; }
    /// <summary>Who, as in the audit log.</summary>
    public string ChosenBy { get; set; } = "";
    public DateTimeOffset? ChosenAt { get; set; }
    /// <summary>Grows with every choice; the ETag.</summary>
    public long Version { get; set; }

    /// <summary>What holds.</summary>
    public string Purpose => Chosen ?? Guess;

    /// <summary>The engine's view; what people said stays.</summary>
    public void Take(BusinessPage page)
    {
        (Guess, Confidence, Requests, Sends, Answered, Clients) = (BusinessChoices.NameOf(page.Guess), page.Confidence, page.Count, page.Posts, page.Answered, page.Clients);
        (FirstSeen, LastSeen) = (At(page.FirstMs), At(page.LastMs));
    }

    private static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(ms, 0, 253_402_300_799_999));
}

internal sealed class BusinessPageTables : IEntityTypeConfiguration<BusinessPageRow>
{
    public void Configure(EntityTypeBuilder<BusinessPageRow> builder)
    {
        builder.ToTable("business_pages");
        builder.HasKey(p => new { p.TenantId, p.Site, p.Path });
        builder.Property(p => p.Site).HasMaxLength(255);
        builder.Property(p => p.Path).HasMaxLength(100);
        builder.Property(p => p.Guess).HasMaxLength(16);
        builder.Property(p => p.Chosen).HasMaxLength(16);
        builder.Property(p => p.Version).IsConcurrencyToken();
        builder.Ignore(p => p.Purpose);
        builder.HasOne<Tenant>().WithMany().HasForeignKey(p => p.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
