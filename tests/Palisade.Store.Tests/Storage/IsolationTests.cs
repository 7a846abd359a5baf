using System.Reflection;
using System.Text;
using Palisade.Engine;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Storage;
using EventId = Palisade.Server.Streaming.EventId;

namespace Palisade.Store.Tests.Storage;

/// <summary>Every query, asked by a tenant that owns nothing of what is stored.</summary>
public sealed class IsolationTests(SharedStore shared) : IClassFixture<SharedStore>
{
    private sealed record Ask(string Method, Func<uint, Task<long>> Rows);

    [Fact]
    public async Task No_query_shows_a_tenant_what_is_anothers()
    {
        var owner = SharedStore.NewTenant();
        var stranger = SharedStore.NewTenant();
        var run = Samples.Run(owner, 200);
        await Samples.StoreAsync(shared.Value, run, $"isolation-{owner}");
        var q = shared.Value.Queries;
        var stop = CancellationToken.None;
        var range = new TimeRange(Samples.Whole.From, Samples.Whole.To.AddHours(2));
        var attack = Samples.Attacks(run)[0];
        var id = EventId.Of(Samples.Node, run.Events.Header(attack.Event).Sequence);
        Assert.True(run.Events.TryGet(attack.Event, FieldNames.GetOrAdd("source.ip"), out var source));
        var address = Encoding.UTF8.GetString(source);
        var who = AttackerSubject.Parse(address)!;
        var search = new EventSearch(range);
        var unread = new UnreadRange(Samples.SshSource, range.From.ToUnixTimeMilliseconds(), range.To.ToUnixTimeMilliseconds());
        static async Task<long> Some<T>(Task<HashSet<T>> rows) => (await rows).Count;
        static async Task<long> Many<T>(Task<List<T>> rows) => (await rows).Count;
        Ask[] asks =
        [
            new(nameof(q.AttackHistogramAsync), t => Many(q.AttackHistogramAsync(t, range, TimeSpan.FromMinutes(5), stop))),
            new(nameof(q.AttackHistogramAsync), t => Many(q.AttackHistogramAsync(t, range, TimeSpan.FromHours(1), stop))),
            new(nameof(q.ClassTotalsAsync), t => Many(q.ClassTotalsAsync(t, range, stop))),
            new(nameof(q.OutcomeTotalsAsync), t => Many(q.OutcomeTotalsAsync(t, range, stop))),
            new(nameof(q.TopAttackersAsync), t => Many(q.TopAttackersAsync(t, range, AttackerKey.Address, 10, stop))),
            new(nameof(q.TopTargetsAsync), t => Many(q.TopTargetsAsync(t, range, TargetKey.Path, 10, stop))),
            new(nameof(q.EventAsync), async t => await q.EventAsync(t, id, stop) is null ? 0 : 1),
            new(nameof(q.SearchAsync), t => Many(q.SearchAsync(t, search, stop))),
            new(nameof(q.CountAsync), t => q.CountAsync(t, search, stop)),
            new(nameof(q.SourceTotalsAsync), t => Many(q.SourceTotalsAsync(t, range, stop))),
            new(nameof(q.UnparsedAsync), t => Many(q.UnparsedAsync(t, Samples.SshSource, range, 10, stop))),
            new(nameof(q.CountUnreadAsync), t => q.CountUnreadAsync(t, unread, stop)),
            new(nameof(q.UnreadPlacesAsync), t => Many(q.UnreadPlacesAsync(t, unread, 0, 10, stop))),
            new(nameof(q.UnreadAsync), t => Many(q.UnreadAsync(t, unread, 0, ulong.MaxValue, stop))),
            new(nameof(q.ReadOfAsync), t => Some(q.ReadOfAsync(t, unread, [id], stop))),
            new(nameof(q.FoundInAsync), t => Some(q.FoundInAsync(t, [id], stop))),
            new(nameof(q.FindingsOfEventAsync), t => Many(q.FindingsOfEventAsync(t, id, stop))),
            new(nameof(q.RuleHitsAsync), t => Many(q.RuleHitsAsync(t, range, stop))),
            new(nameof(q.RuleHistogramAsync), t => Many(q.RuleHistogramAsync(t, range, attack.Rule.Id, TimeSpan.FromHours(1), stop))),
            new(nameof(q.RawPageAsync), t => Many(q.RawPageAsync(t, range, 0, 10, stop))),
            new(nameof(q.CountReceivedAsync), t => q.CountReceivedAsync(t, range, stop)),
            new(nameof(q.LatestOfEachSourceAsync), t => Many(q.LatestOfEachSourceAsync(t, range, 1, 10, stop))),
            new(nameof(q.RuleHistogramsAsync), async t => (await q.RuleHistogramsAsync(t, range, [attack.Rule.Id], TimeSpan.FromHours(1), stop)).Sum(g => g.Sum(b => b.Count))),
            new(nameof(q.LikeAsync), t => Many(q.LikeAsync(t, range, [new MuteCondition(Mute.RuleField, MuteTest.Is, attack.Rule.Id)], stop))),
            new(nameof(q.AttackerTriesAsync), t => Many(q.AttackerTriesAsync(t, range, who, stop))),
            new(nameof(q.AttackerTargetsAsync), t => Many(q.AttackerTargetsAsync(t, range, who, stop))),
            new(nameof(q.AttackerHistogramAsync), t => Many(q.AttackerHistogramAsync(t, range, who, TimeSpan.FromHours(1), stop))),
            new(nameof(q.AttackerTrafficAsync), async t => (await q.AttackerTrafficAsync(t, range, who, stop))?.Events ?? 0),
            new(nameof(q.AttackerAddressesAsync), t => Many(q.AttackerAddressesAsync(t, range, AttackerSubject.Around(System.Net.IPAddress.Parse(address)), 10, stop))),
            new(nameof(q.AttackerActsAsync), t => Many(q.AttackerActsAsync(t, range, who, true, null, 10, stop))),
            new(nameof(q.AttackerActsAsync), t => Many(q.AttackerActsAsync(t, range, who, false, null, 10, stop))),
            new(nameof(q.AttackFlowAsync), async t => (await q.AttackFlowAsync(t, range, new AttackFilter(), AttackerKey.Address, stop)).Rows.Count),
            new(nameof(q.AttackMethodsAsync), t => Many(q.AttackMethodsAsync(t, range, new AttackFilter(), 10, stop))),
            new(nameof(q.AttackHoursAsync), t => Many(q.AttackHoursAsync(t, range, new AttackFilter(), stop))),
            new(nameof(q.AttackRegionsAsync), t => Many(q.AttackRegionsAsync(t, range, new AttackFilter(), 10, stop))),
            new(nameof(q.StoryLinksAsync), t => Many(q.StoryLinksAsync(t, range, [id], stop))),
            new(nameof(q.AttackerRangesAsync), t => Many(q.AttackerRangesAsync(t, range, 10, stop))),
            new(nameof(q.AttackerAgentsAsync), t => Many(q.AttackerAgentsAsync(t, range, 10, stop))),
            new(nameof(q.FindingsOfAlertAsync), t => Many(q.FindingsOfAlertAsync(t, range, attack.Rule.Id, "", "", 10, stop))),
        ];
        var all = typeof(EventQueries).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(m => m.ReturnType.IsAssignableTo(typeof(Task))).Select(m => m.Name).Distinct().Order();
        Assert.Equal(all, asks.Select(a => a.Method).Distinct().Order());
        foreach (var ask in asks)
        {
            Assert.True(await ask.Rows(owner) > 0, ask.Method + " shows its owner nothing");
            Assert.True(await ask.Rows(stranger) == 0, ask.Method + " shows a stranger something");
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ask.Rows(0));
        }
    }
}
