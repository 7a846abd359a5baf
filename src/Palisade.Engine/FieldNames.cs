using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine;

/// <summary>
/// Ids for field names that the catalogue does not hold (vendor fields). Bounded: past <see cref="MaxDynamic"/> names
/// every further name gets id 0, and the caller counts it. What records bring may take all but <see cref="Reserved"/> of them, so that
/// names without end in hostile records leave room for those that parsers and rules ask for; and the rules and mutes of one tenant take at most
/// <see cref="MaxPerTenant"/>, so that none uses up what is there for all. Thread-safe; ids are of this process only.
/// </summary>
public static class FieldNames
{
    /// <summary>Names beyond the catalogue that one process remembers.</summary>
    public const int MaxDynamic = 20_000;
    /// <summary>Those of them that only content (parsers, rules, mutes) may take.</summary>
    public const int Reserved = 5_000;
    /// <summary>Names that the rules and mutes of one tenant may add while the process runs.</summary>
    public const int MaxPerTenant = 500;
    /// <summary>Longest name taken, bytes.</summary>
    public const int MaxLength = 256;

    private static readonly NameTable Table = new(FieldCatalogue.Count, MaxDynamic, Reserved, MaxPerTenant);

    /// <summary>Id of a name that a record brought, UTF-8, catalogued or not; 0 when the name is empty, too long, not UTF-8, or the table is full.</summary>
    public static ushort GetOrAdd(ReadOnlySpan<byte> name)
    {
        if (FieldCatalogue.TryGetId(name, out var id)) return id;
        if (name.Length is 0 or > MaxLength) return 0;
        Span<char> text = stackalloc char[MaxLength];
        return Encoding.UTF8.TryGetChars(name, text, out var length) ? Table.OfRecord(text[..length]) : (ushort)0;
    }

    /// <summary>Id of a name that the platform's content asks for; adds it when it is new. 0 when it is empty or too long, or there is no room.</summary>
    public static ushort GetOrAdd(string name) => GetOrAdd(name, 0);

    /// <summary>The same for the content of a tenant; 0: the platform's.</summary>
    public static ushort GetOrAdd(string name, uint tenant) => FieldCatalogue.TryGetId(name, out var id) ? id : name.Length is 0 or > MaxLength ? (ushort)0 : Table.OfContent(name, tenant);

    /// <summary>ECS or vendor name of an id.</summary>
    public static string Name(ushort id) => id < FieldCatalogue.Count ? FieldCatalogue.Name(id) : Table.Name(id);
}
