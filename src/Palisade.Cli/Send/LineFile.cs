using System.IO.Compression;

namespace Palisade.Cli.Send;

/// <summary>Lines of a file, plain or gzip, or of standard input.</summary>
internal sealed class LineFile : IDisposable
{
    private readonly Stream stream;
    private byte[] buffer = new byte[1 << 20];
    private int start, end;
    private bool ended;

    private LineFile(Stream stream) => this.stream = stream;

    /// <exception cref="CliException">The file cannot be read.</exception>
    public static LineFile Open(string path)
    {
        if (path == "-") return new LineFile(Console.OpenStandardInput());
        try
        {
            Stream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            return new LineFile(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.BadInput, $"{path}: {error.Message}");
        }
    }

    /// <summary>Adds lines to the batch until it holds <paramref name="limit"/> or the file ends.</summary>
    /// <returns>False when the file has ended.</returns>
    public async ValueTask<bool> FillAsync(LineBatch batch, int limit, CancellationToken cancellationToken)
    {
        while (batch.Count < limit && !batch.IsFull)
        {
            var at = buffer.AsSpan(start, end - start).IndexOf((byte)'\n');
            if (at >= 0)
            {
                Take(batch, at);
                start++;
                continue;
            }
            if (ended)
            {
                if (end > start) Take(batch, end - start);
                return false;
            }
            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }
            if (end == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var n = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            end += n;
            ended = n == 0;
        }
        return true;
    }

    public void Dispose() => stream.Dispose();

    private void Take(LineBatch batch, int length)
    {
        var line = buffer.AsSpan(start, length);
        start += length;
        if (line.EndsWith("\r"u8)) line = line[..^1];
        if (line.Length > 0) batch.Add(line);
    }
}
