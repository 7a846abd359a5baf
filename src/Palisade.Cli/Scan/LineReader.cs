using System.IO.Compression;
using Palisade.Cli.Parse;
using Palisade.Engine.Parse.Records;
using ZstdSharp;

namespace Palisade.Cli.Scan;

/// <summary>Reads a log (plain, gzip or zstd, told apart by its first bytes) in blocks of whole records: lines, and the elements of JSON documents that hold many.</summary>
internal sealed class LineReader : IDisposable
{
    private readonly Stream raw;
    private readonly Stream text;
    private byte[] rest = [];
    private int restLength;
    private bool ended;
    private bool skipping;
    private RecordCutter cutter;

    private LineReader(Stream raw, Stream text, string name)
    {
        this.raw = raw;
        this.text = text;
        Name = name;
    }

    public string Name { get; }
    /// <summary>Bytes on disk, or 0 where unknown.</summary>
    public long Size { get; private init; }
    /// <summary>Lines longer than <see cref="LineBlock.MaxLine"/>.</summary>
    public long CutLines { get; private set; }
    private long line = 1;

    public static LineReader Open(string path)
    {
        try
        {
            var raw = path == "-" ? Console.OpenStandardInput() : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16, FileOptions.SequentialScan);
            var buffered = new PeekStream(raw);
            var head = buffered.Peek(4);
            Stream text = buffered;
            if (head is [0x1F, 0x8B, ..]) text = new GZipStream(buffered, CompressionMode.Decompress);
            else if (head is [0x28, 0xB5, 0x2F, 0xFD]) text = new DecompressionStream(buffered);
            return new LineReader(raw, LogFile.Plain(text), path) { Size = path == "-" ? 0 : raw.Length };
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new CliException(ExitCodes.BadInput, $"{path}:1: the compressed data is damaged: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.BadInput, $"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Fills <paramref name="block"/>; false at the end.</summary>
    public bool Read(LineBlock block)
    {
        block.Clear();
        block.FirstLine = line;
        while (!ended || restLength > 0)
        {
            Fill(block);
            Split(block);
            if (block.Count > 0) break;
        }
        block.Position = Size == 0 ? 0 : raw.Position;
        line += block.Count;
        return block.Count > 0;
    }

    /// <summary>All is read: no block comes behind the last one.</summary>
    public bool IsAtEnd => ended && restLength == 0;

    /// <summary>Takes the lines of a block from one on back: the next block begins with them. Within a document nothing is taken back.</summary>
    public void PutBack(LineBlock block, int from)
    {
        if (skipping || cutter.WasElement || !cutter.IsInLines) return;
        cutter = default;
        line -= block.Count - from;
        var start = block.Trim(from);
        restLength = block.Length - start;
        if (restLength > rest.Length) rest = new byte[Math.Max(block.Bytes.Length, restLength)];
        block.Bytes.AsSpan(start, restLength).CopyTo(rest);
    }

    private void Fill(LineBlock block)
    {
        rest.AsSpan(0, restLength).CopyTo(block.Bytes);
        block.Length = restLength;
        restLength = 0;
        try
        {
            while (!ended && block.Length < block.Bytes.Length)
            {
                var n = text.Read(block.Bytes, block.Length, block.Bytes.Length - block.Length);
                if (n == 0) { ended = true; break; }
                block.Length += n;
            }
        }
        catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
        {
            throw new CliException(ExitCodes.BadInput, $"{Name}:{line}: the compressed data is damaged: {e.Message}");
        }
    }

    /// <summary>Notes the whole records; what is left over waits for the next block.</summary>
    private void Split(LineBlock block)
    {
        var at = 0;
        while (block.Count < LineBlock.MaxLines)
        {
            var found = cutter.TryCut(block.Bytes.AsSpan(at, block.Length - at), ended, out var start, out var length, out var used);
            if (found && !skipping)
            {
                start += at;
                block.Add(start, !cutter.WasElement && length > 0 && block.Bytes[start + length - 1] == '\r' ? length - 1 : length, cutter.WasElement);
            }
            at += used;
            if (!found) break;
            skipping = false;
        }
        var left = Math.Max(0, block.Length - at);
        if (left == block.Bytes.Length) left = Overflow(block);
        if (left > rest.Length) rest = new byte[Math.Max(block.Bytes.Length, left)];
        block.Bytes.AsSpan(block.Length - left, left).CopyTo(rest);
        restLength = left;
    }

    /// <summary>A line that fills the whole block: room for it grows to the longest allowed, then it is cut.</summary>
    private int Overflow(LineBlock block)
    {
        if (skipping)
        {
            cutter.Drop();
            return 0;
        }
        if (block.Bytes.Length < LineBlock.MaxLine)
        {
            block.Bytes = [.. block.Bytes, .. new byte[LineBlock.MaxLine - block.Bytes.Length]];
            return block.Length;
        }
        block.Add(0, block.Length);
        cutter.Drop();
        CutLines++;
        skipping = true;
        return 0;
    }

    public void Dispose()
    {
        text.Dispose();
        raw.Dispose();
    }

    /// <summary>Looks at the first bytes of a stream without taking them.</summary>
    private sealed class PeekStream(Stream inner) : Stream
    {
        private byte[] head = [];
        private int given;

        public byte[] Peek(int count)
        {
            var buffer = new byte[count];
            var n = inner.ReadAtLeast(buffer, count, throwOnEndOfStream: false);
            return head = buffer[..n];
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (given == head.Length) return inner.Read(buffer);
            var n = Math.Min(buffer.Length, head.Length - given);
            head.AsSpan(given, n).CopyTo(buffer);
            given += n;
            return n;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
