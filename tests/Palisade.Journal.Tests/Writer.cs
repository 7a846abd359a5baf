using System.Buffers.Binary;

namespace Palisade.Journal.Tests;

/// <summary>The process that is killed: this same executable, started with an argument of its own.</summary>
internal static class Writer
{
    public const string Argument = "--write-until-killed";

    /// <summary>Appends by four threads; tells the parent, by eight bytes each, the numbers that were acknowledged.</summary>
    public static void Run(string directory, ulong firstNumber)
    {
        using var output = Console.OpenStandardOutput();
        var options = new JournalOptions { Directory = directory, SegmentBytes = 1 << 20, GroupMilliseconds = 1 };
        using var journal = Journal.Open(options, TimeProvider.System);
        var outputGate = new Lock();
        var numberGate = new Lock();
        var next = firstNumber;
        var threads = new List<Thread>();
        for (var t = 0; t < 4; t++)
        {
            var thread = new Thread(() =>
            {
                var group = new ulong[20];
                var bytes = new byte[8 * group.Length];
                while (true)
                {
                    var sequence = 0UL;
                    for (var i = 0; i < group.Length; i++)
                    {
                        // Numbers and sequences must rise together, or a cut tail would look like a gap.
                        lock (numberGate)
                        {
                            while (journal.Append(Scratch.Header(next), Scratch.Payload(next), out sequence) != AppendResult.Ok) Thread.Yield();
                            group[i] = next++;
                        }
                    }
                    journal.WaitDurableAsync(sequence, CancellationToken.None).AsTask().GetAwaiter().GetResult();
                    for (var i = 0; i < group.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), group[i]);
                    lock (outputGate) output.Write(bytes);
                }
            });
            thread.Start();
            threads.Add(thread);
        }
        foreach (var thread in threads) thread.Join();
    }
}
