using Microsoft.AspNetCore.Identity;
using Palisade.Server.Tenants;

namespace Palisade.Server.Identity;

/// <summary>A person who signs in to the console.</summary>
public sealed class User : IdentityUser<Guid>
{
    public string DisplayName { get; set; } = "";
    /// <summary>en or zh-CN; empty follows the browser.</summary>
    public string Language { get; set; } = "";
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? LastSignIn { get; set; }
}

/// <summary>What a member may do, each role including those after it. Persisted: only grows.</summary>
public enum Role : byte
{
    /// <summary>Everything, members and tokens included.</summary>
    Owner = 0,
    /// <summary>Configuration.</summary>
    Admin = 1,
    /// <summary>Blocks and other responses.</summary>
    Responder = 2,
    /// <summary>Works on alerts.</summary>
    Analyst = 3,
    /// <summary>Looks.</summary>
    Viewer = 4,
}

/// <summary>A person's place in one tenant.</summary>
public sealed class Membership : ITenantOwned
{
    public uint TenantId { get; set; }
    public Guid UserId { get; set; }
    public Role Role { get; set; }
    public DateTimeOffset Created { get; set; }
}

/// <summary>An account of the platform's operator: a realm of its own, which sees no tenant's logs.</summary>
public sealed class Operator
{
    public Guid Id { get; set; }
    public required string Email { get; set; }
    public required string PasswordHash { get; set; }
    /// <summary>TOTP secret (base 32), protected; null until set up.</summary>
    public string? TotpSecret { get; set; }
    /// <summary>The last time step accepted: a code works once.</summary>
    public long TotpLastStep { get; set; }
    public int FailedAttempts { get; set; }
    public DateTimeOffset? LockedUntil { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? LastSignIn { get; set; }
}

/// <summary>The link by which the first owner is made; kept as a hash, used once.</summary>
public sealed class SetupCode
{
    public int Id { get; set; }
    public required string Hash { get; set; }
    public DateTimeOffset Created { get; set; }
    public DateTimeOffset? Used { get; set; }
}
