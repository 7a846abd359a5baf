using System.Buffers.Binary;

namespace Palisade.Server.Ingest;

/// <summary>
/// Walks the fields of one protobuf message (wire format, version 3) over bytes. Pure, no allocation; every length is checked against
/// what is there, groups are refused, and what is broken ends the walk with <see cref="Broken"/>.
/// </summary>
/// <remarks><code>field = varint(number &lt;&lt; 3 | wire type) + ( varint | 8 bytes | varint length, bytes | 4 bytes )</code></remarks>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    public const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    /// <summary>Number of the field read last.</summary>
    public int Field { get; private set; }
    public int Wire { get; private set; }
    /// <summary>Its value when it is a number of any width.</summary>
    public ulong Number { get; private set; }
    /// <summary>Its value when it has a length: a text, bytes, or a message.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }
    public bool Broken { get; private set; }

    /// <summary>The next field; false at the end or at bytes that are none.</summary>
    public bool TryRead()
    {
        if (rest.IsEmpty || Broken) return false;
        Value = default;
        Broken = true;
        if (!TryVarint(out var key) || key >> 3 is 0 or > 536_870_911) return false;
        Field = (int)(key >> 3);
        Wire = (int)(key & 7);
        switch (Wire)
        {
            case Varint:
                if (!TryVarint(out var number)) return false;
                Number = number;
                break;
            case Fixed64:
                if (rest.Length < 8) return false;
                Number = BinaryPrimitives.ReadUInt64LittleEndian(rest);
                rest = rest[8..];
                break;
            case Fixed32:
                if (rest.Length < 4) return false;
                Number = BinaryPrimitives.ReadUInt32LittleEndian(rest);
                rest = rest[4..];
                break;
            case Bytes:
                if (!TryVarint(out var length) || length > (ulong)rest.Length) return false;
                Value = rest[..(int)length];
                rest = rest[(int)length..];
                break;
            default:
                return false;
        }
        Broken = false;
        return true;
    }

    /// <summary>Goes to the next message or text of that number.</summary>
    public bool TryFind(int field)
    {
        while (TryRead())
            if (Field == field && Wire == Bytes) return true;
        return false;
    }

    private bool TryVarint(out ulong value)
    {
        value = 0;
        for (var i = 0; i < 10 && i < rest.Length; i++)
        {
            value |= (ulong)(rest[i] & 0x7F) << (7 * i);
            if ((rest[i] & 0x80) != 0) continue;
            rest = rest[(i + 1)..];
            return true;
        }
        return false;
    }
}
