using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Identity;
using Palisade.Server.Configuration;
using Palisade.Server.Tokens;

namespace Palisade.Server.Identity;

public static class IdentitySlice
{
    /// <summary>Accounts, sessions, policies, the sign-in rate limit and anti-forgery.</summary>
    public static IServiceCollection AddPalisadeIdentity(this IServiceCollection services, ServerOptions options)
    {
        var rules = options.Identity;
        services.AddIdentityCore<User>(o =>
        {
            o.User.RequireUniqueEmail = true;
            o.User.AllowedUserNameCharacters = "";
            o.Password.RequiredLength = rules.PasswordLength;
            o.Password.RequiredUniqueChars = 4;
            o.Password.RequireDigit = o.Password.RequireLowercase = o.Password.RequireUppercase = o.Password.RequireNonAlphanumeric = false;
            o.Lockout.MaxFailedAccessAttempts = rules.LockoutAttempts;
            o.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(rules.LockoutMinutes);
        }).AddUserStore<UserTable>().AddTokenProvider<AuthenticatorTokenProvider<User>>(TokenOptions.DefaultAuthenticatorProvider);
        services.AddScoped<SignInService>();
        services.AddSingleton<MembershipService>();
        services.AddSingleton<OperatorService>();
        services.AddSingleton<SessionCheck>();
        services.AddAuthentication(Access.People)
            .AddCookie(Access.People, o => Cookie(o, "palisade", "/sign-in", TimeSpan.FromHours(rules.SessionHours)))
            .AddCookie(Access.HalfWay, o => Cookie(o, "palisade.half", "/sign-in", TimeSpan.FromMinutes(5)))
            .AddCookie(Access.OperatorScheme, o => Cookie(o, "palisade.operator", "/admin/sign-in", TimeSpan.FromHours(rules.SessionHours)))
            .AddScheme<TokenSchemeOptions, TokenScheme>(TokenScheme.Name, null);
        services.Configure<CookieAuthenticationOptions>(Access.People, o => o.Events.OnValidatePrincipal =
            c => c.HttpContext.RequestServices.GetRequiredService<SessionCheck>().ValidateAsync(c));
        services.AddAuthorizationBuilder()
            .AddPolicy(Access.SignedIn, p => p.AddAuthenticationSchemes(Access.People).RequireAuthenticatedUser())
            .AddPolicy(Access.Operator, p => p.AddAuthenticationSchemes(Access.OperatorScheme).RequireAuthenticatedUser());
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, OpenPageCheck>();
        services.AddAntiforgery(o =>
        {
            o.Cookie.Name = "palisade.forgery";
            o.Cookie.SameSite = SameSiteMode.Lax;
            o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            o.SuppressXFrameOptionsHeader = true;
        });
        services.AddRateLimiter(o =>
        {
            o.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            o.AddPolicy(Access.SignInRate, http => RateLimitPartition.GetFixedWindowLimiter(Access.AddressOf(http),
                _ => new FixedWindowRateLimiterOptions { PermitLimit = rules.AttemptsPerMinute, Window = TimeSpan.FromMinutes(1) }));
            o.OnRejected = (context, _) =>
            {
                context.HttpContext.Response.Redirect(context.HttpContext.Request.Path.StartsWithSegments("/admin", StringComparison.Ordinal) ? "/admin/sign-in?error=rate" : "/sign-in?error=rate");
                return ValueTask.CompletedTask;
            };
        });
        return services;
    }

    private static void Cookie(CookieAuthenticationOptions o, string name, string signIn, TimeSpan life)
    {
        o.Cookie.Name = name;
        o.Cookie.HttpOnly = true;
        o.Cookie.SameSite = SameSiteMode.Lax;
        o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        o.ExpireTimeSpan = life;
        o.SlidingExpiration = true;
        o.LoginPath = signIn;
        o.LogoutPath = signIn;
        o.AccessDeniedPath = signIn;
        o.ReturnUrlParameter = "returnUrl";
        o.Events.OnRedirectToLogin = c => Redirect(c, StatusCodes.Status401Unauthorized);
        o.Events.OnRedirectToAccessDenied = c => Redirect(c, StatusCodes.Status403Forbidden);
    }

    private static Task Redirect(Microsoft.AspNetCore.Authentication.RedirectContext<CookieAuthenticationOptions> c, int apiStatus)
    {
        if (c.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)) c.Response.StatusCode = apiStatus;
        else c.Response.Redirect(c.RedirectUri);
        return Task.CompletedTask;
    }
}
