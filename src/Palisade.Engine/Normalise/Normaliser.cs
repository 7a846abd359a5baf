using System.Globalization;
using System.Text;
using Palisade.Engine.Parse.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Normalise;

/// <summary>
/// What every event gets whatever its source: event.kind, related.* (ECS "Related fields"), names of protocols in small letters (ECS "Network
/// fields"), IPv4 addresses as such where a dual-stack socket wrote them as IPv6 (RFC 4291, section 2.5.5.2), and the flags that tell unlikely
/// times. Works on the last event of the batch.
/// </summary>
public sealed class Normaliser
{
    private const long Day = 86_400_000;
    private static readonly ushort[] RelatedFields = [0, Fields.RelatedIp, Fields.RelatedUser, Fields.RelatedHosts, Fields.RelatedHash];
    private static readonly ushort[] SmallLetters = [Fields.NetworkTransport, Fields.NetworkProtocol, Fields.NetworkApplication, Fields.NetworkType, Fields.NetworkDirection];
    private readonly bool[] small = [.. Enumerable.Range(0, FieldCatalogue.Count).Select(i => SmallLetters.Contains((ushort)i))];
    private readonly RelatedKind[] related = [.. Enumerable.Range(0, FieldCatalogue.Count).Select(i => FieldCatalogue.Related((ushort)i))];

    public void Normalise(EventBatch batch)
    {
        var index = batch.Count - 1;
        ref var header = ref batch.Header(index);
        if ((header.Flags & EventFlags.NoTime) == 0)
        {
            if (header.TimeMs > header.ReceivedMs + Day) header.Flags |= EventFlags.FutureTime;
            else if (header.TimeMs < header.ReceivedMs - 7 * Day) header.Flags |= EventFlags.AncientTime;
        }
        if (header.Refusal != ParseRefusal.None) return;
        if (!batch.TryGet(index, Fields.EventKind, out _)) batch.Add(Fields.EventKind, "event"u8);
        var count = header.SlotCount;
        for (var slot = 0; slot < count; slot++)
        {
            var id = batch.FieldIds(index)[slot];
            if (id >= related.Length) continue;
            if (small[id]) Lower(batch, index, slot);
            if (related[id] == RelatedKind.None) continue;
            if (related[id] == RelatedKind.Ip) Unmap(batch, index, slot);
            AddOnce(batch, index, RelatedFields[(int)related[id]], slot, count);
        }
    }

    // Not in its place: the value lies in the record as it came.
    private static void Lower(EventBatch batch, int index, int slot)
    {
        var (offset, length) = batch.RangeAt(index, slot);
        if (length <= 0 || !batch.Bytes(offset, length).ContainsAnyInRange((byte)'A', (byte)'Z')) return;
        var at = batch.Reserve(length);
        Ascii.ToLower(batch.Bytes(offset, length), batch.Bytes(at, length), out _);
        batch.Move(slot, at);
    }

    // ::ffff:203.0.113.9 is 203.0.113.9: one client is one address, whichever socket took it in. What the record says stays in PREFIX.address.
    private static void Unmap(EventBatch batch, int index, int slot)
    {
        var value = batch.ValueAt(index, slot);
        if (value.Length < 9 || value[0] is not ((byte)':' or (byte)'0') || !IPv6Text.TryRead(value, out var address) || address >> 32 != 0xFFFF) return;
        var (offset, length) = batch.RangeAt(index, slot);
        if (value.IndexOf((byte)'.') > 0)
        {
            var dotted = value.LastIndexOf((byte)':') + 1;
            batch.Move(slot, offset + dotted, length - dotted);
            return;
        }
        var at = batch.Reserve(15);
        var text = batch.Bytes(at, 15);
        var n = 0;
        for (var shift = 24; shift >= 0; shift -= 8)
        {
            if (shift < 24) text[n++] = (byte)'.';
            ((byte)(address >> shift)).TryFormat(text[n..], out var digits, default, CultureInfo.InvariantCulture);
            n += digits;
        }
        batch.TrimTo(at + n);
        batch.Move(slot, at, n);
    }

    // related.* holds each value once: look among the slots added since the event's own fields ended.
    private static void AddOnce(EventBatch batch, int index, ushort target, int slot, int own)
    {
        var value = batch.ValueAt(index, slot);
        if (value.IsEmpty || (value.Length == 1 && value[0] == '-')) return;
        var ids = batch.FieldIds(index);
        for (var i = own; i < ids.Length; i++)
            if (ids[i] == target && batch.ValueAt(index, i).SequenceEqual(value)) return;
        var (offset, length) = batch.RangeAt(index, slot);
        batch.AddSlice(target, offset, length);
    }
}
