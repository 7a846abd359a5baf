using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Text;

namespace Palisade.Engine.Tests.Parse.Text;

/// <summary>Which texts are turned to UTF-8, and which are not.</summary>
public sealed class ForeignTextTests
{
    private static byte[] In(string encoding, string text) => (CodePagesEncodingProvider.Instance.GetEncoding(encoding) ?? Encoding.GetEncoding(encoding)).GetBytes(text);

    private static string Read(byte[] bytes)
    {
        var encoding = ForeignText.Guess(bytes, out var from);
        return Encoding.UTF8.GetString(new ForeignText().ToUtf8(bytes, encoding, from));
    }

    [Theory]
    [InlineData("gb18030", "2026-11-24 登录失败：用户 管理员"), InlineData("gb18030", "用户“李明”，来自 10.0.0.1"), InlineData("gb18030", "朱镕基 登录"), InlineData("gb18030", "登录 \U00020000 成功")]
    [InlineData("utf-16", "2026-11-24 登录失败 user=li"), InlineData("utf-16BE", "2026-11-24 登录失败 user=li"), InlineData("utf-16", "plain ASCII"), InlineData("utf-16BE", "登录 plain ASCII")]
    public void A_text_is_told_by_its_bytes(string encoding, string text) => Assert.Equal(text, Read(In(encoding, text)));

    [Theory]
    [InlineData("utf-16", 0xFF, 0xFE), InlineData("utf-16BE", 0xFE, 0xFF)]
    public void A_mark_may_stand_behind_a_header_in_ASCII(string encoding, byte first, byte second)
    {
        Assert.Equal("<13>1 - host app - - - 登录失败", Read([.. "<13>1 - host app - - - "u8, first, second, .. In(encoding, "登录失败")]));
        Assert.Equal("<13>Nov 24 10:00:00 h app: logon of li failed", Read([.. "<13>Nov 24 10:00:00 h app: "u8, .. In(encoding, "logon of li failed")]));
    }

    public static TheoryData<byte[]> Others => new(
        Encoding.UTF8.GetBytes("登录失败 ü é 😀"), Encoding.UTF8.GetBytes("登录失败")[..^1], Encoding.UTF8.GetBytes("用户 li 登录失败")[..^2],
        In("latin1", "Müller naïve café Ångström"), In("latin1", "Zürich: Größe über Bär"), In("windows-1251", "Ошибка входа пользователя"), In("shift_jis", "ｱｲｳ"),
        [0x80, 0xFF, 0x81, 0x00, 0x01, 0x02, 0xFE, 0x90], [.. "key="u8, 0xC3, 0x28, .. " value"u8], [.. "GET /a%00"u8, 0, .. "b HTTP/1.1"u8],
        [.. "not "u8, 0xFF, 0xFE, 0xC0, .. " utf-8"u8]);

    [Theory, MemberData(nameof(Others))]
    public void What_may_be_something_else_is_left_as_it_is(byte[] bytes) => Assert.Equal(ForeignEncoding.None, ForeignText.Guess(bytes, out _));

    [Theory]
    [InlineData("gb18030"), InlineData("utf-16"), InlineData("utf-16BE")]
    public void A_record_in_another_encoding_is_read_marked_and_kept(string encoding)
    {
        var content = EngineContent.Load([("sources/app/source.yml", "name: app\ndetect: 10\npatterns: [ { match: 'app: %{user.name} %{message:rest}' } ]\n"u8.ToArray())], out _);
        var pipeline = new Pipeline(content, NoGeoLookup.Instance);
        var raw = In(encoding, "app: 李明 登录失败…\r\n");
        pipeline.Add(new RecordInfo(1, 1_790_000_000_000, 1, 0, RecordInfo.AutoParser), raw);
        ref readonly var header = ref pipeline.Events.Header(0);
        Assert.Equal(ParseRefusal.None, header.Refusal);
        Assert.True(header.Flags.HasFlag(EventFlags.Transcoded));
        Assert.Equal(raw, pipeline.Events.Raw(0).ToArray());
        Assert.Equal("李明", Encoding.UTF8.GetString(pipeline.Events.Get(0, FieldNames.GetOrAdd("user.name"))));
        Assert.Equal("登录失败…", Encoding.UTF8.GetString(pipeline.Events.Get(0, FieldNames.GetOrAdd("message"))));
    }
}
