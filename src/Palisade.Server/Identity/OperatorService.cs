using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Identity;

/// <summary>Accounts of the platform's operator: no place in any tenant, no sight of any tenant's logs.</summary>
public sealed class OperatorService(ControlDbFactory factory, ServerOptions options, IDataProtectionProvider protection, TimeProvider clock, ILogger<OperatorService> log)
{
    private static readonly PasswordHasher<Operator> Hasher = new();
    private static readonly Operator Nobody = new() { Email = "", PasswordHash = Hasher.HashPassword(null!, Guid.CreateVersion7().ToString()) };
    private readonly IDataProtector protector = protection.CreateProtector("operator.totp");

    /// <summary>Makes an account, or sets the password of the one there is. Call inside <see cref="ControlWrites"/>.</summary>
    public async Task<Operator> SetAsync(ControlDb db, string email, string password, Actor actor, CancellationToken stop)
    {
        var key = email.ToLowerInvariant();
        var row = await db.Set<Operator>().FirstOrDefaultAsync(o => o.Email == key, stop);
        if (row is null) db.Add(row = new Operator { Id = Guid.CreateVersion7(clock.GetUtcNow()), Email = key, PasswordHash = "", Created = clock.GetUtcNow() });
        row.PasswordHash = Hasher.HashPassword(row, password);
        row.FailedAttempts = 0;
        row.LockedUntil = null;
        await AuditLog.AppendAsync(db, 0, actor, "operator.set", row.Id.ToString(), new { email = key }, clock.GetUtcNow(), stop);
        return row;
    }

    /// <summary>Gives an operator a secret for an authenticator app; returns it (base 32).</summary>
    public async Task<string?> NewTotpAsync(string email, Actor actor, CancellationToken stop)
    {
        var key = email.ToLowerInvariant();
        var bytes = RandomNumberGenerator.GetBytes(20);
        var secret = Tokens.TokenText.Base32(bytes).ToUpperInvariant();
        return await factory.ChangeAsync(TenantContext.System, async db =>
        {
            if (await db.Set<Operator>().FirstOrDefaultAsync(o => o.Email == key, stop) is not { } row) return null;
            row.TotpSecret = protector.Protect(Convert.ToBase64String(bytes));
            row.TotpLastStep = 0;
            await AuditLog.AppendAsync(db, 0, actor, "operator.totp", row.Id.ToString(), null, clock.GetUtcNow(), stop);
            return secret;
        }, stop);
    }

    /// <summary>Checks e-mail, password and (where set up) code.</summary>
    public async Task<(SignInOutcome Outcome, Operator? Operator)> SignInAsync(string email, string password, string code, string address, CancellationToken stop)
    {
        var key = email.ToLowerInvariant();
        var result = await factory.ChangeAsync(TenantContext.System, async db =>
        {
            var now = clock.GetUtcNow();
            var row = await db.Set<Operator>().FirstOrDefaultAsync(o => o.Email == key, stop);
            var right = Hasher.VerifyHashedPassword(row ?? Nobody, (row ?? Nobody).PasswordHash, password) != PasswordVerificationResult.Failed;
            if (row is null) return (SignInOutcome.WrongCredentials, (Operator?)null);
            if (row.LockedUntil > now) return (SignInOutcome.Locked, null);
            if (!right || !CodeFits(row, code, now))
            {
                if (++row.FailedAttempts >= options.Identity.LockoutAttempts)
                {
                    row.FailedAttempts = 0;
                    row.LockedUntil = now.AddMinutes(options.Identity.LockoutMinutes);
                }
                return (SignInOutcome.WrongCredentials, null);
            }
            row.FailedAttempts = 0;
            row.LastSignIn = now;
            await AuditLog.AppendAsync(db, 0, new Actor("operator", row.Id.ToString(), row.Email, address), "operator.sign_in", row.Id.ToString(), null, now, stop);
            return (SignInOutcome.Ok, row);
        }, stop);
        if (result.Item2 is { } who) IdentityLog.OperatorSignedIn(log, who.Id, address);
        else IdentityLog.OperatorRefused(log, address);
        return result;
    }

    private bool CodeFits(Operator row, string code, DateTimeOffset now)
    {
        if (row.TotpSecret is null) return true;
        if (Totp.Match(Convert.FromBase64String(protector.Unprotect(row.TotpSecret)), code, now, row.TotpLastStep) is not { } step) return false;
        row.TotpLastStep = step;
        return true;
    }
}
