using Palisade.Engine;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>One reading of JSON events against rules: bytes in, verdicts out, batch by batch as <c>palisade rules match</c> does it.</summary>
internal sealed class EventStream(RuleSet rules)
{
    private const int BatchEvents = 512;

    private readonly JsonDetector detector = new(rules);
    private readonly EventBatch batch = new();
    private readonly MatchList matches = new();
    private ulong sequence;

    public long Matches { get; private set; }
    public long Evaluated => detector.Evaluated;
    public (long Lookups, long Hits) Memory => detector.Memory;

    public void Read(IReadOnlyList<ReadOnlyMemory<byte>> lines)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            if (batch.Count == BatchEvents) Take();
            detector.Add(batch, lines[i].Span, sequence++, matches);
        }
        Take();
    }

    private void Take()
    {
        Matches += matches.Count;
        batch.Clear();
        matches.Clear();
    }
}
