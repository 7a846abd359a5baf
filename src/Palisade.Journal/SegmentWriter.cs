using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Palisade.Journal;

/// <summary>
/// The end of the chain: writes groups of frames, seals segments, hashes what it wrote. Used by one thread. Each step
/// either happens whole or leaves everything as it was, so that a step the disk refused can simply be taken again.
/// </summary>
internal sealed class SegmentWriter : IDisposable
{
    private readonly string directory;
    private readonly int node;
    private readonly long segmentBytes;
    private readonly TimeProvider time;
    private readonly ChainKey? key;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] previous = new byte[SegmentHeader.HashBytes];
    private byte[]? pendingPrevious;
    private SafeFileHandle? handle;

    public SegmentWriter(JournalOptions options, long segmentBytes, TimeProvider time)
    {
        directory = options.Directory;
        node = options.Node;
        this.segmentBytes = segmentBytes;
        this.time = time;
        key = options.KeyFile is null ? null : ChainKey.OpenOrCreate(options.KeyFile);
    }

    public Segment? Current { get; private set; }

    /// <summary>Goes on behind the last sound frame of a segment that exists already.</summary>
    public void Continue(Segment segment)
    {
        handle = File.OpenHandle(segment.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < segment.Durable;)
        {
            var n = RandomAccess.Read(handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, segment.Durable - at)), at);
            if (n == 0) throw new EndOfStreamException($"{segment.Path} became shorter while it was read.");
            hash.AppendData(buffer, 0, n);
            at += n;
        }
        Current = segment;
    }

    /// <summary>Makes room for a frame: true when the current segment has to be left and a new one begun.</summary>
    public bool MustRoll(int frameBytes) =>
        Current is null || (Current.Durable + frameBytes > segmentBytes && Current.Durable > SegmentHeader.Bytes);

    /// <summary>Room left in the current segment; at least one frame always fits into an empty one.</summary>
    public long Room => segmentBytes - Current!.Durable;

    /// <summary>Seals the current segment and begins the next.</summary>
    public Segment Roll(ulong first)
    {
        if (Current is not null)
        {
            pendingPrevious ??= hash.GetHashAndReset();
            if (key is not null) WriteSignature(Segment.SignatureOf(Current.Path), key.Sign(pendingPrevious));
        }
        var path = Path.Combine(directory, Segment.FileName(first));
        var header = new SegmentHeader(SegmentHeader.CurrentVersion, node, first, time.GetUtcNow().ToUnixTimeMilliseconds(), pendingPrevious ?? previous).Encode();
        var next = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            RandomAccess.Write(next, header, 0);
            RandomAccess.FlushToDisk(next);
            Posix.SyncDirectory(directory);
        }
        catch
        {
            next.Dispose();
            throw;
        }
        handle?.Dispose();
        handle = next;
        previous = pendingPrevious ?? previous;
        pendingPrevious = null;
        hash.AppendData(header);
        var segment = new Segment(path, first);
        segment.Advance(SegmentHeader.Bytes, first - 1);
        Current = segment;
        return segment;
    }

    /// <summary>Before the next segment is begun, so that of two segments the first is signed. A crash in between leaves one that the next roll overwrites.</summary>
    private static void WriteSignature(string path, byte[] signature)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.Write(file, signature, 0);
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Writes whole frames behind the durable end and makes them durable. A failed write is overwritten by the next attempt.</summary>
    public void Write(ReadOnlySpan<byte> frames)
    {
        RandomAccess.Write(handle!, frames, Current!.Durable);
        RandomAccess.FlushToDisk(handle!);
        hash.AppendData(frames);
    }

    /// <summary>Cuts off what a failed write left behind the durable end.</summary>
    public void Trim()
    {
        if (handle is null || Current is null) return;
        if (RandomAccess.GetLength(handle) > Current.Durable) RandomAccess.SetLength(handle, Current.Durable);
    }

    public void Dispose()
    {
        handle?.Dispose();
        hash.Dispose();
        key?.Dispose();
    }
}
