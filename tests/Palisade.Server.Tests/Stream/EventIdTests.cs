using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

public sealed class EventIdTests
{
    private const long Day = 86_400_000;
    private const long Receipt = 20_000 * Day + 3_600_000;

    [Fact]
    public void An_id_holds_node_and_sequence()
    {
        var id = EventId.Of(1023, (1UL << 54) - 1);
        Assert.Equal(ulong.MaxValue, id);
        Assert.Equal(5, EventId.Node(EventId.Of(5, 77)));
        Assert.Equal(77UL, EventId.Sequence(EventId.Of(5, 77)));
    }

    [Fact]
    public void A_day_near_receipt_is_the_events_own()
    {
        Assert.Equal(19_993, EventId.Day(Receipt - 7 * Day, Receipt));
        Assert.Equal(20_001, EventId.Day(Receipt + Day, Receipt));
        Assert.Equal(19_999, EventId.Day(Receipt - 3_600_001, Receipt));
    }

    [Fact]
    public void A_day_far_from_receipt_is_the_day_of_receipt()
    {
        Assert.Equal(20_000, EventId.Day(Receipt - 7 * Day - 1, Receipt));
        Assert.Equal(20_000, EventId.Day(Receipt + Day + 1, Receipt));
        Assert.Equal(20_000, EventId.Day(0, Receipt));
        Assert.Equal(20_000, EventId.Day(long.MinValue / 2, Receipt));
        Assert.Equal(20_000, EventId.Day(4_102_444_800_000, Receipt));
    }
}
