namespace Palisade.Server.Tenants;

/// <summary>Persisted: only grows.</summary>
public enum TenantState : byte { Active = 0, Suspended = 1, Closed = 2 }

/// <summary>One customer: the owner of everything it sends.</summary>
public sealed class Tenant
{
    public uint Id { get; set; }
    /// <summary>Name in addresses and tokens: a-z, 0-9 and hyphens.</summary>
    public required string Slug { get; set; }
    public required string Name { get; set; }
    public string Plan { get; set; } = "community";
    /// <summary>Where the tenant came from: setup, console, cli.</summary>
    public string Channel { get; set; } = "setup";
    public TenantState State { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? Closed { get; set; }
    /// <summary>IANA name.</summary>
    public string TimeZone { get; set; } = "UTC";
    /// <summary>en or zh-CN.</summary>
    public string Language { get; set; } = "en";
}
