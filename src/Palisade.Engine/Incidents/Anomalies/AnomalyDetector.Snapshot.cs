using System.Text;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>State on disk, little-endian: <code>magic u32 "PSA1" · tenants i32 · each, by id: id u32, its state</code></summary>
public sealed partial class AnomalyDetector
{
    private const uint Magic = 0x31415350;

    /// <summary>Writes the state. The same state gives the same bytes.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(tenants.Count);
        foreach (var (id, tenant) in tenants.OrderBy(t => t.Key))
        {
            w.Write(id);
            tenant.Save(w);
        }
    }

    /// <summary>Takes up what <see cref="Save"/> wrote in place of the present state.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from)
    {
        ArgumentNullException.ThrowIfNull(from);
        tenants.Clear();
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (r.ReadUInt32() != Magic) throw new InvalidDataException("no state of anomalies of a known version");
            for (var n = Incident.Length(r, int.MaxValue); n > 0; n--) Of(r.ReadUInt32()).Load(r);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of anomalies ends early", e);
        }
    }
}
