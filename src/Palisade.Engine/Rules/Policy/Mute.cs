using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Protocol;

namespace Palisade.Engine.Rules.Policy;

/// <summary>How a condition of a mute compares. Persisted by name: only grows.</summary>
public enum MuteTest { Is, Like, Within }

/// <summary>One condition of a mute.</summary>
/// <param name="Field"><see cref="Mute.RuleField"/>, <see cref="Mute.ClassField"/>, <see cref="Mute.SourceField"/>, or the ECS name of an event's field.</param>
/// <param name="Test">Is: equal; Like: * any run of characters, ? one; Within: the address lies in the network. Letter case aside.</param>
public sealed record MuteCondition(string Field, MuteTest Test, string Value);

/// <summary>What is wrong with a mute.</summary>
public enum MuteProblem { None, NoConditions, TooMany, BadField, BadValue, BadNetwork, TooWide }

/// <summary>
/// Findings that a person does not want to hear of: all conditions must hold. Immutable; compiled once. A firing of a correlation is asked by its
/// group-by values first, then by the event that made it fire; one at the close of a window by its group alone, since the event at hand is anybody's.
/// </summary>
public sealed class Mute
{
    public const string RuleField = "rule.id", ClassField = "class", SourceField = "log.source";
    /// <summary>Conditions of one mute, and characters of a value.</summary>
    public const int MaxConditions = 12, MaxValue = 512;

    private static readonly RuleInfo Nothing = new("", "", "", FindingLevel.Informational, "", [], "", "", "", "");

    private readonly Test[] tests;

    private readonly record struct Test(string Name, ushort Field, MuteTest How, byte[] Folded, Pattern? Pattern, Network? Network);

    private Mute(int number, long expiresMs, Test[] tests) => (Number, ExpiresMs, this.tests) = (number, expiresMs, tests);

    /// <summary>Number within the tenant, from 1; what <see cref="Finding.Muted"/> says.</summary>
    public int Number { get; }
    /// <summary>Records received from then on are not muted; Unix milliseconds UTC.</summary>
    public long ExpiresMs { get; }

    /// <summary>Checks conditions without compiling them to a mute.</summary>
    public static MuteProblem Check(IReadOnlyList<MuteCondition> conditions, uint tenant) => TryCompile(1, conditions, long.MaxValue, tenant, out _);

    /// <summary>Compiles a mute; says what is wrong with it.</summary>
    public static MuteProblem TryCompile(int number, IReadOnlyList<MuteCondition> conditions, long expiresMs, uint tenant, out Mute? mute)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        mute = null;
        if (conditions.Count == 0) return MuteProblem.NoConditions;
        if (conditions.Count > MaxConditions) return MuteProblem.TooMany;
        var tests = new List<Test>();
        foreach (var condition in conditions)
        {
            if (string.IsNullOrEmpty(condition.Field) || condition.Field.Length > FieldNames.MaxLength) return MuteProblem.BadField;
            if (string.IsNullOrEmpty(condition.Value) || condition.Value.Length > MaxValue || !Enum.IsDefined(condition.Test)) return MuteProblem.BadValue;
            var own = condition.Field is RuleField or ClassField or SourceField;
            var field = own ? (ushort)0 : FieldNames.GetOrAdd(condition.Field, tenant);
            if (!own && field == 0) return MuteProblem.BadField;
            Network? network = null;
            if (condition.Test == MuteTest.Within)
            {
                if (own || !Network.TryParse(condition.Value, out var parsed, out _)) return MuteProblem.BadNetwork;
                network = parsed;
            }
            var text = Folding.Fold(Encoding.UTF8.GetBytes(condition.Value));
            tests.Add(new Test(condition.Field, field, condition.Test, text, condition.Test == MuteTest.Like ? Pattern.Parse(condition.Value).Map(l => Folding.Fold(l)) : null, network));
        }
        // A mute of everything is switching the product off; whoever wants that says it rule by rule.
        if (conditions.All(c => c.Test == MuteTest.Like && c.Value.All(x => x is '*' or '?')) || conditions.All(c => c.Test == MuteTest.Within && c.Value.EndsWith("/0", StringComparison.Ordinal)))
            return MuteProblem.TooWide;
        mute = new Mute(number, expiresMs, [.. tests]);
        return MuteProblem.None;
    }

    /// <summary>Whether the finding is one of these.</summary>
    public bool Hides(EventBatch events, in Finding finding)
    {
        ArgumentNullException.ThrowIfNull(events);
        ref readonly var header = ref events.Header(finding.Event);
        if (header.ReceivedMs >= ExpiresMs) return false;
        foreach (var test in tests)
            if (!Holds(test, events, finding)) return false;
        return true;
    }

    /// <summary>It says nothing of rules or classes: whatever is found in such an event is hidden.</summary>
    public bool IsOfEvents => Array.TrueForAll(tests, t => t.Name is not (RuleField or ClassField));

    /// <summary>Whether everything that is found in the event is hidden.</summary>
    internal bool HidesEvent(EventBatch events, int index) => IsOfEvents && Hides(events, new Finding(index, Nothing, AttackOutcome.Unknown, 0, 0, 0));

    /// <summary>The same question of a finding that is known by its fields only.</summary>
    /// <param name="value">Value of a field by name; null: it has none.</param>
    public bool Hides(Func<string, string?> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        foreach (var test in tests)
            if (value(test.Name) is not { Length: > 0 } text || !Holds(test, Encoding.UTF8.GetBytes(text))) return false;
        return true;
    }

    private static bool Holds(in Test test, EventBatch events, in Finding finding)
    {
        switch (test.Name)
        {
            case RuleField: return Holds(test, Encoding.UTF8.GetBytes(finding.Rule.Id));
            case ClassField: return Holds(test, Encoding.UTF8.GetBytes(finding.Rule.Class));
            case SourceField:
                Span<byte> digits = stackalloc byte[10];
                finding.SourceIn(events).TryFormat(digits, out var n);
                return Holds(test, digits[..n]);
        }
        if (finding.Firing is { } firing)
            foreach (var (name, said) in firing.Group)
                if (name == test.Name) return Holds(test, Encoding.UTF8.GetBytes(said));
        if (finding.Firing is { AtClose: true }) return false;
        var ids = events.FieldIds(finding.Event);
        for (var slot = 0; slot < ids.Length; slot++)
            if (ids[slot] == test.Field && Holds(test, events.ValueAt(finding.Event, slot))) return true;
        return false;
    }

    private static bool Holds(in Test test, ReadOnlySpan<byte> value)
    {
        if (test.How == MuteTest.Within) return Network.TryReadAddress(value, out var address, out var v4) && test.Network!.Value.Contains(address, v4);
        var need = Folding.MaxLength(value.Length);
        var folded = need <= 1024 ? stackalloc byte[need] : new byte[need];
        folded = folded[..Folding.Fold(value, folded, out _)];
        return test.How == MuteTest.Like ? test.Pattern!.Matches(folded) : folded.SequenceEqual(test.Folded);
    }
}
