using Palisade.Protocol;
using Palisade.Server.Storage.Native;

namespace Palisade.Server.Storage.Schema;

/// <summary>How a field of the catalogue lies in the events table.</summary>
internal enum ColumnShape { Text, Few, FewArray, TextArray, AddressArray, Long, Double, Bool, Address }

/// <summary>A typed column that holds one catalogued field.</summary>
internal sealed record EventColumn(ushort Field, string Ecs, string Name, ColumnShape Shape)
{
    public bool IsArray => Shape is ColumnShape.FewArray or ColumnShape.TextArray or ColumnShape.AddressArray;

    public NativeColumn Create() => Shape switch
    {
        ColumnShape.Text => new TextColumn(Name),
        ColumnShape.Few => new FewColumn(Name),
        ColumnShape.FewArray => new ArrayColumn(new FewColumn(Name)),
        ColumnShape.TextArray => new ArrayColumn(new TextColumn(Name)),
        ColumnShape.AddressArray => new ArrayColumn(new AddressColumn(Name)),
        ColumnShape.Long => new LongColumn(Name),
        ColumnShape.Double => new DoubleColumn(Name),
        ColumnShape.Bool => new BoolColumn(Name),
        _ => new AddressColumn(Name),
    };

    /// <summary>The column in a CREATE or ADD COLUMN.</summary>
    public string Definition => Shape switch
    {
        ColumnShape.Text => $"{Name} String CODEC(ZSTD(1))",
        ColumnShape.Few => $"{Name} LowCardinality(String)",
        ColumnShape.FewArray => $"{Name} Array(LowCardinality(String))",
        ColumnShape.TextArray => $"{Name} Array(String) CODEC(ZSTD(1))",
        ColumnShape.AddressArray => $"{Name} Array(IPv6) CODEC(ZSTD(1))",
        ColumnShape.Long => $"{Name} Int64 CODEC(T64, ZSTD(1))",
        ColumnShape.Double => $"{Name} Float64 CODEC(ZSTD(1))",
        ColumnShape.Bool => $"{Name} Bool",
        _ => $"{Name} IPv6 CODEC(ZSTD(1))",
    };
}

/// <summary>The typed columns, from the field catalogue.</summary>
internal static class EventColumns
{
    /// <summary>Fields that are lists in ECS: every value counts in a search.</summary>
    private static readonly HashSet<string> Lists = new(StringComparer.Ordinal) { "event.category", "event.type", "related.user", "related.hosts" };

    public static IReadOnlyList<EventColumn> All { get; } =
        [.. FieldCatalogue.All.Where(f => f.Column is not null && f.Id != Fields.Timestamp).Select(f => new EventColumn(f.Id, f.Name, f.Column!, Shape(f)))];

    private static readonly Dictionary<string, EventColumn> ByEcs = All.ToDictionary(c => c.Ecs, StringComparer.Ordinal);

    public static EventColumn? Find(string ecs) => ByEcs.GetValueOrDefault(ecs);

    private static ColumnShape Shape(FieldDefinition field) => field.Name switch
    {
        "related.ip" => ColumnShape.AddressArray,
        "related.hash" => ColumnShape.TextArray,
        var name when Lists.Contains(name) => ColumnShape.FewArray,
        _ => field.Type switch
        {
            FieldType.Long => ColumnShape.Long,
            FieldType.Double => ColumnShape.Double,
            FieldType.Bool => ColumnShape.Bool,
            FieldType.Ip => ColumnShape.Address,
            _ => field.Few ? ColumnShape.Few : ColumnShape.Text,
        },
    };
}
