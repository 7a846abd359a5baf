using System.Text;
using CsCheck;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class SyslogTokenTests
{
    private static string? Find(string message) =>
        SyslogToken.TryFind(Encoding.UTF8.GetBytes(message), out var token) ? Encoding.UTF8.GetString(token) : null;

    [Theory]
    [InlineData("<34>1 2026-01-02T03:04:05Z web1 app 12 - [palisade@32473 token=\"abc\"] hello", "abc")]
    [InlineData("<34>1 - - - - - [palisade@32473 token=\"abc\"]", "abc")]
    [InlineData("<34>1 - - - - - [x@1 a=\"]\\\"[\" b=\"2\"][palisade@32473 site=\"s\" token=\"t-1\"] m", "t-1")]
    public void The_token_is_found_in_structured_data(string message, string token) => Assert.Equal(token, Find(message));

    [Theory]
    [InlineData("<34>1 - - - - - - GET /?[palisade@32473 token=\"abc\"]")]
    [InlineData("<34>1 - - - - - [x@1] [palisade@32473 token=\"abc\"]")]
    [InlineData("<34>Jan  2 03:04:05 web1 app: [palisade@32473 token=\"abc\"] hello")]
    [InlineData("[palisade@32473 token=\"abc\"]")]
    public void The_same_text_inside_a_message_is_not_a_token(string message) => Assert.Null(Find(message));

    [Theory]
    [InlineData("<34>1 - - - - - [palisade@32473 token=\"\"] m")]
    [InlineData("<34>1 - - - - - [palisade@32473 token=\"ab")]
    [InlineData("<34>1 - - - - - [palisade@32473 token=")]
    [InlineData("<34>1 - - - - - [palisade@32473 ")]
    [InlineData("<34>1 - - - - - [")]
    [InlineData("<34>1 - -")]
    [InlineData("<>1 - - - - - [palisade@32473 token=\"a\"]")]
    [InlineData("")]
    public void Broken_headers_have_no_token(string message) => Assert.Null(Find(message));

    [Fact]
    public void Any_bytes_after_a_good_header_are_survived() =>
        Gen.OneOf<byte>((byte)'[', (byte)']', (byte)'"', (byte)'\\', (byte)'=', (byte)' ', (byte)'a').Array[0, 60].Sample(tail =>
        {
            SyslogToken.TryFind([.. "<1>1 - - - - - [palisade@32473 "u8, .. tail], out _);
        });
}
