using System.Collections.Concurrent;

namespace Palisade.Server.Tokens;

/// <summary>Where a token's records go.</summary>
/// <param name="Source">The source of its first records.</param>
/// <param name="First">When they were let in, on this node and since its start.</param>
public sealed record TokenUse(uint Source, DateTimeOffset First);

/// <summary>Remembers which source each token sends to, so that a person sees a new sender arrive. In memory, of this node; thread-safe.</summary>
public sealed class TokenTrail(TimeProvider clock)
{
    private const int MaxTokens = 50_000;
    private readonly ConcurrentDictionary<Guid, TokenUse> uses = new();

    /// <summary>Records of this token go to this source. A token seen before costs one look-up.</summary>
    public void Note(Guid token, uint source)
    {
        if (token == Guid.Empty || source == 0 || uses.ContainsKey(token)) return;
        if (uses.Count >= MaxTokens) uses.Clear();
        uses.TryAdd(token, new TokenUse(source, clock.GetUtcNow()));
    }

    /// <summary>Null until the token's first records are let in.</summary>
    public TokenUse? Of(Guid token) => uses.GetValueOrDefault(token);
}
