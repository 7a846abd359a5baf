using CsCheck;

namespace Palisade.Journal.Tests;

public sealed class FrameFormatTests
{
    [Fact]
    public void Checksum_is_castagnoli()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
    }

    [Fact]
    public void Checksum_by_instruction_and_by_table_agree() =>
        Gen.Byte.Array[0, 300].Sample(bytes => Crc32C.Update(~0u, bytes) == Crc32C.UpdateTable(~0u, bytes));

    [Fact]
    public void Frame_gives_back_what_was_written() =>
        Gen.Select(Gen.Long, Gen.UInt, Gen.UInt, Gen.ULong, Gen.ULong, Gen.Byte.Array[0, 300]).Sample((ms, tenant, source, session, number, payload) =>
        {
            var header = new FrameHeader(ms, tenant, source, FrameKind.Record, session, number, 2);
            var frame = new byte[FrameFormat.HeaderBytes + payload.Length];
            FrameFormat.Write(frame, header, 42, payload);
            FrameFormat.Seal(frame);
            return FrameFormat.Check(frame, out var length) == FrameCheck.Ok && length == frame.Length
                && FrameFormat.Header(frame) == header && FrameFormat.Sequence(frame) == 42
                && frame.AsSpan(FrameFormat.HeaderBytes).SequenceEqual(payload);
        });

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        var frame = new byte[FrameFormat.HeaderBytes + 9];
        FrameFormat.Write(frame, Scratch.Header(5), 42, "a payload"u8);
        FrameFormat.Seal(frame);
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(FrameCheck.Ok, FrameFormat.Check(frame, out _));
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Layout_on_disk_is_frozen()
    {
        var frame = new byte[FrameFormat.HeaderBytes + 2];
        FrameFormat.Write(frame, new FrameHeader(0x0102030405060708, 0x11121314, 0x21222324, 1, 0x3132333435363738, 0x4142434445464748, 9), 0x5152535455565758, "hi"u8);
        FrameFormat.Seal(frame);
        Assert.Equal(
            "35000000" + "88604312" + "01" + "01" + "5857565554535251" + "0807060504030201" + "14131211" + "24232221" + "3837363534333231" + "4847464544434241" + "09" + "6869",
            Convert.ToHexString(frame));
    }
}
