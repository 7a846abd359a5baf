using Palisade.Engine;
using Palisade.Engine.Parse;
using Palisade.Engine.Parse.Own;

namespace Palisade.Server.Streaming;

/// <summary>The sources in force: those of the content, and what tenants have of their own. A change makes a new set, swapped whole.</summary>
public sealed class LiveParsers(EngineSnapshot snapshot)
{
    private readonly Lock gate = new();
    private ParserSet current = snapshot.Parsers;

    /// <summary>Names and indexes in it also hold for every set before it.</summary>
    public ParserSet Current => Volatile.Read(ref current);

    /// <summary>Replaces the sources of one tenant.</summary>
    public void Swap(uint tenant, IReadOnlyList<OwnSource> own)
    {
        lock (gate) Volatile.Write(ref current, current.With(tenant, own));
    }
}
