using Palisade.Server.Tenants;

namespace Palisade.Server.Tokens;

/// <summary>A token as kept: never the token itself, only its SHA-256.</summary>
public sealed class ApiToken : ITenantOwned
{
    public Guid Id { get; set; }
    public uint TenantId { get; set; }
    public required string Name { get; set; }
    /// <summary>The first characters, to recognise it by.</summary>
    public required string Prefix { get; set; }
    /// <summary>SHA-256 of the whole token, lower-case hex.</summary>
    public required string Hash { get; set; }
    public TokenScope Scope { get; set; }
    public string? DefaultSource { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? Expires { get; set; }
    public DateTimeOffset? LastUsed { get; set; }
    public DateTimeOffset? Revoked { get; set; }
}
