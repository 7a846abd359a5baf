using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Match;

namespace Palisade.Engine.Tests.Detect.Sigma;

/// <summary>The gate before codes must open for every code that holds a literal, and stay shut for nearly all others.</summary>
public sealed class CodeGateTests
{
    private static readonly Literal[] Literals =
    [
        Of("4688", Place.Whole), Of("0x1f0fff", Place.Whole), Of("127.0.0.1", Place.Whole), Of("-", Place.Whole), Of("s-1-5-18", Place.Whole),
        Of(" 123 ", Place.Anywhere), Of("200", Place.Anywhere), Of(":179", Place.End), Of("../../", Place.Anywhere), Of("-t", Place.Anywhere),
        Of("s-1-5-", Place.Start), Of("10.", Place.Start), Of("powershell", Place.Anywhere),
        Of("{00d0-", Place.Start), Of("bad", Place.Anywhere), Of("ce", Place.Anywhere), Of("feed}", Place.End), Of("{ca4e628d-8567}", Place.Whole), Of("sc.exe", Place.Whole),
    ];

    [Fact]
    public void A_code_that_holds_a_literal_always_passes()
    {
        var gate = new CodeGate(Literals, []);
        string[] parts = ["4688", "0x1f0fff", "127.0.0.1", "-", "S-1-5-18", " 123 ", "200", ":179", "../../", "-T", "10.", "T", "Z", ".", "7", "2026-01-02", "S", " ", "x",
            "{", "}", "{00D0-", "{CA4E628D-8567}", "BaD", "c", "e", "E", "f", "Feed}", "sc.exe", "b", "A", "d"];
        var state = 2463534242u;
        int codes = 0, shut = 0;
        for (var round = 0; round < 50_000; round++)
        {
            var text = round < parts.Length ? parts[round] : "";
            for (var n = round < parts.Length ? 0 : 1 + (int)(Next(ref state) % 6); n > 0; n--) text += parts[Next(ref state) % (uint)parts.Length];
            if (text.Length > Codes.Max) continue;
            // what lies behind a value must not matter, nor how it ends
            var room = Encoding.ASCII.GetBytes(text + "200-t4688" + new string(round % 2 == 0 ? '1' : 'q', 2 * Codes.Max));
            if (!Codes.Is(ref room[0], text.Length)) continue;
            codes++;
            var folded = Encoding.ASCII.GetBytes(text.ToLowerInvariant());
            var holds = Array.Exists(Literals, l => ValueTests.Placed(folded, l.Bytes, l.Place));
            var passes = gate.MayHold(ref room[0], text.Length);
            Assert.True(passes || !holds, $"'{text}' holds a literal and was turned away");
            if (!passes) shut++;
        }
        Assert.InRange(codes, 10_000, int.MaxValue);
        Assert.InRange(shut, 100, codes);
    }

    [Theory]
    [InlineData("2026-11-26T12:48:43.722Z")]
    [InlineData("1234567890123")]
    [InlineData("192.168.7.9")]
    [InlineData("4689")]
    [InlineData("0x3e7")]
    [InlineData("0x23a0")]
    [InlineData("{9F85BE58-59E6-5F2B-4300-000000000400}")]
    [InlineData("9f85be58-59e6-5f2b-4300-000000000400")]
    [InlineData("fe80::85d1:1f2f:9b3:d1f2")]
    public void A_code_that_holds_none_is_turned_away(string text)
    {
        var room = Encoding.ASCII.GetBytes(text + new string(' ', 2 * Codes.Max));
        Assert.False(new CodeGate(Literals, []).MayHold(ref room[0], text.Length));
    }

    [Fact]
    public void Literals_in_which_dashes_are_one_sign_leave_the_gate_open()
    {
        var room = Encoding.ASCII.GetBytes("12/34" + new string(' ', 2 * Codes.Max));
        Assert.True(new CodeGate([], [Of("2-3", Place.Anywhere)]).MayHold(ref room[0], 5));
        Assert.False(new CodeGate([], [Of("word", Place.Anywhere)]).MayHold(ref room[0], 5));
    }

    private static Literal Of(string text, Place place) => new(Encoding.ASCII.GetBytes(text), place);

    private static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state >> 4;
    }
}
