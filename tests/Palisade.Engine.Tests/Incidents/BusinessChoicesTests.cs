using System.Collections.Immutable;
using System.Text;
using Palisade.Engine.Incidents;
using Palisade.Engine.Incidents.Habits;

namespace Palisade.Engine.Tests.Incidents;

public sealed class BusinessChoicesTests
{
    private static ImmutableDictionary<uint, BusinessChoices> Say(params BusinessChoice[] choices) =>
        ImmutableDictionary<uint, BusinessChoices>.Empty.Add(1, new BusinessChoices(1, choices));

    /// <summary>A log-in page whose words tell nothing, and many that try passwords there, a few each.</summary>
    private static SiteLog Unnamed()
    {
        var day = new SiteLog().People(400);
        for (var p = 0; p < 400; p++) day.Post(p * 17, $"36.5.{p % 250}.{p / 250 + 1}", "/gate/v2/go", 200, p % 9 == 0 ? 60 : 400, "https://shop.test/").Get(p * 17 + 1, $"36.5.{p % 250}.{p / 250 + 1}", "/s/app.js", referrer: "https://shop.test/");
        for (var p = 0; p < 40; p++)
            for (var i = 0; i < 6; i++) day.Post(100 + i * 1_000 + p * 11, $"203.0.113.{p}", "/gate/v2/go", 200, 60, agent: $"{SiteLog.Chrome} OPR/{i}");
        return day;
    }

    private static Pipeline With(ImmutableDictionary<uint, BusinessChoices> choices)
    {
        var pipeline = SiteLog.NewPipeline();
        pipeline.Habits.Choices = choices;
        return pipeline;
    }

    [Theory]
    [InlineData("", "/gate/v2/go", true)]
    [InlineData("", "/gate/v9/go", true)]
    [InlineData("*", "/gate/v#/go", true)]
    [InlineData("pay.example", "/gate/v2/go", false)]
    [InlineData("", "/gate/v2/went", false)]
    public void A_page_is_what_people_say_it_is(string site, string path, bool known)
    {
        var incidents = SiteLog.Run(Unnamed().Lines, With(Say(new BusinessChoice(site, path, Business.Login))), 1, []);
        Assert.Equal(known ? ["credential_stuffing"] : [], incidents.Select(i => i.Class));
    }

    [Fact]
    public void A_page_that_is_said_to_be_nothing_is_nothing()
    {
        var day = new SiteLog().People(400);
        for (var p = 0; p < 60; p++)
            for (var i = 0; i < 6; i++) day.Post(100 + i * 1_000 + p * 11, $"203.0.113.{p}", "/passport/doLogin", 200, 58, agent: $"{SiteLog.Chrome} OPR/{i}");
        Assert.Single(SiteLog.Run(day.Lines, SiteLog.NewPipeline(), 1, []));
        Assert.Empty(SiteLog.Run(day.Lines, With(Say(new BusinessChoice("", "/passport/doLogin", Business.None))), 1, []));
    }

    [Fact]
    public void What_is_said_while_records_come_in_holds_from_then_on_and_may_be_taken_back()
    {
        var lines = Unnamed().Lines;
        var (pipeline, seen) = (SiteLog.NewPipeline(), new Dictionary<string, Incident>());
        SiteLog.Run([.. lines.Take(500)], pipeline, 1, seen);
        Assert.Equal(Business.None, Page(pipeline, "/gate/v#/go").Guess);
        pipeline.Habits.Choices = Say(new BusinessChoice("", "/gate/v2/go", Business.Login));
        Assert.Single(SiteLog.Run([.. lines.Skip(500)], pipeline, 501, seen));

        var taken = SiteLog.NewPipeline();
        taken.Habits.Choices = Say(new BusinessChoice("", "/gate/v2/go", Business.Login));
        SiteLog.Run([.. lines.Take(500)], taken, 1, []);
        taken.Habits.Choices = ImmutableDictionary<uint, BusinessChoices>.Empty;
        Assert.Empty(SiteLog.Run([.. lines.Skip(500)], taken, 501, []));
    }

