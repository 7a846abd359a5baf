using System.Text;
using Palisade.Engine.Correlate;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Rules;

namespace Palisade.Engine.Tests.Rules;

/// <summary>Small rules over small events, without parsers.</summary>
internal static class SigmaWorld
{
    public static RuleSet Load(params string[] documents)
    {
        var set = RuleSet.Load(documents.Select((d, i) => ($"rules/{i}.yml", Encoding.UTF8.GetBytes(d))), new RuleLoadOptions(), out var problems);
        Assert.DoesNotContain(problems, p => p.IsError);
        return set;
    }

    /// <summary>Whether just one rule of the set finds an event of these fields.</summary>
    public static bool Hit(RuleSet set, params (string, string?)[] fields)
    {
        var batch = new EventBatch();
        var findings = new FindingList();
        Add(batch, 1, 0, fields);
        new SigmaDetector(set).Detect(batch, findings);
        return findings.Count == 1;
    }

    /// <summary>A rule whose detection is given as lines, indented by nothing.</summary>
    public static string Rule(string name, string detection) =>
        $"title: {name}\nname: {name}\nlogsource: {{ product: test }}\ndetection:\n{string.Concat(detection.Split('\n').Select(l => "  " + l + "\n"))}";

    /// <summary>An event: fields, null where the field is there without a value.</summary>
    public static void Add(EventBatch batch, ulong sequence, long timeMs, params (string Name, string? Value)[] fields)
    {
        var index = batch.Begin(new RecordInfo(sequence, timeMs, 1, 0, RecordInfo.AutoParser), []);
        foreach (var (name, value) in fields)
        {
            if (value is null) batch.AddNull(FieldNames.GetOrAdd(name));
            else batch.Add(FieldNames.GetOrAdd(name), Encoding.UTF8.GetBytes(value));
        }
        ref var header = ref batch.Header(index);
        (header.TimeMs, header.ReceivedMs) = (timeMs, timeMs);
        header.Flags &= ~EventFlags.NoTime;
    }

    /// <summary>Whether a detection matches one event.</summary>
    public static bool Matches(string detection, params (string Name, string? Value)[] fields)
    {
        var batch = new EventBatch();
        var findings = new FindingList();
        Add(batch, 1, 0, fields);
        new SigmaDetector(Load(Rule("case", detection))).Detect(batch, findings);
        return findings.Count == 1;
    }

    /// <summary>Runs one event through detector and correlator; the firings' counts.</summary>
    public static IEnumerable<long> Feed(RuleSet set, Correlator correlator, ulong sequence, long timeMs, params (string Name, string? Value)[] fields)
    {
        var batch = new EventBatch();
        var findings = new FindingList();
        Add(batch, sequence, timeMs, fields);
        new SigmaDetector(set).Detect(batch, findings);
        correlator.Process(batch, findings);
        var counts = new List<long>();
        foreach (ref readonly var finding in findings.Items)
            if (finding.Firing is { } firing) counts.Add(firing.Count);
        return counts;
    }
}
