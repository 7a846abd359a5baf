using Microsoft.AspNetCore.Identity;
using Palisade.Server;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Control;
using Palisade.Server.Identity;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Cli.Admin;

/// <summary>The verbs of <c>admin</c>: the server's own services over the same control store, without starting the server.</summary>
internal static class AdminRun
{
    private static Actor Self => new("cli", Environment.UserName, Environment.UserName, "local");

    public static async Task<int> InitAsync(string data, string email, string passwordFile, string tenant, CancellationToken stop)
    {
        await using var services = await OpenAsync(data, stop);
        await using var scope = services.CreateAsyncScope();
        var (refusal, _) = await scope.ServiceProvider.GetRequiredService<SignInService>().FirstAsync(email, Password(passwordFile), "", tenant, "cli", Self, null, stop);
        if (refusal != SetupRefusal.None)
            throw new CliException(ExitCodes.BadInput, refusal switch
            {
                SetupRefusal.Code => "there is an account already. Use admin reset-password, or the console's users page.",
                SetupRefusal.Email => $"'{email}' is no e-mail address.",
                SetupRefusal.Password => "the password is too weak: at least 12 characters.",
                _ => $"'{tenant}' cannot be a tenant's name (1 to 120 characters).",
            });
        Console.WriteLine((await services.GetRequiredService<TenantService>().AllAsync(stop))[0].Slug);
        return ExitCodes.Done;
    }

    public static async Task<int> TokenAsync(string data, string tenant, string scope, string? source, string? ttl, CancellationToken stop)
    {
        await using var services = await OpenAsync(data, stop);
        var all = await services.GetRequiredService<TenantService>().AllAsync(stop);
        var found = all.FirstOrDefault(t => string.Equals(t.Slug, tenant, StringComparison.OrdinalIgnoreCase) || t.Name == tenant)
            ?? throw new CliException(ExitCodes.BadInput, all.Count == 0
                ? "there is no tenant yet: palisade admin init makes the first."
                : $"there is no tenant '{tenant}'. Tenants: {string.Join(' ', all.Select(t => t.Slug))}");
        DateTimeOffset? expires = ttl is null ? null : TimeProvider.System.GetUtcNow() + Duration.Parse(ttl, "--ttl");
        var tokens = services.GetRequiredService<TokenService>();
        var made = await services.GetRequiredService<ControlDbFactory>().ChangeAsync(new TenantContext(found.Id), db =>
            tokens.CreateAsync(db, found.Id, source ?? $"{scope} (command line)", Enum.Parse<TokenScope>(scope, true), source, expires, Self, stop), stop);
        Console.WriteLine(made.Token);
        return ExitCodes.Done;
    }

    public static async Task<int> ResetAsync(string data, string email, string passwordFile, CancellationToken stop)
    {
        await using var services = await OpenAsync(data, stop);
        await using var scope = services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<User>>();
        var user = await users.FindByEmailAsync(email) ?? throw new CliException(ExitCodes.BadInput, $"there is no account '{email}'.");
        var password = Password(passwordFile);
        if (await scope.ServiceProvider.GetRequiredService<SignInService>().CheckAsync(email, password) is not SetupRefusal.None)
            throw new CliException(ExitCodes.BadInput, "the password is too weak: at least 12 characters.");
        user.PasswordHash = users.PasswordHasher.HashPassword(user, password);
        user.LockoutEnd = null;
        user.AccessFailedCount = 0;
        Check(await users.UpdateSecurityStampAsync(user));
        Check(await users.UpdateAsync(user));
        await scope.ServiceProvider.GetRequiredService<SignInService>().NoteAsync(user, "user.password_reset", Self);
        Console.Error.WriteLine($"New password set for {email}.");
        return ExitCodes.Done;
    }

    public static async Task<int> TenantsAsync(string data, CancellationToken stop)
    {
        await using var services = await OpenAsync(data, stop);
        foreach (var t in await services.GetRequiredService<TenantService>().AllAsync(stop)) Console.WriteLine($"{t.Slug}\t{t.Name}\t{t.State.ToString().ToLowerInvariant()}");
        return ExitCodes.Done;
    }

    /// <summary>The control store of a data directory.</summary>
    internal static async Task<ServiceProvider> OpenAsync(string data, CancellationToken stop)
    {
        var options = Up.ServerRun.LoadOptions(null, [new("Data:Directory", data)]);
        Directory.CreateDirectory(Path.GetFullPath(data), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var services = ServerHost.ControlOnly(options);
        await ServerHost.MigrateControlAsync(services, options, stop);
        return services;
    }

    private static void Check(IdentityResult result)
    {
        if (!result.Succeeded) throw new CliException(ExitCodes.Internal, string.Join(' ', result.Errors.Select(e => e.Description)));
    }

    private static string Password(string file)
    {
        if (!File.Exists(file)) throw new CliException(ExitCodes.BadInput, $"{file}: no such file. Put the password on its first line.");
        return File.ReadLines(file).FirstOrDefault() ?? "";
    }
}
