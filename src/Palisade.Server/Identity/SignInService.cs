using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;
using Palisade.Server.Usage;
using QRCoder;

namespace Palisade.Server.Identity;

public enum SignInOutcome { Ok, NeedsCode, WrongCredentials, WrongCode, Locked }

/// <summary>What an authenticator app needs.</summary>
/// <param name="Secret">Base 32, for typing.</param>
/// <param name="Uri">otpauth URI.</param>
/// <param name="Picture">The URI as a QR code, SVG.</param>
public sealed record TotpSetup(string Secret, string Uri, string Picture);

/// <summary>Why no account was made.</summary>
public enum SetupRefusal { None, Code, Email, Password, Tenant }

/// <summary>Accounts: set-up, passwords and codes. Cookies are the endpoints' business.</summary>
public sealed class SignInService(
    UserManager<User> users, ControlDbFactory factory, TenantService tenants, MembershipService members, IUsageMeter usage, TimeProvider clock, ILogger<SignInService> log)
{
    private const string Issuer = "Palisade";
    private const int MaxName = 120;
    /// <summary>Where the last accepted time step of a code is kept, beside Identity's own tokens.</summary>
    private const string StepProvider = "palisade", StepName = "TotpLastStep";
    private static readonly User Nobody = new() { UserName = "nobody" };
    private static readonly string NobodysPassword = new PasswordHasher<User>().HashPassword(Nobody, Guid.CreateVersion7().ToString());

    /// <summary>Checks a password. An unknown e-mail takes as long, and answers the same, as a wrong password.</summary>
    public async Task<(SignInOutcome Outcome, User? User)> PasswordAsync(string email, string password, string address)
    {
        if (await users.FindByEmailAsync(email) is not { } user)
        {
            users.PasswordHasher.VerifyHashedPassword(Nobody, NobodysPassword, password);
            IdentityLog.UnknownAccount(log, address);
            return (SignInOutcome.WrongCredentials, null);
        }
        if (await users.IsLockedOutAsync(user))
        {
            users.PasswordHasher.VerifyHashedPassword(Nobody, NobodysPassword, password);
            IdentityLog.LockedAccount(log, user.Id, address);
            return (SignInOutcome.Locked, null);
        }
        if (!await users.CheckPasswordAsync(user, password))
        {
            await users.AccessFailedAsync(user);
            IdentityLog.WrongPassword(log, user.Id, address);
            return (await users.IsLockedOutAsync(user) ? SignInOutcome.Locked : SignInOutcome.WrongCredentials, null);
        }
        if (user.TwoFactorEnabled) return (SignInOutcome.NeedsCode, user);
        await DoneAsync(user, address);
        return (SignInOutcome.Ok, user);
    }

    /// <summary>Checks the code of an authenticator app, after the password.</summary>
    public async Task<SignInOutcome> CodeAsync(User user, string code, string address)
    {
        if (await users.IsLockedOutAsync(user)) return SignInOutcome.Locked;
        if (!await TakeCodeAsync(user, code))
        {
            await users.AccessFailedAsync(user);
            IdentityLog.WrongCode(log, user.Id, address);
            return await users.IsLockedOutAsync(user) ? SignInOutcome.Locked : SignInOutcome.WrongCode;
        }
        await DoneAsync(user, address);
        return SignInOutcome.Ok;
    }

    /// <summary>Whether a code fits. Each works once (RFC 6238, section 5.2): of two at the same time, one is refused.</summary>
    private async Task<bool> TakeCodeAsync(User user, string code)
    {
        if (await users.GetAuthenticatorKeyAsync(user) is not { Length: > 0 } secret) return false;
        _ = long.TryParse(await users.GetAuthenticationTokenAsync(user, StepProvider, StepName), out var last);
        return Totp.Match(TokenText.FromBase32(secret), Digits(code), clock.GetUtcNow(), last) is { } step
            && (await users.SetAuthenticationTokenAsync(user, StepProvider, StepName, step.ToString(System.Globalization.CultureInfo.InvariantCulture))).Succeeded;
    }

    private async Task DoneAsync(User user, string address)
    {
        await users.ResetAccessFailedCountAsync(user);
        user.LastSignIn = clock.GetUtcNow();
        await users.UpdateAsync(user);
        foreach (var place in await members.TenantsOfAsync(user.Id, CancellationToken.None)) usage.UserActive(place.Id, user.Id);
        IdentityLog.SignedIn(log, user.Id, address);
    }

    /// <summary>The claims of a session.</summary>
    public static ClaimsPrincipal Principal(User user, string scheme) => new(new ClaimsIdentity(
        [new(ClaimTypes.NameIdentifier, user.Id.ToString()), new(ClaimTypes.Name, user.Email!), new(Access.Stamp, user.SecurityStamp ?? "")], scheme));

    /// <summary>Makes a one-time set-up code, unless an account exists. Earlier codes end.</summary>
    public async Task<string?> NewSetupCodeAsync(CancellationToken stop)
    {
        var code = TokenText.Base32(RandomNumberGenerator.GetBytes(20));
        return await factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<User>().AnyAsync(stop)) return null;
            var row = await db.Set<SetupCode>().FirstOrDefaultAsync(stop);
            if (row is null) db.Add(row = new SetupCode { Id = 1, Hash = "" });
            row.Hash = Hash(code);
            row.Created = clock.GetUtcNow();
            row.Used = null;
            return code;
        }, stop);
    }

    /// <summary>Whether a set-up code still opens the set-up page.</summary>
    public async Task<bool> SetupOpenAsync(string code, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        var hash = Hash(code);
        return !await db.Set<User>().AnyAsync(stop) && await db.Set<SetupCode>().AnyAsync(c => c.Hash == hash && c.Used == null, stop);
    }

    /// <summary>Makes the first owner and tenant with a set-up code.</summary>
    public async Task<(SetupRefusal Refusal, User? User)> SetupAsync(
        string code, string email, string password, string displayName, string tenant, string address, CancellationToken stop)
    {
        if (!await SetupOpenAsync(code, stop)) return (SetupRefusal.Code, null);
        return await FirstAsync(email, password, displayName, tenant, "setup", new Actor("user", email, email, address), code, stop);
    }

    /// <summary>Makes the first owner and tenant. Nothing is kept when any part is refused.</summary>
    public async Task<(SetupRefusal Refusal, User? User)> FirstAsync(
        string email, string password, string displayName, string tenant, string channel, Actor actor, string? code, CancellationToken stop)
    {
        if (await CheckAsync(email, password) is var refusal and not SetupRefusal.None) return (refusal, null);
        if (string.IsNullOrWhiteSpace(tenant) || tenant.Length > 120) return (SetupRefusal.Tenant, null);
        var user = NewUser(email, password, displayName);
        var done = await factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<User>().AnyAsync(stop)) return SetupRefusal.Code;
            if (code is not null)
            {
                var hash = Hash(code);
                if (await db.Set<SetupCode>().FirstOrDefaultAsync(c => c.Hash == hash && c.Used == null, stop) is not { } row) return SetupRefusal.Code;
                row.Used = clock.GetUtcNow();
            }
            db.Add(user);
            var made = await tenants.CreateAsync(db, tenant.Trim(), channel, actor, stop);
            await members.AddAsync(db, made.Id, user, Role.Owner, actor, stop);
            return SetupRefusal.None;
        }, stop);
        tenants.Changed();
        return (done, done == SetupRefusal.None ? user : null);
    }

    /// <summary>Whether an e-mail and a password would do for an account.</summary>
    public async Task<SetupRefusal> CheckAsync(string email, string password)
    {
        if (email.Length > 254 || !System.Net.Mail.MailAddress.TryCreate(email, out var parsed) || parsed.Address != email) return SetupRefusal.Email;
        foreach (var validator in users.PasswordValidators)
        {
            if (!(await validator.ValidateAsync(users, new User { Email = email, UserName = email }, password)).Succeeded) return SetupRefusal.Password;
        }
        return SetupRefusal.None;
    }

    /// <summary>An account that is not stored yet.</summary>
    public User NewUser(string email, string password, string displayName)
    {
        var user = new User
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            UserName = email,
            NormalizedUserName = users.NormalizeName(email),
            Email = email,
            NormalizedEmail = users.NormalizeEmail(email),
            DisplayName = Name(string.IsNullOrWhiteSpace(displayName) ? email : displayName.Trim()),
            SecurityStamp = TokenText.Base32(RandomNumberGenerator.GetBytes(20)),
            LockoutEnabled = true,
            Created = clock.GetUtcNow(),
        };
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        return user;
    }

    /// <summary>Secret and picture for an authenticator app; the secret is made at the first call.</summary>
    public async Task<TotpSetup> TotpSetupAsync(User user)
    {
        var secret = await users.GetAuthenticatorKeyAsync(user);
        if (string.IsNullOrEmpty(secret))
        {
            // Not ResetAuthenticatorKeyAsync: that would end the session that is asking.
            secret = users.GenerateNewAuthenticatorKey();
            await users.SetAuthenticationTokenAsync(user, "[AspNetUserStore]", "AuthenticatorKey", secret);
        }
        var uri = $"otpauth://totp/{Issuer}:{Uri.EscapeDataString(user.Email!)}?secret={secret}&issuer={Issuer}&digits=6&period=30";
        using var data = QRCodeGenerator.GenerateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        return new TotpSetup(secret!, uri, new SvgQRCode(data).GetGraphic(4));
    }

    /// <summary>Switches codes on, when the app shows the right one.</summary>
    public async Task<bool> TotpOnAsync(User user, string code, string address)
    {
        if (!await TakeCodeAsync(user, code)) return false;
        await users.SetTwoFactorEnabledAsync(user, true);
        await NoteAsync(user, "user.totp_on", address);
        return true;
    }

    /// <summary>Switches codes off, and forgets the secret.</summary>
    public async Task<bool> TotpOffAsync(User user, string password, string address)
    {
        if (!await users.CheckPasswordAsync(user, password)) return false;
        await users.SetTwoFactorEnabledAsync(user, false);
        await users.RemoveAuthenticationTokenAsync(user, StepProvider, StepName);
        await users.ResetAuthenticatorKeyAsync(user);
        await NoteAsync(user, "user.totp_off", address);
        return true;
    }

    /// <summary>Writes a change of an account to the audit log of each of its tenants.</summary>
    public Task NoteAsync(User user, string action, string address) => NoteAsync(user, action, new Actor("user", user.Id.ToString(), user.Email!, address));

    /// <summary>The same for a change that somebody else makes.</summary>
    public async Task NoteAsync(User user, string action, Actor actor)
    {
        await factory.ChangeAsync(TenantContext.System, async db =>
        {
            foreach (var tenant in await db.Set<Membership>().Where(m => m.UserId == user.Id).Select(m => m.TenantId).ToListAsync())
                await AuditLog.AppendAsync(db, tenant, actor, action, user.Id.ToString(), null, clock.GetUtcNow(), CancellationToken.None);
        }, CancellationToken.None);
    }

    private static string Name(string text) => text.Length > MaxName ? text[..MaxName] : text;

    private static string Digits(string code) => new([.. code.Where(char.IsAsciiDigit)]);

    private static string Hash(string code) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
}
