using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Palisade.Server.Ingest;

/// <summary>A record's place in what one sender sent in one go; written into the journal's frame.</summary>
/// <param name="Session">Whose and which: see <see cref="SenderSession"/>. 0 = none.</param>
/// <param name="Number">From 1 on, rising by one.</param>
public readonly record struct SenderMark(ulong Session, ulong Number);

/// <summary>Session numbers of senders. Persisted in journal frames.</summary>
/// <remarks><code>
/// bit 63: 1 = request over HTTP, 0 = connection | 31 bits: who | 32 bits: which, by chance
/// bits 63, 62: 1 1 = file | 62 bits: which, counted; its numbers are the offsets behind its lines
/// </code></remarks>
public static class SenderSession
{
    private const ulong RequestBit = 1UL << 63, FileBits = 3UL << 62;

    /// <summary>A sender as far as it can be told: by its certificate, else by its address.</summary>
    public static uint Who(EndPoint? peer, string fingerprint)
    {
        var name = fingerprint.Length > 0 ? fingerprint : (peer as IPEndPoint)?.Address.ToString() ?? "";
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return BinaryPrimitives.ReadUInt32LittleEndian(hash) & int.MaxValue;
    }

    public static ulong Connection(uint who) => (ulong)who << 32 | Nonce();
    public static ulong Request() => RequestBit | Nonce();
    public static ulong File(ulong which) => FileBits | which;
    public static bool IsFile(ulong session) => (session & FileBits) == FileBits;
    public static bool IsRequest(ulong session) => (session & FileBits) == RequestBit;
    public static uint WhoOf(ulong session) => (uint)(session >> 32) & int.MaxValue;

    /// <summary>Never 0.</summary>
    private static ulong Nonce() => (ulong)RandomNumberGenerator.GetInt32(1, int.MaxValue);
}

/// <summary>What a record is known again by: its bytes and its lane.</summary>
public static class RecordDigest
{
    public static UInt128 Of(IngestLane lane, ReadOnlySpan<byte> record)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash) ^ new UInt128(lane.Tenant, lane.Source);
    }

    /// <summary>One record more behind those of <paramref name="chain"/>.</summary>
    public static UInt128 Chain(UInt128 chain, UInt128 next)
    {
        Span<byte> both = stackalloc byte[32], hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt128LittleEndian(both, chain);
        BinaryPrimitives.WriteUInt128LittleEndian(both[16..], next);
        SHA256.HashData(both, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
