namespace Palisade.Engine.Tests;

public sealed class NameTableTests
{
    private readonly NameTable table = new(first: 1_000, max: 100, reserved: 20, perTenant: 6);

    [Fact]
    public void Names_without_end_in_records_leave_room_for_those_that_rules_ask_for()
    {
        for (var i = 0; i < 80; i++) Assert.Equal(1_000 + i, table.OfRecord($"x{i}"));
        for (var i = 80; i < 10_000; i++) Assert.Equal(0, table.OfRecord($"x{i}"));
        for (var i = 0; i < 20; i++) Assert.Equal(1_080 + i, table.OfContent($"rule{i}", 0));
        Assert.Equal(0, table.OfContent("one too many", 0));
        // what is known stays known to both
        Assert.Equal((1_003, 1_085), (table.OfRecord("x3"), table.OfRecord("rule5")));
        Assert.Equal("rule5", table.Name(1_085));
    }

    [Fact]
    public void A_name_has_one_id_whoever_asks_first_from_however_many_threads()
    {
        var ids = new ushort[64];
        Parallel.For(0, ids.Length, i => ids[i] = i % 2 == 0 ? table.OfRecord("same") : table.OfContent("same", 0));
        Assert.Single(ids.Distinct());
        Assert.Equal("same", table.Name(ids[0]));
    }

    [Fact]
    public void Rules_of_one_tenant_take_no_more_than_their_share_however_often_they_change()
    {
        for (var i = 0; i < 6; i++) Assert.Equal(1_000 + i, table.OfContent($"own{i}", 7));
        for (var i = 6; i < 1_000; i++) Assert.Equal(0, table.OfContent($"own{i}", 7));
        // what is known is known to it too, and others have theirs
        Assert.Equal((1_006, 1_006, 1_000), (table.OfContent("platform", 0), table.OfContent("platform", 7), table.OfContent("own0", 7)));
        Assert.Equal(1_007, table.OfContent("own6", 8));
    }
}
