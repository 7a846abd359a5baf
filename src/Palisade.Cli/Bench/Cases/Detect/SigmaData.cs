using System.Diagnostics;
using System.IO.Compression;
using Palisade.Engine;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>Public rules and events that the <c>detect-*</c> cases are measured on: DIR/sigma of <c>--data DIR</c>, or DIR itself.</summary>
internal sealed class SigmaData
{
    private SigmaData(string folder) => Folder = folder;

    public string Folder { get; }

    /// <summary>Null, said once, where there is no data: then a case has no figures.</summary>
    public static SigmaData? Of(BenchContext context, string bench)
    {
        foreach (var folder in new[] { context.Data is null ? null : Path.Combine(context.Data, "sigma"), context.Data })
            if (folder is not null && File.Exists(Path.Combine(folder, "rules.tar.gz")) && File.Exists(Path.Combine(folder, "windows_events.ndjson.gz"))) return new SigmaData(folder);
        context.Talk.WriteLine($"{bench}: left out; --data must name a folder with sigma/rules.tar.gz and sigma/windows_events.ndjson.gz");
        return null;
    }

    /// <summary>The rule files, and the look-ups of field names and log sources beside them.</summary>
    public List<(string path, byte[] bytes)> Rules()
    {
        using var file = File.OpenRead(Path.Combine(Folder, "rules.tar.gz"));
        return [.. RuleArchive.Read(file, "rules.tar.gz", new ArchiveLimits()).Files, .. ContentFiles.Read(Path.Combine(ContentFiles.Folder, "lookups", "sigma"))];
    }

    public static RuleSet Load(IEnumerable<(string path, byte[] bytes)> files) => RuleSet.Load(files, new RuleLoadOptions { AnyLogSource = true }, out _);

    /// <summary>The event stream, one line an event.</summary>
    public List<ReadOnlyMemory<byte>> Events()
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(Folder, "windows_events.ndjson.gz")), CompressionMode.Decompress);
        using var all = new MemoryStream();
        file.CopyTo(all);
        ReadOnlyMemory<byte> rest = all.GetBuffer().AsMemory(0, (int)all.Length);
        var lines = new List<ReadOnlyMemory<byte>>();
        while (!rest.IsEmpty)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            if (end < 0) end = rest.Length;
            if (end > 0) lines.Add(rest[..end]);
            rest = rest[Math.Min(end + 1, rest.Length)..];
        }
        Debug.Assert(lines.Count > 0);
        return lines;
    }
}
