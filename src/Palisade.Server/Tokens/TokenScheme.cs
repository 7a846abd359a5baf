using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Palisade.Server.Tokens;

public sealed class TokenSchemeOptions : AuthenticationSchemeOptions;

/// <summary>Authorization: Bearer TOKEN on the REST API.</summary>
internal sealed class TokenScheme(IOptionsMonitor<TokenSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ITokenAuthenticator tokens)
    : AuthenticationHandler<TokenSchemeOptions>(options, logger, encoder)
{
    public const string Name = "palisade.token";
    public static readonly object Item = new();

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        var space = header.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || !(header.AsSpan(0, space).Equals("Bearer", StringComparison.OrdinalIgnoreCase) || header.AsSpan(0, space).Equals("ApiKey", StringComparison.OrdinalIgnoreCase)))
            return AuthenticateResult.NoResult();
        var identity = await tokens.AuthenticateAsync(Encoding.UTF8.GetBytes(header[(space + 1)..].Trim()), Context.RequestAborted);
        if (identity is null) return AuthenticateResult.Fail("unknown, expired or revoked token");
        Context.Items[Item] = identity;
        var principal = new ClaimsPrincipal(new ClaimsIdentity(
            [new(ClaimTypes.NameIdentifier, identity.TokenId.ToString()), new(ClaimTypes.Name, identity.Name)], Name));
        return AuthenticateResult.Success(new AuthenticationTicket(principal, Name));
    }
}
