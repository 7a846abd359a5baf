using System.Buffers.Binary;
using System.Diagnostics;

namespace Palisade.Journal.Tests;

/// <summary>
/// A writer process is killed in full flight, again and again. What it acknowledged (told us after the wait) must be
/// there, with its payload; nothing may be there that it did not append; nothing twice.
/// </summary>
public sealed class KillTests
{
    [Fact]
    public async Task Killed_writer_loses_nothing_acknowledged_and_invents_nothing()
    {
        var rounds = Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1" ? 50 : 5;
        using var scratch = new Scratch();
        var acknowledged = new HashSet<ulong>();
        var seed = new Random(20261124);
        for (var round = 1; round <= rounds; round++)
        {
            var before = acknowledged.Count;
            await RunAndKill(scratch.Root, round, acknowledged, killAfter: seed.Next(500, 20_000));
            Assert.True(acknowledged.Count > before);

            using var journal = Journal.Open(scratch.Options with { SegmentBytes = 1 << 20 }, TimeProvider.System);
            Assert.Empty(journal.Damages);
            var verification = journal.Verify(TestContext.Current.CancellationToken);
            Assert.True(verification.IsWhole, string.Join("\n", verification.Damages));
            using var reader = journal.OpenReader("check");
            reader.Seek(0);
            var found = Scratch.ReadNumbers(reader);
            var unique = found.ToHashSet();
            Assert.Equal(found.Count, unique.Count);
            Assert.Subset(unique, acknowledged);
            // A writer numbers its records without gaps, so what is there must be a run from each round's first number.
            foreach (var perRound in found.GroupBy(static n => n >> 32))
            {
                Assert.InRange((int)perRound.Key, 1, round);
                Assert.Equal(Scratch.Numbers(perRound.Key << 32, (perRound.Key << 32) + (ulong)perRound.Count() - 1), perRound.Order());
            }
        }
    }

    private static async Task RunAndKill(string directory, int round, HashSet<ulong> acknowledged, int killAfter)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.ArgumentList.Add(Writer.Argument);
        start.ArgumentList.Add(directory);
        start.ArgumentList.Add(round.ToString());
        using var process = Process.Start(start)!;
        var killed = false;
        var bytes = new byte[8];
        var told = 0;
        while (true)
        {
            var n = await process.StandardOutput.BaseStream.ReadAtLeastAsync(bytes, 8, throwOnEndOfStream: false);
            if (n < 8) break;
            acknowledged.Add(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            if (++told < killAfter || killed) continue;
            process.Kill();
            killed = true;
        }
        await process.WaitForExitAsync();
        Assert.True(killed, $"the writer ended by itself with exit code {process.ExitCode}");
    }
}
