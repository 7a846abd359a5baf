using System.Text.Json;
using Palisade.Server.Streaming;

namespace Palisade.Server.Ingest;

/// <summary>
/// What is known of files, in one small JSON file that is replaced whole. Offsets in it are at or behind what the journal holds; the
/// frames in the journal's tail bring them up to date.
/// </summary>
internal sealed class FileStateFile(string path)
{
    public const int Version = 1;
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public sealed record Entry(
        ulong Session, string Pattern, ulong Device, ulong Inode, long Born, string Path, long Offset, int HeadLength, ulong HeadHash, bool Done, long GoneMs);

    public sealed record State(int Version, ulong NextSession, IReadOnlyList<Entry> Files);

    public bool Exists => File.Exists(path);

    /// <summary>Last state written; an empty one at first.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or of a newer version.</exception>
    public State Load()
    {
        if (!Exists) return new State(Version, 1, []);
        try
        {
            var state = JsonSerializer.Deserialize<State>(File.ReadAllBytes(path), Options);
            if (state is { Version: <= Version, Files: not null }) return state;
            throw new InvalidDataException($"{path} has version {state?.Version}; this Palisade reads up to {Version}.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} is damaged: {e.Message} Remove it to read all files from their beginnings again.", e);
        }
    }

    public void Save(ulong nextSession, IEnumerable<TrackedFile> files) => AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(
        new State(Version, nextSession, [.. files.Select(f => new Entry(
            f.Session, f.Pattern, f.Identity.Device, f.Identity.Inode, f.Identity.Born, f.Path, f.Offset, f.HeadLength, f.HeadHash, f.Done, f.GoneMs))]), Options));

    public static TrackedFile Restore(Entry e) => new(e.Session, e.Pattern)
    {
        Identity = new FileIdentity(e.Device, e.Inode, e.Born), Path = e.Path, Offset = e.Offset, HeadLength = e.HeadLength, HeadHash = e.HeadHash, Done = e.Done, GoneMs = e.GoneMs,
    };
}
