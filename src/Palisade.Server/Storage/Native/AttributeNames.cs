using System.Text;
using Palisade.Engine;
using Palisade.Protocol;

namespace Palisade.Server.Storage.Native;

/// <summary>UTF-8 names of fields, kept: an event's fields are looked up by id for every row.</summary>
internal static class AttributeNames
{
    private static readonly byte[]?[] Names = new byte[]?[FieldCatalogue.Count + FieldNames.MaxDynamic];

    public static ReadOnlySpan<byte> Utf8(ushort field) => Names[field] ??= Encoding.UTF8.GetBytes(FieldNames.Name(field));
}