    [Fact]
    public void A_state_forgets_what_is_no_longer_said()
    {
        var first = With(Say(new BusinessChoice("", "/passport/doLogin", Business.None)));
        SiteLog.Run(Unnamed().Lines, first, 1, []);
        var state = new MemoryStream();
        first.SaveState(state);
        state.Position = 0;
        var second = SiteLog.NewPipeline();
        second.LoadState(state);
        var day = new SiteLog();
        for (var p = 0; p < 60; p++)
            for (var i = 0; i < 6; i++) day.Post(100 + i * 1_000 + p * 11, $"203.0.113.{p}", "/passport/doLogin", 200, 58);
        Assert.Equal("credential_stuffing", Assert.Single(SiteLog.Run(day.Lines, second, 50_000, [])).Class);
    }

    private static BusinessPage Page(Pipeline pipeline, string shape) => pipeline.Habits.Pages(1).Single(p => p.Shape == shape);

    [Fact]
    public void Who_posts_to_a_collection_of_people_registers_who_reads_there_does_not()
    {
        var pipeline = SiteLog.NewPipeline();
        SiteLog.Run(new SiteLog().Get(0, "36.5.1.1", "/api/v2/users").Post(1, "36.5.1.1", "/api/v2/users", 201, 80).Post(2, "36.5.1.1", "/api/v2/users/7/address", 200, 80).Get(3, "36.5.1.1", "/staff/members").Lines, pipeline, 1, []);
        Assert.Equal("/api/v#/users", Assert.Single(pipeline.Habits.Pages(1), p => p.Guess == Business.Register).Shape);
    }

    [Fact]
    public void Pages_are_listed_with_guess_confidence_and_counts()
    {
        var pipeline = SiteLog.NewPipeline();
        SiteLog.Run(Unnamed().Get(50, "36.9.9.9", "/admin/login/nowhere", 404, 300).Lines, pipeline, 1, []);
        var login = Page(pipeline, "/passport/doLogin");
        Assert.Equal((Business.Login, 100, 445, 445), (login.Guess, login.Confidence, login.Count, login.Posts));
        Assert.Equal(Business.Notify, Page(pipeline, "/cashier/alipay/notify").Guess);
        Assert.Equal(Business.Coupon, Page(pipeline, "/promo/coupon/take").Guess);
        var unknown = Page(pipeline, "/gate/v#/go");
        Assert.Equal((Business.None, 0), (unknown.Guess, unknown.Confidence));
        Assert.DoesNotContain(pipeline.Habits.Pages(1), p => p.Shape is "/" or "/s/app.js" or "/admin/login/nowhere");
        Assert.Empty(pipeline.Habits.Pages(2));
    }

    [Fact]
    public void Made_up_log_in_pages_do_not_push_the_real_one_out()
    {
        var pipeline = SiteLog.NewPipeline();
        pipeline.Habits.Choices = Say(new BusinessChoice("", "/gate/v2/go", Business.Login));
        SiteLog.Run(Unnamed().Lines, pipeline, 1, []);
        var flood = new SiteLog();
        for (var i = 0; i < 200_000; i++) flood.Get(9_000 + i * 0.05, $"198.18.{i % 7}.9", $"/login/{Letters(i)}", i % 2 == 0 ? 200 : 404, 500);
        SiteLog.Run(flood.Lines, pipeline, 100_000, []);
        Assert.True(Page(pipeline, "/passport/doLogin").Count > 400);
        Assert.True(Page(pipeline, "/gate/v#/go").Count > 400);
    }

    private static string Letters(int n)
    {
        Span<char> text = stackalloc char[5];
        for (var i = 0; i < 5; i++, n /= 26) text[i] = (char)('a' + n % 26);
        return new string(text);
    }

    [Fact]
    public void A_file_of_choices_is_read_and_what_is_wrong_in_it_is_said_with_its_line()
    {
        var read = BusinessChoices.Read("pages.yml", Encoding.UTF8.GetBytes("pages:\n  - { path: /gate/v2/go, is: login }\n  - { path: gate, is: login }\n  - { path: /x, is: shop }\n  - { path: /x, is: sms, sight: a }\n"), 1, out var problems);
        Assert.Equal([("BUS002", 3), ("BUS003", 4), ("BUS004", 5)], problems.Select(p => (p.Code, p.Line)));
        Assert.Equal("credential_stuffing", Assert.Single(SiteLog.Run(Unnamed().Lines, With(ImmutableDictionary<uint, BusinessChoices>.Empty.Add(1, read)), 1, [])).Class);
        BusinessChoices.Read("pages.yml", "page: 1\n"u8.ToArray(), 1, out problems);
        Assert.Equal("BUS001", Assert.Single(problems).Code);
    }
}
