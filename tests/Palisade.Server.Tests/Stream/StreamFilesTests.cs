using System.Buffers;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

public sealed class StreamFilesTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("palisade-files-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public void A_state_comes_back_as_it_was()
    {
        var files = new StreamFiles(directory);
        Assert.Null(files.State.Read(out var problem));
        Assert.Null(problem);
        files.State.Write(new StreamState(42, "content-1", new ReadOnlySequence<byte>([1, 2, 3]), [4, 5]));
        var state = files.State.Read(out problem)!;
        Assert.Equal((42UL, "content-1"), (state.Position, state.Version));
        Assert.Equal(new byte[] { 1, 2, 3 }, state.Bytes.ToArray());
        Assert.Equal(new byte[] { 4, 5 }, state.Lines);
    }

    [Fact]
    public void A_damaged_state_says_so_at_every_byte()
    {
        var files = new StreamFiles(directory);
        files.State.Write(new StreamState(42, "content-1", new ReadOnlySequence<byte>([1, 2, 3]), [4, 5]));
        var path = Path.Combine(directory, "correlation.state");
        var good = File.ReadAllBytes(path);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = good.ToArray();
            bad[i] ^= 0x40;
            File.WriteAllBytes(path, bad);
            Assert.Null(files.State.Read(out var problem));
            Assert.NotNull(problem);
            File.WriteAllBytes(path, good[..i]);
            Assert.Null(files.State.Read(out problem));
            Assert.NotNull(problem);
        }
    }

    [Fact]
    public void A_plan_comes_back_and_a_damaged_one_stops_the_stream()
    {
        var files = new StreamFiles(directory);
        Assert.Null(files.Plan.Read());
        files.Plan.Write(new StreamPlan(5, 9, "v", [new PlannedInsert(100, "t", 3)], [new DayRun(6, 100), new DayRun(8, 101), new DayRun(9, 100)]));
        var plan = files.Plan.Read()!;
        Assert.Equal([100, 100, 101, 101, 100], new ulong[] { 5, 6, 7, 8, 9 }.Select(plan.DayOf));
        Assert.Equal("t", plan.TokenOf(100, 1));
        File.WriteAllText(Path.Combine(directory, "insert.plan"), "{\"From\":5");
        Assert.Throws<InvalidDataException>(files.Plan.Read);
    }
}
