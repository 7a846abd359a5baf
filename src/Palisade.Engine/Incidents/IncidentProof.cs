using Palisade.Engine.Incidents.Proof;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>Two records of independent sources that tell of one success: a request to a site, and what its host did within a minute of it.</summary>
/// <param name="Request">Journal sequence of the request.</param>
/// <param name="RequestMs">Unix milliseconds UTC.</param>
/// <param name="Source">Address that sent the request.</param>
/// <param name="Target">Method and what was asked for.</param>
/// <param name="Deed">Journal sequence of the host's record.</param>
/// <param name="DeedMs">Unix milliseconds UTC.</param>
/// <param name="Host">Name of the host; empty where its record has none.</param>
/// <param name="Account">The account it ran as; empty where the record has none.</param>
/// <param name="Text">Command line, path of the file, or address connected to.</param>
/// <param name="Outcome">Succeeded where the host did what the request said; likely where it did something of the kind.</param>
/// <param name="Class">Class of the attack.</param>
public sealed record IncidentProof(
    ulong Request, long RequestMs, string Source, string Target, ulong Deed, long DeedMs, DeedKind Kind, string Host, string Account, string Text, AttackOutcome Outcome, string Class);
