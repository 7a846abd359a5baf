using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Audit;
using Palisade.Server.Control;
using Palisade.Server.Tenants;

namespace Palisade.Server.Tokens;

/// <summary>A new token: the only time its text is known.</summary>
public sealed record NewToken(string Token, ApiToken Row);

/// <summary>Makes, checks and revokes tokens.</summary>
public sealed class TokenService(ControlDbFactory factory, TimeProvider clock) : ITokenAuthenticator, INoted
{
    private const string Start = "pal_";
    private const int PrefixLength = 12;
    private const int MaxTokenBytes = 256;
    private const int MaxUnknown = 10_000;
    /// <summary>How long a look-up is believed: a revocation by another process shows after it.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    private readonly record struct Digest(ulong A, ulong B, ulong C, ulong D);

    private sealed record Entry(TokenIdentity? Identity, long ReadAt);

    private readonly ConcurrentDictionary<Digest, Entry> cache = new();
    private readonly ConcurrentDictionary<Guid, long> used = new();

    /// <summary>Makes a token in the caller's transaction and says so in the audit log.</summary>
    public async Task<NewToken> CreateAsync(
        ControlDb db, uint tenant, string name, TokenScope scope, string? source, DateTimeOffset? expires, Actor actor, CancellationToken stop)
    {
        var token = Start + TokenText.Base32(RandomNumberGenerator.GetBytes(32));
        var row = new ApiToken
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()),
            TenantId = tenant,
            Name = name,
            Prefix = token[..PrefixLength],
            Hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token))),
            Scope = scope,
            DefaultSource = source,
            Created = clock.GetUtcNow(),
            Expires = expires,
        };
        db.Add(row);
        await AuditLog.AppendAsync(db, tenant, actor, "token.create", row.Id.ToString(),
            new { row.Name, row.Prefix, Scope = scope.ToString(), Source = source, Expires = expires }, clock.GetUtcNow(), stop);
        return new NewToken(token, row);
    }

    /// <summary>Revokes a token. False when the tenant has none of this id.</summary>
    public async Task<bool> RevokeAsync(uint tenant, Guid id, Actor actor, CancellationToken stop)
    {
        var done = await factory.ChangeAsync(new TenantContext(tenant), async db =>
        {
            if (await db.Set<ApiToken>().FirstOrDefaultAsync(t => t.Id == id, stop) is not { } row) return false;
            if (row.Revoked is not null) return true;
            row.Revoked = clock.GetUtcNow();
            await AuditLog.AppendAsync(db, tenant, actor, "token.revoke", id.ToString(), new { row.Name, row.Prefix }, clock.GetUtcNow(), stop);
            return true;
        }, stop);
        cache.Clear();
        return done;
    }

    /// <summary>Forgets what was looked up; call after a change that tokens carry.</summary>
    public void Changed() => cache.Clear();

    public ValueTask<TokenIdentity?> AuthenticateAsync(ReadOnlySpan<byte> token, CancellationToken stop)
    {
        if (token.Length is 0 or > MaxTokenBytes) return new((TokenIdentity?)null);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(token, hash);
        var digest = MemoryMarshal.Read<Digest>(hash);
        if (!cache.TryGetValue(digest, out var entry) || clock.GetElapsedTime(entry.ReadAt) >= Fresh)
            return new(ReadAsync(digest, Convert.ToHexStringLower(hash), stop));
        return new(Checked(entry.Identity));
    }

    private TokenIdentity? Checked(TokenIdentity? identity)
    {
        var now = clock.GetUtcNow();
        if (identity is null || identity.Expires <= now) return null;
        used[identity.TokenId] = now.ToUnixTimeMilliseconds();
        return identity;
    }

    private async Task<TokenIdentity?> ReadAsync(Digest digest, string hash, CancellationToken stop)
    {
        await using var db = factory.ForSystem();
        var row = await db.Set<ApiToken>().AsNoTracking().FirstOrDefaultAsync(t => t.Hash == hash && t.Revoked == null, stop);
        var identity = row is not null && await db.Set<Tenant>().AnyAsync(t => t.Id == row.TenantId && t.State == TenantState.Active, stop)
            ? new TokenIdentity(row.Id, row.TenantId, row.Name, row.Scope, row.DefaultSource, row.Expires)
            : null;
        if (identity is null && cache.Count >= MaxUnknown) cache.Clear();
        cache[digest] = new Entry(identity, clock.GetTimestamp());
        return Checked(identity);
    }

    public async Task FlushAsync(CancellationToken stop)
    {
        var taken = used.ToArray();
        if (taken.Length == 0) return;
        await factory.ChangeAsync(TenantContext.System, async db =>
        {
            foreach (var (id, ms) in taken)
            {
                var at = DateTimeOffset.FromUnixTimeMilliseconds(ms);
                await db.Set<ApiToken>().Where(t => t.Id == id).ExecuteUpdateAsync(set => set.SetProperty(t => t.LastUsed, at), stop);
            }
        }, stop);
        foreach (var pair in taken) used.TryRemove(pair);
    }
}
