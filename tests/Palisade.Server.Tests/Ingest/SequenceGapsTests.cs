using System.Net.Sockets;
using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SequenceGapsTests
{
    private static readonly IngestLane Lane = new(1, 2);

    private static long[] Note(params int[] numbers)
    {
        var gaps = new SequenceGaps();
        return [.. numbers.Select(n => gaps.Note(Lane, Message(n)))];
    }

    private static byte[] Message(int number, string host = "web1") => Encoding.ASCII.GetBytes($"<13>1 - {host} app - - [x@1 a=\"b\"][meta sequenceId=\"{number}\" sysUpTime=\"1\"] text");

    private static int[] From(int first, int count) => [.. Enumerable.Range(first, count)];

    [Fact]
    public void Missing_numbers_of_a_steady_count_are_a_gap()
    {
        Assert.Equal(0, Note(From(1, 100)).Sum());
        Assert.Equal(7, Note([.. From(1, 50), .. From(58, 50)]).Sum());
        Assert.Equal(8, Note([.. From(1, 50), .. From(58, 20), .. From(79, 20)]).Sum());
    }

    [Fact]
    public void A_count_that_starts_over_wraps_or_belongs_to_several_says_nothing()
    {
        Assert.Equal(0, Note([.. From(500, 50), .. From(1, 50)]).Sum());
        Assert.Equal(0, Note([.. From(int.MaxValue - 20, 21), .. From(1, 50)]).Sum());
        Assert.Equal(0, Note([.. From(1, 50), .. From(10_000_000, 50)]).Sum());
        Assert.Equal(0, Note([.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? i : 5000 + i)]).Sum());
    }

    [Fact]
    public void Hosts_are_counted_apart_and_what_has_no_number_is_passed_over()
    {
        var gaps = new SequenceGaps();
        long missing = 0;
        for (var i = 1; i < 100; i++)
        {
            missing += gaps.Note(Lane, Message(i, "a")) + gaps.Note(Lane, Message(i * 1000, "b")) + gaps.Note(new IngestLane(1, 3), Message(i + 7, "a"));
            missing += gaps.Note(Lane, "<13>1 - a app - - - [meta sequenceId=\"77\"] text"u8) + gaps.Note(Lane, "<13>Jan  1 00:00:00 a [meta sequenceId=\"9\"]"u8);
        }
        Assert.Equal(0, missing);
    }

    [Fact]
    public async Task A_gap_is_counted_beside_what_was_received()
    {
        await using var server = await IngestServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Tcp);
        foreach (var number in (int[])[.. From(1, 20), .. From(31, 20)]) await client.GetStream().WriteAsync((byte[])[.. Message(number), (byte)'\n']);
        Assert.Equal(40, (await server.ReadAsync(40)).Count);
        Assert.Equal(new() { [IngestRefusal.Gap] = 10 }, await server.RefusalsAsync(10));
    }
}
