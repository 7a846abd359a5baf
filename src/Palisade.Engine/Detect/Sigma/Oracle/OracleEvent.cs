using System.Text;

namespace Palisade.Engine.Detect.Sigma.Oracle;

/// <summary>An event as names and texts; null is a field without a value.</summary>
internal sealed class OracleEvent
{
    private readonly List<(string Name, string? Value)> fields = [];

    public string Raw { get; private init; } = "";

    public static OracleEvent Of(EventBatch batch, int index)
    {
        var e = new OracleEvent { Raw = Encoding.UTF8.GetString(batch.Raw(index)) };
        var ids = batch.FieldIds(index);
        for (var slot = 0; slot < ids.Length; slot++)
            e.fields.Add((FieldNames.Name(ids[slot]), batch.IsNull(index, slot) ? null : Encoding.UTF8.GetString(batch.ValueAt(index, slot))));
        return e;
    }

    /// <summary>Values of any of the names; empty: the event has none of them.</summary>
    public List<string?> Values(IReadOnlyList<string> names) => [.. fields.Where(f => names.Contains(f.Name)).Select(f => f.Value)];

    /// <summary>What keywords are looked for in: every value, and the record as received.</summary>
    public List<string?> Everything()
    {
        var all = fields.Select(f => f.Value).ToList();
        if (Raw.Length > 0) all.Add(Raw);
        return all;
    }
}
