using System.Collections.Concurrent;
using System.Text;
using Palisade.Protocol;

namespace Palisade.Engine;

/// <summary>
/// Ids for field names that the catalogue does not hold (vendor fields). Bounded: past <see cref="MaxDynamic"/> names
/// every further name gets id 0, and the caller counts it. Thread-safe; ids are of this process only.
/// </summary>
public static class FieldNames
{
    /// <summary>Names beyond the catalogue that one process remembers.</summary>
    public const int MaxDynamic = 20_000;
    /// <summary>Longest name taken, bytes.</summary>
    public const int MaxLength = 256;

    private static readonly ConcurrentDictionary<string, ushort> Ids = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, ushort>.AlternateLookup<ReadOnlySpan<char>> BySpan = Ids.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly string?[] Names = new string?[MaxDynamic];
    private static readonly Lock Gate = new();
    private static int next;

    /// <summary>Id of a UTF-8 name, catalogued or not; 0 when the name is empty, too long, not UTF-8, or the table is full.</summary>
    public static ushort GetOrAdd(ReadOnlySpan<byte> name)
    {
        if (FieldCatalogue.TryGetId(name, out var id)) return id;
        if (name.Length is 0 or > MaxLength) return 0;
        Span<char> text = stackalloc char[MaxLength];
        if (!Encoding.UTF8.TryGetChars(name, text, out var length)) return 0;
        return BySpan.TryGetValue(text[..length], out id) ? id : Add(new string(text[..length]));
    }

    /// <summary>Id of a name; adds it when it is new.</summary>
    public static ushort GetOrAdd(string name) => FieldCatalogue.TryGetId(name, out var id) || Ids.TryGetValue(name, out id) ? id : name.Length is 0 or > MaxLength ? (ushort)0 : Add(name);

    /// <summary>ECS or vendor name of an id.</summary>
    public static string Name(ushort id) => id < FieldCatalogue.Count ? FieldCatalogue.Name(id) : Names[id - FieldCatalogue.Count] ?? "";

    private static ushort Add(string name)
    {
        lock (Gate)
        {
            if (Ids.TryGetValue(name, out var known)) return known;
            if (next == MaxDynamic) return 0;
            var id = (ushort)(FieldCatalogue.Count + next);
            Names[next++] = name;
            Ids[name] = id;
            return id;
        }
    }
}
