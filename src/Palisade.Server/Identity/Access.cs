using System.Security.Claims;
using Palisade.Server.Audit;

namespace Palisade.Server.Identity;

/// <summary>Names of schemes, cookies and policies.</summary>
public static class Access
{
    /// <summary>Cookie scheme of people.</summary>
    public const string People = "palisade";
    /// <summary>Cookie of a person who gave the password and not yet the code.</summary>
    public const string HalfWay = "palisade.half";
    /// <summary>Cookie scheme of the platform's operator.</summary>
    public const string OperatorScheme = "palisade.operator";
    /// <summary>Policy: a person who is signed in.</summary>
    public const string SignedIn = "SignedIn";
    /// <summary>Policy: the operator.</summary>
    public const string Operator = "Operator";
    /// <summary>Rate limit of sign-in, per address.</summary>
    public const string SignInRate = "sign-in";
    /// <summary>Claim: the security stamp at sign-in; a session ends when the account's changes.</summary>
    public const string Stamp = "stamp";

    public static Guid? UserId(this ClaimsPrincipal principal) =>
        Guid.TryParse(principal.FindFirstValue(ClaimTypes.NameIdentifier), out var id) ? id : null;

    /// <summary>The signed-in person as an actor of the audit log.</summary>
    public static Actor ActorOf(HttpContext http, string kind = "user") =>
        new(kind, http.User.FindFirstValue(ClaimTypes.NameIdentifier) ?? "", http.User.Identity?.Name ?? "", AddressOf(http));

    public static string AddressOf(HttpContext http) => http.Connection.RemoteIpAddress is { } address
        ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
        : "local";
}
