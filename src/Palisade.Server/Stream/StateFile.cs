using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Palisade.Server.Streaming;

/// <summary>Correlation state as it was right after one journal sequence.</summary>
/// <param name="Version">Content that made it; state of other rules is not loaded.</param>
/// <param name="Lines">Lines that waited for the rest of their record; they are loaded whatever the content.</param>
public sealed record StreamState(ulong Position, string Version, byte[] Bytes, byte[] Lines);

/// <summary>The file that holds the last snapshot.</summary>
/// <remarks><code>"PLST" | format u32 | position u64 | version length u32 | version UTF-8 | lines length u32 | lines … | state … | SHA-256 of all before</code></remarks>
public sealed class StateFile(string path)
{
    private const uint Format = 2;
    private const int HeaderBytes = 20;

    public void Write(StreamState state)
    {
        var version = Encoding.UTF8.GetBytes(state.Version);
        var body = new byte[HeaderBytes + version.Length + 4 + state.Lines.Length + state.Bytes.Length + SHA256.HashSizeInBytes];
        "PLST"u8.CopyTo(body);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), Format);
        BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(8), state.Position);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), (uint)version.Length);
        version.CopyTo(body, HeaderBytes);
        var at = HeaderBytes + version.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(at), (uint)state.Lines.Length);
        state.Lines.CopyTo(body, at + 4);
        state.Bytes.CopyTo(body, at + 4 + state.Lines.Length);
        SHA256.HashData(body.AsSpan(0, body.Length - SHA256.HashSizeInBytes), body.AsSpan(body.Length - SHA256.HashSizeInBytes));
        AtomicFile.Write(path, body);
    }

    /// <summary>The snapshot; null when there is none or when it is damaged, with <paramref name="problem"/> saying so.</summary>
    public StreamState? Read(out string? problem)
    {
        problem = null;
        if (!File.Exists(path)) return null;
        var body = File.ReadAllBytes(path);
        var hashed = body.Length - SHA256.HashSizeInBytes;
        if (hashed < HeaderBytes || !body.AsSpan().StartsWith("PLST"u8)) problem = "not a state file";
        else if (!SHA256.HashData(body.AsSpan(0, hashed)).AsSpan().SequenceEqual(body.AsSpan(hashed))) problem = "its checksum is wrong";
        else if (BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(4)) != Format) problem = "its format is another one";
        if (problem is not null) return null;
        var position = BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(8));
        var length = (int)BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(16));
        var at = HeaderBytes + length;
        var lines = (int)BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan(at));
        return new StreamState(position, Encoding.UTF8.GetString(body, HeaderBytes, length), body[(at + 4 + lines)..hashed], body[(at + 4)..(at + 4 + lines)]);
    }
}
