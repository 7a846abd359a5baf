using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;

namespace Palisade.Server.Audit;

/// <summary>Who does something.</summary>
public sealed record Actor(string Kind, string Id, string Name, string Address)
{
    /// <summary>The command line on this machine.</summary>
    public static Actor CommandLine { get; } = new("cli", Environment.UserName, Environment.UserName, "local");
    public static Actor System { get; } = new("system", "system", "system", "local");
}

/// <summary>Result of walking a chain.</summary>
/// <param name="FirstBroken">Sequence of the first entry that does not fit; null when all do.</param>
public sealed record AuditVerification(bool Intact, long Entries, long? FirstBroken);

/// <summary>The hash-chained log of changes. An entry is written in the transaction of the change it tells of.</summary>
public static class AuditLog
{
    private static readonly string Start = new('0', 64);

    /// <summary>Adds an entry to the chain of a tenant (0: the operator's). Call inside <see cref="ControlWrites"/>.</summary>
    public static async Task AppendAsync(
        ControlDb db, uint tenant, Actor actor, string action, string target, object? detail, DateTimeOffset at, CancellationToken stop)
    {
        var pending = db.Set<AuditEntry>().Local.Where(e => e.TenantId == tenant).OrderByDescending(e => e.Sequence).FirstOrDefault();
        var last = pending ?? await db.Set<AuditEntry>().IgnoreQueryFilters().AsNoTracking()
            .Where(e => e.TenantId == tenant).OrderByDescending(e => e.Sequence).FirstOrDefaultAsync(stop);
        var entry = new AuditEntry
        {
            TenantId = tenant,
            Sequence = (last?.Sequence ?? 0) + 1,
            At = DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds()),
            ActorKind = actor.Kind,
            ActorId = actor.Id,
            ActorName = TextParameters.Clean(actor.Name),
            Address = actor.Address,
            Action = action,
            Target = TextParameters.Clean(target),
            Detail = detail is null ? "{}" : JsonSerializer.Serialize(detail),
            PreviousHash = last?.Hash ?? Start,
            Hash = "",
        };
        entry.Hash = HashOf(entry);
        db.Add(entry);
    }

    /// <summary>Walks the chain of a tenant from its first entry.</summary>
    public static async Task<AuditVerification> VerifyAsync(ControlDb db, uint tenant, CancellationToken stop)
    {
        var previous = Start;
        long expected = 1;
        await foreach (var entry in db.Set<AuditEntry>().AsNoTracking().Where(e => e.TenantId == tenant).OrderBy(e => e.Sequence)
            .AsAsyncEnumerable().WithCancellation(stop))
        {
            if (entry.Sequence != expected || entry.PreviousHash != previous || entry.Hash != HashOf(entry))
                return new AuditVerification(false, expected - 1, entry.Sequence);
            previous = entry.Hash;
            expected++;
        }
        return new AuditVerification(true, expected - 1, null);
    }

    /// <summary>SHA-256 over every field, each with its length in front so that no two entries look alike.</summary>
    private static string HashOf(AuditEntry e)
    {
        string[] parts =
        [
            e.PreviousHash, e.TenantId.ToString(CultureInfo.InvariantCulture), e.Sequence.ToString(CultureInfo.InvariantCulture),
            e.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), e.ActorKind, e.ActorId, e.ActorName, e.Address, e.Action, e.Target, e.Detail,
        ];
        var text = new StringBuilder();
        foreach (var part in parts) text.Append(part.Length).Append(':').Append(part);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
