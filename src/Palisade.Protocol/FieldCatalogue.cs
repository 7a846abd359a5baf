using System.Collections.Frozen;
using System.Text;

namespace Palisade.Protocol;

/// <summary>Type of a field's value (a subset of the ECS types).</summary>
public enum FieldType : byte { Keyword, Text, Long, Ip, Date, Bool, Double }

/// <summary>Which related.* array a field's value is also added to.</summary>
public enum RelatedKind : byte { None, Ip, User, Host, Hash }

/// <summary>One field of the catalogue.</summary>
/// <param name="Id">Small integer of this build; never written to disk or wire.</param>
/// <param name="Name">ECS name.</param>
/// <param name="Column">Column of the event store; null where the field lies in attrs.</param>
/// <param name="Few">Few distinct values: a LowCardinality column.</param>
public sealed record FieldDefinition(ushort Id, string Name, FieldType Type, string? Column, bool Few, RelatedKind Related);

/// <summary>The fields that Palisade knows by a number: content/schema/fields.yml, compiled in (ECS 8.17 field reference).</summary>
public static class FieldCatalogue
{
    private static readonly FieldDefinition[] Definitions = Fields.CreateDefinitions();
    private static readonly FrozenDictionary<string, ushort> ByName = Definitions.Where(d => d.Id != 0).ToFrozenDictionary(d => d.Name, d => d.Id, StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, ushort>.AlternateLookup<ReadOnlySpan<char>> BySpan = ByName.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Number of ids, the unused 0 included: dynamic ids start here.</summary>
    public static int Count => Definitions.Length;

    /// <summary>All fields, in order of id, without the unused 0.</summary>
    public static IReadOnlyList<FieldDefinition> All { get; } = Definitions[1..];

    /// <summary>ECS name of a catalogued id.</summary>
    public static string Name(ushort id) => Definitions[id].Name;

    public static FieldType Type(ushort id) => Definitions[id].Type;

    public static string? Column(ushort id) => Definitions[id].Column;

    public static RelatedKind Related(ushort id) => Definitions[id].Related;

    public static bool TryGetId(string name, out ushort id) => ByName.TryGetValue(name, out id);

    /// <summary>Id of a UTF-8 name; false for names that the catalogue does not hold. Allocates nothing.</summary>
    public static bool TryGetId(ReadOnlySpan<byte> name, out ushort id)
    {
        id = 0;
        if (name.Length is 0 or > 64) return false;
        Span<char> text = stackalloc char[64];
        return Encoding.UTF8.TryGetChars(name, text, out var n) && BySpan.TryGetValue(text[..n], out id);
    }
}
