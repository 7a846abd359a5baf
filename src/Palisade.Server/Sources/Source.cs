using Palisade.Server.Tenants;

namespace Palisade.Server.Sources;

/// <summary>A stream of logs that a tenant sends, under one name.</summary>
public sealed class Source : ITenantOwned
{
    public uint Id { get; set; }
    public uint TenantId { get; set; }
    public required string Name { get; set; }
    /// <summary>Name of the parser asked for; "auto" detects it.</summary>
    public string Kind { get; set; } = "auto";
    /// <summary>Zone of stamps that carry none: an IANA name or an offset; empty: what the parser says.</summary>
    public string Zone { get; set; } = "";
    public string Description { get; set; } = "";
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? LastSeen { get; set; }
    public bool Disabled { get; set; }
    /// <summary>Records it may send in a second, on the average of ten; 0: as many as the tenant's plan has left.</summary>
    public long MaxEventsPerSecond { get; set; }
    /// <summary>Bytes it may send in a day (UTC); 0: as many as the tenant's plan has left.</summary>
    public long MaxBytesPerDay { get; set; }
    /// <summary>Grows with every edit; the ETag.</summary>
    public long Version { get; set; }
}

/// <summary>A machine that a tenant's logs speak of.</summary>
public sealed class Host : ITenantOwned
{
    public uint Id { get; set; }
    public uint TenantId { get; set; }
    public required string Name { get; set; }
    public DateTimeOffset FirstSeen { get; set; }
    public DateTimeOffset LastSeen { get; set; }
}
