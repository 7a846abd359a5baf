using System.Buffers;
using System.Text;
using CsCheck;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SyslogFramerTests
{
    /// <summary>Feeds the stream in pieces of one size and writes down what came out.</summary>
    private static List<string> Cut(ReadOnlySpan<byte> stream, int piece, int limit = 1024)
    {
        var result = new List<string>();
        var framer = new SyslogFramer(limit);
        var held = new List<byte>();
        for (var at = 0; at <= stream.Length; at += piece)
        {
            var completed = at + piece > stream.Length;
            held.AddRange(stream[at..Math.Min(stream.Length, at + piece)]);
            var buffer = Segmented(held.ToArray());
            FrameStatus status;
            while ((status = framer.TryRead(ref buffer, completed, out var message, out var refusal)) != FrameStatus.NeedMore)
                result.Add(status == FrameStatus.Message ? Encoding.Latin1.GetString(message.ToArray()) : "!" + refusal);
            held = [.. buffer.ToArray()];
        }
        Assert.Empty(held);
        return result;
    }

    private static List<string> Cut(string stream, int piece, int limit = 1024) => Cut(Encoding.Latin1.GetBytes(stream), piece, limit);

    /// <summary>The same bytes as two segments, so that every search crosses a border.</summary>
    private static ReadOnlySequence<byte> Segmented(byte[] bytes)
    {
        var first = new Segment(bytes.AsMemory(0, bytes.Length / 2), 0, null);
        var second = new Segment(bytes.AsMemory(bytes.Length / 2), bytes.Length / 2, first);
        return new ReadOnlySequence<byte>(first, 0, second, bytes.Length - bytes.Length / 2);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index, Segment? before)
        {
            Memory = memory;
            RunningIndex = index;
            if (before is not null) before.Next = this;
        }
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(7), InlineData(1000)]
    public void Both_framings_mix_on_one_connection(int piece) =>
        Assert.Equal(["<13>one", "<13>two\nlines", "<13>three", "2026-01-02 four", "<13>five"],
            Cut("<13>one\n13 <13>two\nlines<13>three\r\n2026-01-02 four\n\n8 <13>five", piece));

    [Fact]
    public void A_line_that_starts_with_a_number_is_a_line() =>
        Assert.Equal(["200 OK", "12345678 <x", "0 <zero", "7"], Cut("200 OK\n12345678 <x\n0 <zero\n7", 4));

    [Fact]
    public void An_octet_counted_message_loses_its_trailing_line_end() => Assert.Equal(["<1>a"], Cut("6 <1>a\r\n", 1));

    [Fact]
    public void A_last_line_without_its_end_is_a_message() => Assert.Equal(["<1>a", "<1>b"], Cut("<1>a\n<1>b", 3));

    [Fact]
    public void A_half_frame_is_refused() => Assert.Equal(["<1>a", "!HalfFrame"], Cut("4 <1>a20 <1>cut off", 5));

    [Theory]
    [InlineData(1), InlineData(64), InlineData(100_000)]
    public void A_line_over_the_limit_is_refused_once_and_the_next_is_read(int piece) =>
        Assert.Equal(["<1>a", "!LineTooLong", "<1>b"], Cut("<1>a\n" + new string('x', 10_000) + "\n<1>b\n", piece));

    [Theory]
    [InlineData(1), InlineData(64), InlineData(100_000)]
    public void A_count_over_the_limit_is_skipped_byte_for_byte(int piece) =>
        Assert.Equal(["!LineTooLong", "<1>b"], Cut("5000 <" + new string('x', 4999) + "4 <1>b", piece));

    [Fact]
    public void A_count_that_is_too_small_spoils_only_its_own_line() =>
        Assert.Equal(["<1>a", "bc", "<1>d"], Cut("4 <1>abc\n<1>d\n", 2));

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(7), InlineData(1000)]
    public void Lines_in_UTF_16_end_at_a_line_feed_of_two_bytes(int piece)
    {
        foreach (var encoding in new[] { Encoding.Unicode, Encoding.BigEndianUnicode })
        {
            // U+4E0A, U+0A41 and U+4100 hold the bytes of a line feed and a NUL without being one.
            const string first = "<13>one \u4E0A\u0A41\u4100", second = "\u4E00\u4E0D\u4E0D";
            byte[] text = [.. encoding.GetBytes(first + "\r\n\n" + second + "\n<13>three\n"), .. "<13>plain\n"u8];
            string[] expected = [encoding.GetString(encoding.GetBytes(first)), second, "<13>three"];
            foreach (var mark in new[] { encoding.GetPreamble(), [] })
            {
                var cut = Cut([.. mark, .. text], piece).Select(Encoding.Latin1.GetBytes).ToArray();
                Assert.Equal(expected, cut[..^1].Select(line => encoding.GetString(line).TrimEnd('\r')));
                Assert.Equal("<13>plain", Encoding.ASCII.GetString(cut[^1]));
            }
        }
    }

    [Theory]
    [InlineData(1), InlineData(64), InlineData(100_000)]
    public void A_line_in_UTF_16_over_the_limit_is_refused_once_and_the_next_is_read(int piece)
    {
        var cut = Cut(Encoding.Unicode.GetBytes("<1>a\n" + new string('x', 10_001) + "\n<1>b\n"), piece);
        Assert.Equal(["<1>a", "!LineTooLong", "<1>b"], cut.Select(line => line.Replace("\0", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_NUL_ends_a_message_of_single_bytes() => Assert.Equal(["<1>a", "x", "<1>b"], Cut("<1>a\0x\0<1>b\n\0\n\0", 1));

    [Fact]
    public void Noise_never_breaks_the_framer_and_pieces_do_not_matter() =>
        Gen.Select(Gen.Frequency((3, Gen.OneOf<byte>((byte)'<', (byte)'\n', (byte)'1', (byte)'3', (byte)' ', (byte)'9')), (1, Gen.Byte), (1, Gen.OneOf<byte>(0, 0xFF, 0xFE))).Array[0, 300], Gen.Int[1, 40])
            .Sample((bytes, piece) => Assert.Equal(Cut(bytes, bytes.Length + 1, 64), Cut(bytes, piece, 64)), iter: 2000);
}
