using System.Text;

namespace Palisade.Engine.Incidents;

/// <summary>
/// State on disk, little-endian: <code>magic u32 "PIT3" · tenants i32 · each: id u32 · incidents i32, each · entities i32, each: kind u8, hash of it and its span of time u64, place of its incident i32 · rules i32, each: id text, incidents i32</code>
/// "PIT1" had no rules and no weights of steps, "PIT2" no mutes; both are still read.
/// Tenants by id, incidents by key, entities by kind and hash: the same state gives the same bytes.
/// </summary>
public sealed partial class IncidentTracker
{
    private const uint Magic = 0x33544950, Second = 0x32544950, First = 0x31544950;
    private const int MaxEntities = 1 << 24;

    /// <summary>Writes the open incidents.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(tenants.Count);
        foreach (var (id, tenant) in tenants.OrderBy(t => t.Key))
        {
            w.Write(id);
            var incidents = tenant.ByKey.Values.OrderBy(i => i.Key, StringComparer.Ordinal).ToList();
            w.Write(incidents.Count);
            foreach (var incident in incidents) incident.Save(w);
            var places = incidents.Select((incident, place) => (incident, place)).ToDictionary(p => p.incident, p => p.place);
            var entities = tenant.ByEntity.Where(e => places.ContainsKey(e.Value)).OrderBy(e => e.Key).ToList();
            w.Write(entities.Count);
            foreach (var ((kind, hash), incident) in entities)
            {
                w.Write((byte)kind);
                w.Write(hash);
                w.Write(places[incident]);
            }
            w.Write(tenant.Seen.Count);
            foreach (var (rule, n) in tenant.Seen.OrderBy(s => s.Key, StringComparer.Ordinal))
            {
                w.Write(rule);
                w.Write(n);
            }
        }
    }

    /// <summary>Takes up what <see cref="Save"/> wrote in place of the present state.</summary>
    /// <param name="rule">Finds a rule by its id.</param>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from, Func<string, RuleInfo?> rule)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(rule);
        tenants.Clear();
        changed.Clear();
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            var magic = r.ReadUInt32();
            if (magic is not (Magic or Second or First)) throw new InvalidDataException("no state of incidents of a known version");
            for (var t = Incident.Length(r, int.MaxValue); t > 0; t--)
            {
                var tenant = tenants[r.ReadUInt32()] = new Tenant();
                var incidents = new Incident[Incident.Length(r, options.MaxOpen)];
                for (var i = 0; i < incidents.Length; i++)
                {
                    incidents[i] = Incident.Load(r, rule, magic switch { First => 1, Second => 2, _ => 3 });
                    IncidentJudge.Judge(incidents[i], content);
                    tenant.ByKey[incidents[i].Key] = incidents[i];
                }
                for (var e = Incident.Length(r, MaxEntities); e > 0; e--)
                {
                    var (kind, hash, place) = ((char)r.ReadByte(), r.ReadUInt64(), r.ReadInt32());
                    if ((uint)place >= (uint)incidents.Length) throw new InvalidDataException("an entity belongs to no incident");
                    tenant.ByEntity[(kind, hash)] = incidents[place];
                    incidents[place].Ties++;
                }
                if (magic == First) continue;
                for (var n = Incident.Length(r, MaxSeen); n > 0; n--) tenant.Seen[r.ReadString()] = r.ReadInt32();
            }
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of incidents ends early", e);
        }
    }

    /// <summary>The open incident with this id; null where there is none.</summary>
    internal Incident? ById(uint tenantId, string id) => id.Length == 0 || !tenants.TryGetValue(tenantId, out var tenant) ? null : tenant.ByKey.Values.FirstOrDefault(i => i.Id == id);
}
