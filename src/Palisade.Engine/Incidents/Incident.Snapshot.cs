using Palisade.Protocol;

namespace Palisade.Engine.Incidents;

/// <summary>An incident on disk, little-endian, everything in the order it is held.</summary>
public sealed partial class Incident
{
    internal void Save(BinaryWriter w)
    {
        w.Write(Id);
        w.Write(Tenant);
        w.Write(Key);
        w.Write(FirstMs);
        w.Write(LastMs);
        w.Write(Count);
        w.Write(Version);
        w.Write(IsShared);
        w.Write(IsHeld);
        w.Write(MutedBy);
        w.Write(lastSequence);
        foreach (var n in outcomes) w.Write(n);
        w.Write(sources.Count);
        foreach (var (address, m) in sources)
        {
            w.Write((ulong)(address >> 64));
            w.Write((ulong)address);
            w.Write(m.Count);
            w.Write(m.FirstMs);
            w.Write(m.LastMs);
        }
        w.Write(targets.Count);
        foreach (var (target, n) in targets)
        {
            w.Write(target);
            w.Write(n);
        }
        Save(w, hosts);
        Save(w, users);
        w.Write(sequences.Count);
        foreach (var s in sequences) w.Write(s);
        w.Write(steps.Count);
        foreach (var s in steps)
        {
            w.Write(s.Rule.Id);
            w.Write(s.Technique);
            w.Write(s.FirstMs);
            w.Write(s.LastMs);
            w.Write(s.Count);
            w.Write((byte)s.Outcome);
            w.Write(s.Rarity);
        }
    }

    /// <param name="rule">Finds a rule by its id; a step whose rule is gone is left out.</param>
    /// <param name="version">1: steps are not weighed by how rare they are; 2: nothing is said of mutes; 3: all is there.</param>
    internal static Incident Load(BinaryReader r, Func<string, RuleInfo?> rule, int version)
    {
        var incident = new Incident(r.ReadString(), r.ReadUInt32(), r.ReadString())
        {
            FirstMs = r.ReadInt64(), LastMs = r.ReadInt64(), Count = r.ReadInt64(), Version = r.ReadInt64(), IsShared = r.ReadBoolean(), IsHeld = r.ReadBoolean(), MutedBy = version >= 3 ? r.ReadInt32() : 0, lastSequence = r.ReadUInt64(),
        };
        for (var i = 0; i < incident.outcomes.Length; i++) incident.outcomes[i] = r.ReadInt64();
        for (var n = Length(r, MaxSources); n > 0; n--)
        {
            var address = new UInt128(r.ReadUInt64(), r.ReadUInt64());
            incident.sources[address] = new Member { Count = r.ReadInt64(), FirstMs = r.ReadInt64(), LastMs = r.ReadInt64() };
        }
        for (var n = Length(r, MaxNames); n > 0; n--)
        {
            var target = r.ReadString();
            incident.targets[target] = r.ReadInt64();
        }
        Load(r, incident.hosts);
        Load(r, incident.users);
        for (var n = Length(r, MaxEvents); n > 0; n--) incident.sequences.Add(r.ReadUInt64());
        for (var n = Length(r, MaxSteps); n > 0; n--)
        {
            var (id, technique) = (r.ReadString(), r.ReadString());
            var (first, last, count, outcome) = (r.ReadInt64(), r.ReadInt64(), r.ReadInt64(), (AttackOutcome)r.ReadByte());
            var rarity = version >= 2 ? r.ReadSingle() : 1;
            if (rule(id) is { } known) incident.steps.Add(new IncidentStep(known, technique) { FirstMs = first, LastMs = last, Count = count, Outcome = outcome, Rarity = rarity });
        }
        return incident;
    }

    private static void Save(BinaryWriter w, List<string> names)
    {
        w.Write(names.Count);
        foreach (var name in names) w.Write(name);
    }

    private static void Load(BinaryReader r, List<string> names)
    {
        for (var n = Length(r, MaxNames); n > 0; n--) names.Add(r.ReadString());
    }

    /// <exception cref="InvalidDataException">The length is out of range.</exception>
    internal static int Length(BinaryReader r, int most)
    {
        var n = r.ReadInt32();
        return n >= 0 && n <= most ? n : throw new InvalidDataException("a length in the incidents' state is out of range");
    }
}
