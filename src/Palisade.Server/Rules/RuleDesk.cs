using Palisade.Protocol;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Identity;

namespace Palisade.Server.Rules;

/// <summary>What came of a choice; NotAllowed: the person's role is not enough any more.</summary>
public enum RuleChoiceResult { None, NotFound, Stale, NotAllowed, Failed }

/// <summary>Choices about rules as a person at the console makes them. Every change asks for the person's role anew.</summary>
public sealed class RuleDesk(TenantRules rules, MembershipService members)
{
    /// <summary>Switches a rule on or off and gives it a level (null: its own).</summary>
    /// <param name="seen">The version that the person saw; null overwrites.</param>
    public async Task<(RuleChoiceResult Result, RuleView? Rule)> ChooseAsync(Scene scene, string id, bool enabled, FindingLevel? level, long? seen, CancellationToken stop)
    {
        if (!await MayAsync(scene, Role.Admin, stop)) return (RuleChoiceResult.NotAllowed, null);
        var (refusal, rule) = await rules.ChooseAsync(scene.Tenant, id, enabled, level, seen, ActorOf(scene), stop);
        return (refusal switch { RuleRefusal.None => RuleChoiceResult.None, RuleRefusal.Stale => RuleChoiceResult.Stale, _ => RuleChoiceResult.NotFound }, rule);
    }

    /// <summary>Whether the person still has this role or more, asked of the store.</summary>
    public async Task<bool> MayAsync(Scene scene, Role least, CancellationToken stop) => await members.RoleAsync(scene.User.Id, scene.Tenant, stop) is { } role && role <= least;

    public static Actor ActorOf(Scene scene) => new("user", scene.User.Id.ToString(), scene.User.Name, "console");
}
