namespace Palisade.Cli.Bench;

/// <summary>The sample lines of all sources, in a random order that is always the same: the hardest stream there is, since no line is like the one before.</summary>
internal static class SampleLines
{
    public static IReadOnlyList<byte[]> Read(string content, int count, int seed)
    {
        var samples = Directory.EnumerateFiles(Path.Combine(content, "sources"), "sample.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .SelectMany(static f => Split(File.ReadAllBytes(f))).ToArray();
        var order = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => samples[order.Next(samples.Length)])];
    }

    private static IEnumerable<byte[]> Split(byte[] bytes)
    {
        for (var start = 0; start < bytes.Length;)
        {
            var end = Array.IndexOf(bytes, (byte)'\n', start);
            if (end < 0) end = bytes.Length;
            if (end > start) yield return bytes[start..end];
            start = end + 1;
        }
    }
}
