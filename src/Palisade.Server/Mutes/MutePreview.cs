using Palisade.Engine.Rules.Policy;
using Palisade.Server.Storage;

namespace Palisade.Server.Mutes;

/// <summary>What a mute would have hidden.</summary>
/// <param name="Findings">Findings that would not have become open alerts; null: the event store did not answer, or a field is not stored with findings.</param>
/// <param name="NotAsked">Fields that findings are not stored with: the count could only be made without them, so it is not made.</param>
public sealed record MutePreviewResult(long? Findings, long Sources, IReadOnlyList<LikeTotal> ByRule, IReadOnlyList<string> NotAsked);

/// <summary>Looks back at what conditions hold for.</summary>
public sealed class MutePreview(EventQueries queries, TimeProvider clock)
{
    public static readonly TimeSpan Span = TimeSpan.FromDays(30);

    public async Task<MutePreviewResult> AskAsync(uint tenant, IReadOnlyList<MuteCondition> conditions, CancellationToken stop)
    {
        string[] strange = [.. conditions.Select(c => c.Field).Where(f => !EventQueries.CanAskLike(f)).Distinct()];
        if (strange.Length > 0) return new MutePreviewResult(null, 0, [], strange);
        try
        {
            var now = clock.GetUtcNow();
            var rows = await queries.LikeAsync(tenant, new TimeRange(now - Span, now.AddDays(1)), conditions, stop);
            return new MutePreviewResult(rows.Sum(r => r.Count), rows.Count == 0 ? 0 : rows.Max(r => r.Sources), rows, []);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // A mute can be made without looking back; the answer says that nobody looked.
            return new MutePreviewResult(null, 0, [], []);
        }
    }
}
