using System.Text;

namespace Palisade.Fuzz;

/// <summary>Changes seeds at random; the same seed number gives the same inputs.</summary>
public sealed class Mutator(int seed, IReadOnlyList<byte[]> seeds)
{
    private const int MaxLength = 1 << 16;
    private static readonly byte[][] Pieces =
    [
        "\0"u8.ToArray(), "\n"u8.ToArray(), "\r\n"u8.ToArray(), "\u001b[31m"u8.ToArray(), "\""u8.ToArray(), "\\"u8.ToArray(), "{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "]"u8.ToArray(),
        "<"u8.ToArray(), ">"u8.ToArray(), "%{"u8.ToArray(), "=\"\""u8.ToArray(), "="u8.ToArray(), ":"u8.ToArray(), ","u8.ToArray(), " "u8.ToArray(), "\t"u8.ToArray(), "-"u8.ToArray(), "&#x110000;"u8.ToArray(),
        "99999999999999999999"u8.ToArray(), "-1"u8.ToArray(), "4294967296"u8.ToArray(), "1e308"u8.ToArray(), "\\ud800"u8.ToArray(), "\\u0000"u8.ToArray(), [0xff, 0xfe], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
        "中文日志"u8.ToArray(), [0xd6, 0xd0, 0xce, 0xc4], "\uFEFF"u8.ToArray(), "Feb 30 25:61:61"u8.ToArray(), "9999-99-99T99:99:99Z"u8.ToArray(), "::ffff:999.1.1.1"u8.ToArray(),
    ];

    private readonly Random random = new(seed);

    /// <summary>One of the seeds, changed one to eight times.</summary>
    public byte[] Next()
    {
        var bytes = new List<byte>(Pick(seeds));
        for (var n = random.Next(1, 9); n > 0; n--) Change(bytes);
        if (bytes.Count > MaxLength) bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    private void Change(List<byte> bytes)
    {
        var at = random.Next(bytes.Count + 1);
        switch (random.Next(9))
        {
            case 0 when bytes.Count > 0: bytes[Math.Min(at, bytes.Count - 1)] ^= (byte)(1 << random.Next(8)); break;
            case 1 when bytes.Count > 0: bytes[Math.Min(at, bytes.Count - 1)] = (byte)random.Next(256); break;
            case 2: bytes.InsertRange(at, Pick(Pieces)); break;
            case 3: bytes.RemoveRange(at, Math.Min(random.Next(1, 40), bytes.Count - at)); break;
            case 4: bytes.RemoveRange(at, bytes.Count - at); break;                                    // cut off
            case 5:                                                                                     // a piece doubled, now and then very often
                var piece = bytes.GetRange(at, Math.Min(random.Next(1, 30), bytes.Count - at));
                for (var n = random.Next(10) == 0 ? random.Next(2000) : 1; n > 0; n--) bytes.InsertRange(at, piece);
                break;
            case 6:                                                                                     // the rest of another seed
                var other = Pick(seeds);
                var from = random.Next(other.Length + 1);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[from..]);
                break;
            case 7: for (var i = at; i < Math.Min(bytes.Count, at + 8); i++) if (bytes[i] is >= (byte)'0' and <= (byte)'9') bytes[i] = (byte)random.Next('0', '9' + 1); break;
            default: bytes.InsertRange(at, Encoding.UTF8.GetBytes(random.NextInt64().ToString())); break;
        }
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
}
