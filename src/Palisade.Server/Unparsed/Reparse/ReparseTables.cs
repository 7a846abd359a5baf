using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Palisade.Server.Tenants;

namespace Palisade.Server.Unparsed;

/// <summary>Where a reparse stands. Persisted: only grows.</summary>
public enum ReparseState : byte { Waiting = 0, Running = 1, Done = 2, Stopped = 3, Failed = 4 }

/// <summary>Stored records of one source that no source could read, read once more. Its place is kept, so that it goes on after a restart.</summary>
public sealed class ReparseJob : ITenantOwned
{
    /// <summary>Counted over all tenants; its part in the positions of alerts and ledger.</summary>
    public long Id { get; set; }
    public uint TenantId { get; set; }
    /// <summary>Node that does it.</summary>
    public int Node { get; set; }
    /// <summary>The log source whose records are read.</summary>
    public uint SourceId { get; set; }
    /// <summary>The group it was asked for.</summary>
    public Guid Group { get; set; }
    /// <summary>Receipt of the records: from this, inside, to that, outside.</summary>
    public DateTimeOffset From { get; set; }
    public DateTimeOffset To { get; set; }
    public ReparseState State { get; set; }
    /// <summary>Id of the last event it has looked at.</summary>
    public ulong After { get; set; }
    /// <summary>Records there were when it began.</summary>
    public long Total { get; set; }
    /// <summary>Records looked at, and of these: read now.</summary>
    public long Looked { get; set; }
    public long Read { get; set; }
    /// <summary>What the rules found in them.</summary>
    public long Findings { get; set; }
    public DateTimeOffset Asked { get; set; }
    public DateTimeOffset? Ended { get; set; }
    /// <summary>Who asked, as in the audit log.</summary>
    public string Author { get; set; } = "";
    /// <summary>Why it failed, or waits to try again.</summary>
    public string Problem { get; set; } = "";
}

internal sealed class ReparseTables : IEntityTypeConfiguration<ReparseJob>
{
    public void Configure(EntityTypeBuilder<ReparseJob> builder)
    {
        builder.ToTable("reparse_jobs");
        builder.HasKey(j => j.Id);
        builder.Property(j => j.Id).ValueGeneratedNever();
        builder.Property(j => j.Problem).HasMaxLength(500);
        builder.HasIndex(j => new { j.TenantId, j.Id });
        builder.HasIndex(j => new { j.Node, j.State, j.Id });
        builder.HasOne<Tenant>().WithMany().HasForeignKey(j => j.TenantId).OnDelete(DeleteBehavior.Restrict);
    }
}
