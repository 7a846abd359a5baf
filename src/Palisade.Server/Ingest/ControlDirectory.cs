using System.Text;
using Microsoft.EntityFrameworkCore;
using Palisade.Server.Control;
using Palisade.Server.Sources;
using Palisade.Server.Tenants;
using Palisade.Server.Tokens;

namespace Palisade.Server.Ingest;

/// <summary>Answers from the control store's caches.</summary>
internal sealed class ControlDirectory(ITokenAuthenticator tokens, ISourceRegistry sources, TokenTrail trail, ControlDbFactory control) : IIngestDirectory
{
    public ValueTask<IngestGrant> AuthenticateAsync(string token, CancellationToken stop)
    {
        Span<byte> utf8 = stackalloc byte[1024];
        if (!Encoding.UTF8.TryGetBytes(token, utf8, out var n)) return new(new IngestGrant(0, "", IngestRefusal.BadToken));
        return GrantAsync(tokens.AuthenticateAsync(utf8[..n], stop));
    }

    private static async ValueTask<IngestGrant> GrantAsync(ValueTask<TokenIdentity?> asked)
    {
        if (await asked is not { } identity) return new IngestGrant(0, "", IngestRefusal.BadToken);
        var refusal = identity.Scope == TokenScope.Ingest ? IngestRefusal.None : IngestRefusal.Forbidden;
        return new IngestGrant(identity.Tenant, identity.DefaultSource ?? "", refusal, identity.TokenId);
    }

    public ValueTask<IngestSource> SourceAsync(uint tenant, string name, CancellationToken stop) => SourceAsync(tenant, name, "auto", stop);

    public async ValueTask<IngestSource> SourceAsync(uint tenant, string name, string kind, CancellationToken stop)
    {
        var found = await sources.GetOrCreateAsync(tenant, name, kind, stop);
        if (found.Source is { } source) return new IngestSource(source.Id, IngestRefusal.None);
        return new IngestSource(0, found.Refusal switch
        {
            SourceRefusal.TooMany => IngestRefusal.TooManySources,
            SourceRefusal.Disabled => IngestRefusal.Forbidden,
            _ => IngestRefusal.BadSourceName,
        });
    }

    public ValueTask<IngestSource> SourceAsync(in IngestGrant grant, string name, CancellationToken stop) =>
        NotedAsync(grant.Token, SourceAsync(grant.Tenant, name, stop));

    private async ValueTask<IngestSource> NotedAsync(Guid token, ValueTask<IngestSource> asked)
    {
        var found = await asked;
        trail.Note(token, found.Source);
        return found;
    }

    public async ValueTask<uint> TenantAsync(string name, CancellationToken stop)
    {
        await using var db = control.ForSystem();
        var active = db.Set<Tenant>().AsNoTracking().Where(t => t.State == TenantState.Active);
        if (name.Length > 0) active = active.Where(t => t.Slug == name);
        var two = await active.OrderBy(t => t.Id).Select(t => t.Id).Take(2).ToListAsync(stop);
        return two.Count == 1 ? two[0] : 0;
    }
}
