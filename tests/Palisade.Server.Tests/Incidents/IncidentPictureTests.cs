using Palisade.Protocol;
using Palisade.Server.Incidents;
using Palisade.Server.Storage;

namespace Palisade.Server.Tests.Incidents;

/// <summary>What the pictures of an incident show, and that they stay small.</summary>
public sealed class IncidentPictureTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000);

    private static LaneStep Step(int lane, int minute, AttackOutcome? outcome, string title = "step") => new(lane, Start.AddMinutes(minute), outcome, title, "", "sqli");

    [Fact]
    public void Steps_stand_in_their_order_and_the_span_held_begins_with_the_first_success()
    {
        var plan = LaneLayout.Of([Step(2, 40, AttackOutcome.Likely), Step(0, 0, AttackOutcome.Failed), Step(4, 72, AttackOutcome.Succeeded), Step(5, 90, null), Step(1, 10, AttackOutcome.Blocked)], 6);
        Assert.Equal([0, 1, 2, 4, 5], plan.Marks.Select(m => m.Lane));
        Assert.Equal(plan.Marks.Select(m => m.X).Order(), plan.Marks.Select(m => m.X));
        Assert.Equal((plan.Marks[2].X, plan.Marks[3].X, TimeSpan.FromMinutes(32)), plan.Held);
        Assert.Equal(0, plan.Dropped);
    }

    [Fact]
    public void Nothing_was_held_where_nothing_worked_or_nothing_followed()
    {
        Assert.Null(LaneLayout.Of([Step(0, 0, AttackOutcome.Failed), Step(1, 5, AttackOutcome.Unknown)], 6).Held);
        Assert.Null(LaneLayout.Of([Step(0, 0, AttackOutcome.Failed), Step(1, 5, AttackOutcome.Succeeded), Step(5, 9, null)], 6).Held);
    }

    [Fact]
    public void Of_many_steps_those_that_worked_and_those_that_open_a_phase_are_drawn()
    {
        var many = Enumerable.Range(0, 64).Select(i => Step(i % 5, i, i == 63 ? AttackOutcome.Succeeded : AttackOutcome.Failed, $"s{i}")).Append(Step(5, 100, null)).ToList();
        var plan = LaneLayout.Of(many, 6);
        Assert.Equal(LaneLayout.MostSteps + 1, plan.Marks.Count);
        Assert.Equal(64 - LaneLayout.MostSteps, plan.Dropped);
        Assert.Contains(plan.Marks, m => m.Title == "s63");
        Assert.Equal(Enumerable.Range(0, 6), plan.Marks.Select(m => m.Lane).Distinct().Order());
        Assert.All(plan.Marks, m => Assert.InRange(m.X, LaneLayout.Left, plan.W));
    }

    [Fact]
    public void A_label_that_does_not_fit_ends_in_an_ellipsis()
    {
        Assert.Equal("short", LaneLayout.Fit("short", 100));
        Assert.Equal("a rather lo…", LaneLayout.Fit("a rather long title", 78));
        Assert.True(LaneLayout.Fit("网站后台被上传了后门文件", 78).Length < LaneLayout.Fit("a rather long title", 78).Length);
    }

    [Fact]
    public void A_graph_has_few_nodes_a_layer_and_leaves_out_no_attempt()
    {
        var links = Enumerable.Range(0, 40).Select(i => new StoryLink($"198.51.100.{i}", i % 2 == 0 ? "sqli" : "scanner", "shop.example", "", i == 33 ? AttackOutcome.Succeeded : AttackOutcome.Failed, i + 1)).ToList();
        var graph = GraphLayout.Of(links);
        Assert.Equal([7, 2, 1], graph.Nodes.GroupBy(n => n.Column).OrderBy(g => g.Key).Select(g => g.Count()));
        Assert.Equal("198.51.100.33", graph.Nodes.First(n => n.Column == GraphColumn.Actor).Key);
        Assert.Equal(34, graph.Nodes.Single(n => n.Key == GraphLayout.Rest).Rest);
        var all = links.Sum(l => l.Count);
        Assert.Equal((all, all), (graph.Edges.Where(e => e.From.Column == GraphColumn.Actor).Sum(e => e.Count), graph.Edges.Where(e => e.To.Column == GraphColumn.Target).Sum(e => e.Count)));
        Assert.Equal(["198.51.100.33"], graph.Edges.Where(e => e.From.Column == GraphColumn.Actor && e.Best == AttackOutcome.Succeeded).Select(e => e.From.Key));
    }

    [Fact]
    public void A_layer_that_nothing_is_known_of_is_left_out()
    {
        var graph = GraphLayout.Of([new StoryLink("198.51.100.1", "brute_force", "", "root", AttackOutcome.Failed, 3)]);
        Assert.Equal([GraphColumn.Actor, GraphColumn.Method, GraphColumn.Account], graph.Nodes.Select(n => n.Column));
        Assert.Equal(2, graph.Edges.Count);
        Assert.Empty(GraphLayout.Of([]).Nodes);
    }
}
