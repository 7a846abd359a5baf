namespace Palisade.Store.Http;

/// <summary>RowBinaryWithNamesAndTypes starts with: VarUInt columns, then each name, then each type (VarUInt length, bytes). The engine repeats it in every chunk.</summary>
internal static class RowBinaryHeader
{
    /// <summary>Bytes of the header.</summary>
    public static int Length(ReadOnlySpan<byte> chunk)
    {
        var at = 0;
        var texts = 2 * VarUInt(chunk, ref at);
        for (var i = 0; i < texts; i++)
        {
            var length = VarUInt(chunk, ref at);
            at += length;
        }
        return at;
    }

    private static int VarUInt(ReadOnlySpan<byte> bytes, ref int at)
    {
        var value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var b = bytes[at++];
            value |= (b & 127) << shift;
            if (b < 128) return value;
        }
    }
}
