using Palisade.Engine;
using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Server.Rules;

public enum BacktestState { Queued, Running, Done, Failed, Canceled }

/// <summary>A record that the rule would have found.</summary>
/// <param name="Field">Field the match lies in; empty: the raw record.</param>
public sealed record BacktestHit(ulong EventId, DateTimeOffset Time, uint Source, string Raw, string Field, IReadOnlyDictionary<string, string> Group);

/// <summary>An alert that the rule made before and would not make again.</summary>
public sealed record LostAlert(string Id, string Title, DateTimeOffset First, long Count);

/// <summary>What was found in a stored record, or by counting up to it.</summary>
/// <param name="Address">Where the record says it came from.</param>
/// <param name="Field">Field the evidence lies in; empty: the raw record.</param>
/// <param name="Group">Of a correlation: what it counted by.</param>
/// <param name="IsCorrelation">It tells of more than its own record: a correlation or a behaviour.</param>
public sealed record BacktestFinding(
    ulong EventId, DateTimeOffset Time, uint Source, RuleInfo Rule, AttackOutcome Outcome, string Technique, string Address, string Field, string Evidence, IReadOnlyDictionary<string, string> Group, bool IsCorrelation);

/// <summary>How often a rule found something.</summary>
public sealed record RuleCount(RuleInfo Rule, long Hits);

/// <summary>A rule, or everything in force, tried on stored records, and what came of it so far. Immutable: progress makes another.</summary>
/// <param name="Total">Records there are to read; <paramref name="Read"/> of them were.</param>
/// <param name="Hits">Findings, or firings of a correlation.</param>
/// <param name="Sources">Addresses they came from, counted to 10,000.</param>
/// <param name="Known">Alerts that the rule made in the span.</param>
/// <param name="Fresh">Hits on events of no alert of any rule; null: not counted.</param>
/// <param name="Problem">Why it failed, or was ended early.</param>
public sealed record Backtest(Guid Id, string RuleId, string Title, TimeRange Range, TimeSpan Bucket, DateTimeOffset Asked, string Author)
{
    public BacktestState State { get; init; }
    public long Total { get; init; }
    public long Read { get; init; }
    public long Hits { get; init; }
    public int Sources { get; init; }
    public IReadOnlyList<HitBucket> Buckets { get; init; } = [];
    public IReadOnlyList<BacktestHit> Samples { get; init; } = [];
    /// <summary>Rules that found something, most first.</summary>
    public IReadOnlyList<RuleCount> Rules { get; init; } = [];
    /// <summary>What was found, in order, to <see cref="BacktestTally.MaxFindings"/>. Those of older backtests go first.</summary>
    public IReadOnlyList<BacktestFinding> Findings { get; init; } = [];
    public int Known { get; init; }
    public int Kept { get; init; }
    public IReadOnlyList<LostAlert> Lost { get; init; } = [];
    public string Problem { get; init; } = "";
    public bool IsOver => State is BacktestState.Done or BacktestState.Failed or BacktestState.Canceled;
    /// <summary>Share of the records that were read, 0 to 1.</summary>
    public double Progress => IsOver && State == BacktestState.Done ? 1 : Total == 0 ? 0 : Math.Min(1, (double)Read / Total);
}
