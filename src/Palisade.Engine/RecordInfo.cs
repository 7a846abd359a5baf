using Palisade.Engine.Parse.Times;

namespace Palisade.Engine;

/// <summary>What is known of a record before anybody reads its bytes: the journal frame's header.</summary>
/// <param name="Sequence">Position in this node's journal; with the node id it makes the event's id.</param>
/// <param name="ReceivedMs">When we received it, Unix milliseconds UTC.</param>
/// <param name="Tenant">Owner. 0 is never a tenant.</param>
/// <param name="Source">The log source's id within the control store; 0 where none is known (offline scan).</param>
/// <param name="Parser">Index of the parser asked for, from <c>ParserSet.IndexOf</c>; <see cref="AutoParser"/> detects it.</param>
/// <param name="Zone">Zone of stamps that carry none; null: what the parser says, UTC if nothing.</param>
/// <param name="Lines">Journal records that were put together to this one.</param>
/// <param name="Converted">It was no UTF-8 and was turned to it on its way.</param>
public readonly record struct RecordInfo(ulong Sequence, long ReceivedMs, uint Tenant, uint Source, short Parser, ZoneTable? Zone = null, int Lines = 1, bool Converted = false)
{
    /// <summary>Detect the parser from the bytes.</summary>
    public const short AutoParser = -1;
}
