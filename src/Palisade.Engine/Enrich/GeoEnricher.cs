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

    private struct Entry
    {
        public byte[]? Ip;
        public byte[]? Country, Number, Organization;
    }

    private readonly Entry[] entries = new Entry[Slots];

    public void Enrich(EventBatch batch)
    {
        if (!batch.TryGet(batch.Count - 1, Fields.SourceIp, out var ip) || ip.Length > 45) return;
        ref var entry = ref entries[Hash(ip) & (Slots - 1)];
        if (entry.Ip is null || !ip.SequenceEqual(entry.Ip)) Fill(ref entry, ip);
        if (entry.Country is not null) batch.Add(Fields.SourceGeoCountryIsoCode, entry.Country);
        if (entry.Number is null) return;
        batch.Add(Fields.SourceAsNumber, entry.Number);
        if (entry.Organization is not null) batch.Add(Fields.SourceAsOrganizationName, entry.Organization);
    }

    private void Fill(ref Entry entry, ReadOnlySpan<byte> ip)
    {
        var known = lookup.TryLookup(ip, out var info);
        entry = new Entry
        {
            Ip = ip.ToArray(),
            Country = known && info.CountryIsoCode is { } c ? Encoding.UTF8.GetBytes(c) : null,
            Number = known && info.AsNumber != 0 ? Encoding.UTF8.GetBytes(info.AsNumber.ToString()) : null,
            Organization = known && info.AsOrganization is { } o ? Encoding.UTF8.GetBytes(o) : null,
        };
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
