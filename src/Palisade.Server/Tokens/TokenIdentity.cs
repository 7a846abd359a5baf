namespace Palisade.Server.Tokens;

/// <summary>What a token may do; a larger one includes the reading of the smaller, except that ingest stands alone. Persisted: only grows.</summary>
public enum TokenScope : byte
{
    /// <summary>Send logs, nothing else.</summary>
    Ingest = 0,
    /// <summary>Read the API.</summary>
    Read = 1,
    /// <summary>Read and change through the API.</summary>
    Write = 2,
}

/// <summary>Who a good token speaks for.</summary>
/// <param name="DefaultSource">Source name of records that name none; null: the listener's own default.</param>
public sealed record TokenIdentity(Guid TokenId, uint Tenant, string Name, TokenScope Scope, string? DefaultSource, DateTimeOffset? Expires);

/// <summary>Checks tokens. Thread-safe; cached, so that a revocation by another process shows within seconds.</summary>
public interface ITokenAuthenticator
{
    /// <summary>The identity behind a token (its UTF-8 bytes); null when it is unknown, expired, revoked, or its tenant closed.</summary>
    ValueTask<TokenIdentity?> AuthenticateAsync(ReadOnlySpan<byte> token, CancellationToken stop);
}
