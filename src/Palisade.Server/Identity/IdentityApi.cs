using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Palisade.Server.Tenants;

namespace Palisade.Server.Identity;

/// <summary>What the sign-in pages post to. Each answers with a redirect; see the README's table.</summary>
public static class IdentityApi
{
    public static void MapIdentity(this IEndpointRouteBuilder app)
    {
        var open = app.MapGroup("").ExcludeFromDescription().AllowAnonymous().RequireRateLimiting(Access.SignInRate);
        open.MapPost("/sign-in", SignInAsync);
        open.MapPost("/sign-in/code", CodeAsync);
        open.MapPost("/setup", SetupAsync);
        open.MapPost("/admin/sign-in", OperatorSignInAsync);
        var own = app.MapGroup("").ExcludeFromDescription().RequireAuthorization(Access.SignedIn);
        own.MapPost("/sign-out", (Delegate)SignOutAsync);
        own.MapPost("/account/totp", TotpAsync);
        own.MapPost("/account/totp/off", TotpOffAsync);
        own.MapPost("/account/password", PasswordAsync);
        var admin = app.MapGroup("").ExcludeFromDescription().RequireAuthorization(Access.Operator);
        admin.MapPost("/admin/sign-out", (Delegate)OperatorSignOutAsync);
        app.MapGet("/api/v1/admin/tenants", TenantsAsync).RequireAuthorization(Access.Operator).WithTags("operator");
    }

    private static async Task<IResult> SignInAsync(HttpContext http, SignInService service, [FromForm] string? email, [FromForm] string? password, [FromForm] string? returnUrl)
    {
        var (outcome, user) = await service.PasswordAsync((email ?? "").Trim(), password ?? "", Access.AddressOf(http));
        if (outcome == SignInOutcome.Ok)
        {
            await BeginAsync(http, user!);
            return Back(returnUrl);
        }
        if (outcome == SignInOutcome.NeedsCode)
        {
            await http.SignInAsync(Access.HalfWay, SignInService.Principal(user!, Access.HalfWay));
            return TypedResults.LocalRedirect("~/sign-in/code" + Query(returnUrl, '?'));
        }
        return TypedResults.LocalRedirect($"~/sign-in?error={(outcome == SignInOutcome.Locked ? "locked" : "credentials")}{Query(returnUrl, '&')}");
    }

    private static async Task<IResult> CodeAsync(HttpContext http, SignInService service, UserManager<User> users, [FromForm] string? code, [FromForm] string? returnUrl)
    {
        var half = await http.AuthenticateAsync(Access.HalfWay);
        var user = half.Principal?.UserId() is { } id ? await users.FindByIdAsync(id.ToString()) : null;
        if (user is null) return TypedResults.LocalRedirect("~/sign-in/code?error=expired");
        var outcome = await service.CodeAsync(user, code ?? "", Access.AddressOf(http));
        if (outcome != SignInOutcome.Ok)
            return TypedResults.LocalRedirect($"~/sign-in/code?error={(outcome == SignInOutcome.Locked ? "locked" : "code")}{Query(returnUrl, '&')}");
        await http.SignOutAsync(Access.HalfWay);
        await BeginAsync(http, user);
        return Back(returnUrl);
    }

    private static async Task<IResult> SetupAsync(
        HttpContext http, SignInService service, [FromForm] string? code, [FromForm] string? name, [FromForm] string? email, [FromForm] string? password, [FromForm] string? tenant)
    {
        var (refusal, user) = await service.SetupAsync(
            code ?? "", (email ?? "").Trim(), password ?? "", name ?? "", tenant ?? "", Access.AddressOf(http), http.RequestAborted);
        if (user is null)
            return TypedResults.LocalRedirect($"~/setup?code={Uri.EscapeDataString(code ?? "")}&error={refusal.ToString().ToLowerInvariant()}");
        await BeginAsync(http, user);
        return TypedResults.LocalRedirect("~/account/totp?first=1");
    }

    private static async Task<IResult> TotpAsync(HttpContext http, SignInService service, UserManager<User> users, [FromForm] string? code)
    {
        if (await users.GetUserAsync(http.User) is not { } user || !await service.TotpOnAsync(user, code ?? "", Access.AddressOf(http))) return TypedResults.LocalRedirect("~/account/totp?error=code");
        await BeginAsync(http, user);
        return TypedResults.LocalRedirect("~/");
    }

    private static async Task<IResult> TotpOffAsync(HttpContext http, SignInService service, UserManager<User> users, [FromForm] string? password)
    {
        if (await users.GetUserAsync(http.User) is not { } user || !await service.TotpOffAsync(user, password ?? "", Access.AddressOf(http))) return TypedResults.LocalRedirect("~/account/totp?error=password");
        await BeginAsync(http, user);
        return TypedResults.LocalRedirect("~/account/totp");
    }

    private static async Task<IResult> PasswordAsync(HttpContext http, SignInService service, UserManager<User> users, [FromForm] string? current, [FromForm] string? password)
    {
        if (await users.GetUserAsync(http.User) is not { } user || !await users.CheckPasswordAsync(user, current ?? "")) return TypedResults.LocalRedirect("~/account?error=current");
        if (!(await users.ChangePasswordAsync(user, current ?? "", password ?? "")).Succeeded) return TypedResults.LocalRedirect("~/account?error=password");
        await service.NoteAsync(user, "user.password", Access.AddressOf(http));
        await BeginAsync(http, user);
        return TypedResults.LocalRedirect("~/account?changed=1");
    }

    private static async Task<IResult> SignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(Access.People);
        return TypedResults.LocalRedirect("~/sign-in");
    }

    private static async Task<IResult> OperatorSignInAsync(
        HttpContext http, OperatorService operators, [FromForm] string? email, [FromForm] string? password, [FromForm] string? code)
    {
        var (outcome, who) = await operators.SignInAsync((email ?? "").Trim(), password ?? "", code ?? "", Access.AddressOf(http), http.RequestAborted);
        if (who is null) return TypedResults.LocalRedirect($"~/admin/sign-in?error={(outcome == SignInOutcome.Locked ? "locked" : "credentials")}");
        await http.SignInAsync(Access.OperatorScheme, SignInService.Principal(new User { Id = who.Id, Email = who.Email }, Access.OperatorScheme));
        return TypedResults.LocalRedirect("~/admin");
    }

    private static async Task<IResult> OperatorSignOutAsync(HttpContext http)
    {
        await http.SignOutAsync(Access.OperatorScheme);
        return TypedResults.LocalRedirect("~/admin/sign-in");
    }

    private static async Task<IResult> TenantsAsync(TenantService tenants, CancellationToken stop) =>
        TypedResults.Ok(new { items = await tenants.AllAsync(stop), next = (string?)null });

    private static Task BeginAsync(HttpContext http, User user)
    {
        http.RequestServices.GetRequiredService<SessionCheck>().Changed(user.Id);
        return http.SignInAsync(Access.People, SignInService.Principal(user, Access.People));
    }

    /// <summary>Only to a path of ours: never to another site.</summary>
    private static IResult Back(string? returnUrl) =>
        TypedResults.LocalRedirect(IsLocal(returnUrl) ? "~" + returnUrl : "~/");

    private static string Query(string? returnUrl, char lead) => IsLocal(returnUrl) ? $"{lead}returnUrl={Uri.EscapeDataString(returnUrl!)}" : "";

    internal static bool IsLocal(string? url) =>
        url is { Length: > 0 } && url[0] == '/' && (url.Length == 1 || url[1] is not ('/' or '\\')) && !url.Any(char.IsControl);
}
