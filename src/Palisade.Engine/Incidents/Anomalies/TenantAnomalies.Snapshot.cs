using Palisade.Engine.Incidents.Habits;

namespace Palisade.Engine.Incidents.Anomalies;

/// <summary>One tenant's anomalies on disk: what was told, who comes from where, then the tables as they lie.</summary>
internal sealed partial class TenantAnomalies
{
    public void Save(BinaryWriter w)
    {
        w.Write(Withheld);
        w.Write(connectedMs);
        w.Write(told.Count);
        foreach (var (id, (day, count)) in told.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            w.Write(id);
            w.Write(day);
            w.Write(count);
        }
        Save(w, users);
        w.Write(placeUsers.Count);
        foreach (var (place, of) in placeUsers.OrderBy(p => p.Key))
        {
            w.Write(place);
            Save(w, of);
        }
        Save(w, accounts);
        Save(w, origins);
        Save(w, pairs);
        Save(w, outsides);
        Save(w, parents);
        Save(w, children);
    }

    private static void Save(BinaryWriter w, in Sketch sketch)
    {
        for (var i = 0; i < 4; i++) w.Write(sketch[i]);
    }

    private static void Save<T>(BinaryWriter w, Table<T>? table) where T : unmanaged, IEntry
    {
        w.Write(table is not null);
        table?.Save(w);
    }

    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(BinaryReader r)
    {
        Withheld = r.ReadInt64();
        connectedMs = r.ReadInt64();
        for (var n = Incident.Length(r, 1_000); n > 0; n--) told[r.ReadString()] = (r.ReadInt64(), r.ReadInt32());
        users = LoadSketch(r);
        for (var n = Incident.Length(r, MaxPlaces); n > 0; n--) placeUsers[r.ReadUInt64()] = LoadSketch(r);
        accounts = Load<Account>(r, AccountSets);
        origins = Load<Origin>(r, OriginSets);
        pairs = Load<Pair>(r, PairSets);
        outsides = Load<Outside>(r, PlaceSets);
        parents = Load<Parent>(r, ParentSets);
        children = Load<Child>(r, ChildSets);
    }

    private static Sketch LoadSketch(BinaryReader r)
    {
        var sketch = default(Sketch);
        for (var i = 0; i < 4; i++) sketch[i] = r.ReadUInt64();
        return sketch;
    }

    private static Table<T>? Load<T>(BinaryReader r, int sets) where T : unmanaged, IEntry
    {
        if (!r.ReadBoolean()) return null;
        var table = new Table<T>(sets);
        table.Load(r);
        return table;
    }
}
