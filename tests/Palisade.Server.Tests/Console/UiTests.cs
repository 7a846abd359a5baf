using Palisade.Server.Console;

namespace Palisade.Server.Tests.Console;

public sealed class UiTests
{
    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }

    private static Ui In(string language, string zone = "UTC")
    {
        var ui = new Ui(new TextCatalogue(), new FixedTime(new DateTimeOffset(2026, 11, 23, 1, 12, 0, TimeSpan.Zero)));
        ui.Speak(language);
        ui.LiveIn(zone);
        return ui;
    }

    [Fact]
    public void Numbers_take_the_form_of_the_language()
    {
        Assert.Equal("48,316", In("en").Number(48316));
        Assert.Equal("1.3M", In("en").Compact(1_300_000));
        Assert.Equal("132.4 万".Replace("132.4", "132"), In("zh-CN").Compact(1_324_000));
        Assert.Equal("< 0.1%", In("en").Percent(0.0004));
        Assert.Equal("66.1%", In("en").Percent(0.6612));
    }

    [Fact]
    public void Change_has_its_sign_and_a_true_minus()
    {
        Assert.Equal("+7.5%", Ui.Delta(1075, 1000));
        Assert.Equal("−50%", Ui.Delta(50, 100));
        Assert.Equal("", Ui.Delta(5, 0));
    }

    [Fact]
    public void Times_are_in_the_tenants_zone()
    {
        var at = new DateTimeOffset(2026, 11, 22, 20, 2, 0, TimeSpan.Zero);
        Assert.Equal("04:02", In("en", "Asia/Shanghai").Time(at));
        Assert.Equal("22 Nov 20:02", In("en").Time(at));
        Assert.Equal("11月22日 20:02", In("zh-CN").Time(at));
        Assert.Equal("2026年11月23日 周一 09:12（UTC+8）", In("zh-CN", "Asia/Shanghai").Today());
        Assert.Equal("Mon 23 Nov 2026, 01:12 (UTC)", In("en", "No/Such_Zone").Today());
    }

    [Fact]
    public void A_span_says_the_day_of_its_end_where_it_is_another()
    {
        var now = new DateTimeOffset(2026, 11, 23, 1, 12, 0, TimeSpan.Zero);
        Assert.Equal("30 Aug 01:12 – 23 Nov 01:12", In("en").Span(now.AddDays(-85), now));
        Assert.Equal("00:12 – 01:12", In("en").Span(now.AddHours(-1), now));
        Assert.Equal("11月22日 20:12 – 23:12", In("zh-CN").Span(now.AddHours(-5), now.AddHours(-2)));
    }

    [Fact]
    public void One_is_said_differently_from_many()
    {
        Assert.Equal("one open", In("en").Count("dash.open", 1));
        Assert.Equal("1,200 open", In("en").Count("dash.open", 1200));
        Assert.Equal("3 条未处理", In("zh-CN").Count("dash.open", 3));
    }
}
