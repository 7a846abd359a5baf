using System.Text;

namespace Palisade.Engine.Rules;

/// <summary>What is known of one dataset's events: the fields they have been seen with.</summary>
/// <param name="Dataset">Value of <c>event.dataset</c>.</param>
/// <param name="Fields">Names of fields, ECS and the vendor's own.</param>
/// <param name="Open">Its source passes the vendor's own fields on: further ones may come that were not seen yet.</param>
public sealed record DatasetFields(string Dataset, IReadOnlySet<string> Fields, bool Open);

/// <summary>Gathers <see cref="DatasetFields"/> from parsed events (samples of sources, or what a tenant sends). Bounded; not thread-safe.</summary>
public sealed class DatasetObserver
{
    private const int MaxDatasets = 1_000, MaxFields = 2_000;

    private sealed class Seen
    {
        public readonly HashSet<string> Fields = new(StringComparer.Ordinal);
        public bool Open;
    }

    private static readonly ushort Dataset = FieldNames.GetOrAdd("event.dataset");
    private readonly Dictionary<string, Seen> datasets = new(StringComparer.Ordinal);

    /// <summary>Takes every event of a batch that has a dataset.</summary>
    public void Observe(EventBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        for (var i = 0; i < batch.Count; i++)
        {
            if (!batch.TryGet(i, Dataset, out var name) || name.IsEmpty) continue;
            var dataset = Encoding.UTF8.GetString(name);
            if (!datasets.TryGetValue(dataset, out var seen))
            {
                if (datasets.Count == MaxDatasets) continue;
                datasets[dataset] = seen = new Seen();
            }
            foreach (var id in batch.FieldIds(i))
            {
                if (seen.Fields.Count == MaxFields) break;
                var field = FieldNames.Name(id);
                seen.Fields.Add(field);
                seen.Open |= id >= Protocol.FieldCatalogue.Count && !field.StartsWith("palisade.", StringComparison.Ordinal);
            }
        }
    }

    /// <summary>What was seen so far, by name.</summary>
    public IReadOnlyList<DatasetFields> Datasets => [.. datasets.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => new DatasetFields(d.Key, d.Value.Fields.ToHashSet(StringComparer.Ordinal), d.Value.Open))];
}
