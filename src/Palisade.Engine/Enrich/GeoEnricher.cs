using System.Buffers.Binary;
using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Enrich;

/// <summary>
/// Adds source.geo.country_iso_code and source.as.* to the last event. Remembers the last addresses in a direct-mapped table, because a few
/// addresses make most of the traffic. One instance a thread.
/// </summary>
public sealed class GeoEnricher(IGeoLookup lookup)
{
    private const int Slots = 8192;

    private const int KeyBytes = 46;      // length, then the longest text of an address

    private readonly byte[] keys = new byte[Slots * KeyBytes];
    private readonly GeoInfo?[] infos = new GeoInfo?[Slots];

    public void Enrich(EventBatch batch)
    {
        if (!batch.TryGet(batch.Count - 1, Fields.SourceIp, out var ip) || ip.Length is 0 or >= KeyBytes) return;
        var slot = (int)(Hash(ip) & (Slots - 1));
        var key = keys.AsSpan(slot * KeyBytes, KeyBytes);
        if (key[0] != ip.Length || !ip.SequenceEqual(key.Slice(1, ip.Length)))
        {
            infos[slot] = lookup.TryLookup(ip, out var found) ? found : null;
            key[0] = (byte)ip.Length;
            ip.CopyTo(key[1..]);
        }
        if (infos[slot] is not { } info) return;
        if (info.CountryIsoCode is { } country) Add(batch, Fields.SourceGeoCountryIsoCode, country);
        if (info.AsNumber == 0) return;
        batch.Add(Fields.SourceAsNumber, info.AsNumber);
        if (info.AsOrganization is { } organization) Add(batch, Fields.SourceAsOrganizationName, organization);
    }

    private static void Add(EventBatch batch, ushort field, string text)
    {
        var room = Encoding.UTF8.GetMaxByteCount(text.Length);
        var offset = batch.Reserve(room);
        var length = Encoding.UTF8.GetBytes(text, batch.Bytes(offset, room));
        batch.TrimTo(offset + length);
        batch.AddSlice(field, offset, length);
    }

    // FNV-1a, eight bytes at a time: only spreads addresses over the table.
    private static uint Hash(ReadOnlySpan<byte> text)
    {
        var hash = 14695981039346656037UL;
        while (text.Length >= 8) { hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text)) * 1099511628211UL; text = text[8..]; }
        foreach (var b in text) hash = (hash ^ b) * 1099511628211UL;
        return (uint)(hash ^ (hash >> 32));
    }
}
