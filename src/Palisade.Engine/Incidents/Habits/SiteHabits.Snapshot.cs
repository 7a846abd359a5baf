using System.Text;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>State on disk, little-endian: <code>magic u32 "PSH1" · tenants i32 · each, by id: id u32, its habits</code></summary>
public sealed partial class SiteHabits
{
    private const uint Magic = 0x31485350;

    /// <summary>Writes the state. The same state gives the same bytes.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(tenants.Count);
        foreach (var (id, habits) in tenants.OrderBy(t => t.Key))
        {
            w.Write(id);
            habits.Save(w);
        }
    }

    /// <summary>Takes up what <see cref="Save"/> wrote in place of the present state; the tracker's must be back already.</summary>
    /// <param name="rule">Finds a rule by its id.</param>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from, Func<string, RuleInfo?> rule)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(rule);
        tenants.Clear();
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (r.ReadUInt32() != Magic) throw new InvalidDataException("no state of habits of a known version");
            for (var n = Incident.Length(r, int.MaxValue); n > 0; n--) Of(r.ReadUInt32()).Load(r, rule);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of habits ends early", e);
        }
    }
}
