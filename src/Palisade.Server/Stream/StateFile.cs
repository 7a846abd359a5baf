using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Palisade.Server.Streaming;

/// <summary>Correlation state as it was right after one journal sequence.</summary>
/// <param name="Version">Content that made it; state of other rules is not loaded.</param>
/// <param name="Lines">Lines that waited for the rest of their record; they are loaded whatever the content.</param>
/// <param name="Memory">What <paramref name="Bytes"/> lie in, to be given back after they are written; null when nobody wants it back.</param>
public sealed record StreamState(ulong Position, string Version, ReadOnlySequence<byte> Bytes, byte[] Lines, IDisposable? Memory = null);

/// <summary>The file that holds the last snapshot.</summary>
/// <remarks><code>"PLST" | format u32 | position u64 | version length u32 | version UTF-8 | lines length u32 | lines … | state … | SHA-256 of all before</code></remarks>
public sealed class StateFile(string path)
{
    private const uint Format = 2;
    private const int HeaderBytes = 20;

    public void Write(StreamState state)
    {
        var version = Encoding.UTF8.GetBytes(state.Version);
        var head = new byte[HeaderBytes + version.Length + 4 + state.Lines.Length];
        "PLST"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), Format);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(8), state.Position);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(16), (uint)version.Length);
        version.CopyTo(head, HeaderBytes);
        var at = HeaderBytes + version.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(at), (uint)state.Lines.Length);
        state.Lines.CopyTo(head, at + 4);
        AtomicFile.Write(path, file =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Put(head);
            foreach (var part in state.Bytes) Put(part.Span);
            file.Write(hash.GetHashAndReset());

            void Put(ReadOnlySpan<byte> bytes)
            {
                hash.AppendData(bytes);
                file.Write(bytes);
            }
        });
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
        return new StreamState(position, Encoding.UTF8.GetString(body, HeaderBytes, length), new ReadOnlySequence<byte>(body, at + 4 + lines, hashed - at - 4 - lines), body[(at + 4)..(at + 4 + lines)]);
    }
}
