using System.Text;

namespace Palisade.Engine.Incidents.Habits;

/// <summary>State on disk, little-endian: <code>magic u32 "PSH3" · tenants i32 · each, by id: id u32, its habits</code> "PSH2" is read still.</summary>
public sealed partial class SiteHabits
{
    private const uint Magic = 0x33485350, Magic2 = 0x32485350;

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
            var magic = r.ReadUInt32();
            if (magic is not (Magic or Magic2)) throw new InvalidDataException("no state of habits of a known version");
            for (var n = Incident.Length(r, int.MaxValue); n > 0; n--)
            {
                var id = r.ReadUInt32();
                var habits = Of(id);
                habits.Load(r, rule, hasSpreads: magic == Magic);
                // Chosen may be other than when it was written.
                habits.Apply();
            }
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of habits ends early", e);
        }
    }
}
