using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine.Incidents.Proof;

/// <summary>
/// State on disk, little-endian, behind that of the habits: <code>magic u32 "PHP1" · tenants i32 · each: id u32 · hosts · shapes · attempts answered · refused · deeds rare · usual · proofs of incidents</code>
/// Tenants by id, hosts and shapes in order, the rest as it came: the same state gives the same bytes.
/// </summary>
public sealed partial class HostProof
{
    private const uint Magic = 0x31504850;
    private const int Most = 1 << 16;

    /// <summary>Writes what waits for its counterpart, and the proofs of open incidents.</summary>
    public void Save(Stream to)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var w = new BinaryWriter(to, Encoding.UTF8, leaveOpen: true);
        w.Write(Magic);
        w.Write(tenants.Count);
        foreach (var (id, tenant) in tenants.OrderBy(t => t.Key))
        {
            w.Write(id);
            w.Write(tenant.Hosts.Count);
            foreach (var host in tenant.Hosts.Order(StringComparer.Ordinal)) w.Write(host);
            w.Write(tenant.Shapes.Count);
            foreach (var (shape, known) in tenant.Shapes.OrderBy(s => s.Key))
            {
                w.Write(shape);
                w.Write(known.FirstMs);
                w.Write(known.Count);
            }
            foreach (var attempts in new[] { tenant.Answered, tenant.Refused })
            {
                w.Write(attempts.Count);
                foreach (var a in attempts.InOrder) Write(w, a);
            }
            foreach (var deeds in new[] { tenant.Rare, tenant.Usual })
            {
                w.Write(deeds.Count);
                foreach (var d in deeds.InOrder) Write(w, d);
            }
            var proven = tracker.OpenOf(id).Where(i => i.Proven > 0).OrderBy(i => i.Id, StringComparer.Ordinal).ToArray();
            w.Write(proven.Length);
            foreach (var incident in proven) Write(w, incident);
        }
    }

    /// <summary>Takes up what <see cref="Save"/> wrote in place of the present state; a state of a version before ends here, and then there is none.</summary>
    /// <param name="rule">Finds a rule by its id; an attempt whose rule is gone is left out.</param>
    /// <exception cref="InvalidDataException">The bytes are no such state.</exception>
    public void Load(Stream from, Func<string, RuleInfo?> rule)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(rule);
        tenants.Clear();
        if (from.CanSeek && from.Position == from.Length) return;
        using var r = new BinaryReader(from, Encoding.UTF8, leaveOpen: true);
        try
        {
            if (r.ReadUInt32() != Magic) throw new InvalidDataException("no state of proofs of a known version");
            for (var t = Incident.Length(r, int.MaxValue); t > 0; t--)
            {
                var id = r.ReadUInt32();
                var tenant = Of(id);
                for (var n = Incident.Length(r, Most); n > 0; n--) tenant.Restore(r.ReadString());
                for (var n = Incident.Length(r, Most); n > 0; n--) tenant.Restore(r.ReadUInt64(), r.ReadInt64(), r.ReadInt32());
                foreach (var attempts in new[] { tenant.Answered, tenant.Refused })
                    for (var n = Incident.Length(r, Most); n > 0; n--)
                        if (ReadAttempt(r, rule) is { } attempt) attempts.Add(attempt);
                foreach (var deeds in new[] { tenant.Rare, tenant.Usual })
                    for (var n = Incident.Length(r, Most); n > 0; n--) deeds.Add(ReadDeed(r));
                for (var n = Incident.Length(r, Most); n > 0; n--) ReadProofs(r, id);
            }
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("the state of proofs ends early", e);
        }
    }

    private static void Write(BinaryWriter w, WebAttempt a)
    {
        w.Write(a.Sequence);
        w.Write(a.TimeMs);
        w.Write(a.Source);
        w.Write(a.Host);
        Write(w, a.Address);
        Write(w, a.Client);
        w.Write(a.Rule.Id);
        w.Write(a.Technique);
        w.Write((byte)a.Outcome);
        w.Write(a.Target);
        Write(w, a.Plain);
    }

    private static WebAttempt? ReadAttempt(BinaryReader r, Func<string, RuleInfo?> rule)
    {
        var (sequence, time, source, host, address, client) = (r.ReadUInt64(), r.ReadInt64(), r.ReadUInt32(), r.ReadString(), ReadAddress(r), ReadAddress(r));
        var (id, technique, outcome, target, plain) = (r.ReadString(), r.ReadString(), (AttackOutcome)r.ReadByte(), r.ReadString(), ReadBytes(r));
        return rule(id) is { } known ? new WebAttempt(sequence, time, source, host, address, client, known, technique, outcome, target, plain) : null;
    }

    private static void Write(BinaryWriter w, HostDeed d)
    {
        w.Write(d.Sequence);
        w.Write(d.TimeMs);
        w.Write(d.Source);
        w.Write((byte)d.Kind);
        w.Write(d.Host);
        Write(w, d.Address);
        w.Write(d.Account);
        w.Write(d.Text);
        Write(w, d.Plain);
        w.Write(d.Shape);
        w.Write(d.IsTool);
    }

    private static HostDeed ReadDeed(BinaryReader r) => new(
        r.ReadUInt64(), r.ReadInt64(), r.ReadUInt32(), (DeedKind)r.ReadByte(), r.ReadString(), ReadAddress(r), r.ReadString(), r.ReadString(), ReadBytes(r), r.ReadUInt64(), r.ReadBoolean());

    private static void Write(BinaryWriter w, Incident incident)
    {
        w.Write(incident.Id);
        w.Write(incident.Proven);
        var told = incident.Told.Order().ToArray();
        w.Write(told.Length);
        foreach (var sequence in told) w.Write(sequence);
        var proofs = incident.ProofList;
        w.Write(proofs.Count);
        foreach (var p in proofs)
        {
            w.Write(p.Request);
            w.Write(p.RequestMs);
            w.Write(p.Source);
            w.Write(p.Target);
            w.Write(p.Deed);
            w.Write(p.DeedMs);
            w.Write((byte)p.Kind);
            w.Write(p.Host);
            w.Write(p.Account);
            w.Write(p.Text);
            w.Write((byte)p.Outcome);
            w.Write(p.Class);
        }
    }

    private void ReadProofs(BinaryReader r, uint tenant)
    {
        var (id, count) = (r.ReadString(), r.ReadInt32());
        var told = new HashSet<ulong>();
        for (var n = Incident.Length(r, 2 * Incident.MaxEvents); n > 0; n--) told.Add(r.ReadUInt64());
        var proofs = new IncidentProof[Incident.Length(r, Incident.MaxProofs)];
        for (var i = 0; i < proofs.Length; i++)
            proofs[i] = new IncidentProof(
                r.ReadUInt64(), r.ReadInt64(), r.ReadString(), r.ReadString(), r.ReadUInt64(), r.ReadInt64(), (DeedKind)r.ReadByte(), r.ReadString(), r.ReadString(), r.ReadString(),
                (AttackOutcome)r.ReadByte(), r.ReadString());
        tracker.Restore(tenant, id, proofs, told, count);
    }

    private static void Write(BinaryWriter w, UInt128 address)
    {
        w.Write((ulong)(address >> 64));
        w.Write((ulong)address);
    }

    private static UInt128 ReadAddress(BinaryReader r) => new(r.ReadUInt64(), r.ReadUInt64());

    private static void Write(BinaryWriter w, byte[] bytes)
    {
        w.Write((ushort)bytes.Length);
        w.Write(bytes);
    }

    private static byte[] ReadBytes(BinaryReader r)
    {
        var length = r.ReadUInt16();
        var bytes = r.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }
}
