namespace Palisade.Server.Tenants;

/// <summary>Whose data a unit of work may see. Every query on a tenant's table is filtered by it.</summary>
/// <param name="Tenant">The tenant; 0 sees nothing.</param>
/// <param name="Everything">The server's own work across tenants (stream, migrations, command line). Never from a request.</param>
public sealed record TenantContext(uint Tenant, bool Everything = false)
{
    public static TenantContext None { get; } = new(0);
    public static TenantContext System { get; } = new(0, Everything: true);
}

/// <summary>A row that belongs to one tenant.</summary>
public interface ITenantOwned
{
    uint TenantId { get; }
}
