using System.Text;
using Palisade.Engine.Detect.Sigma.Read;
using Palisade.Engine.Enrich;

namespace Palisade.Engine.Rules;

/// <summary>One sample of a rule: raw records in order, and whether the rule must find something in them.</summary>
public sealed record RuleSample(string File, int Line, bool Hit, IReadOnlyList<string> Records);

/// <summary>
/// The samples beside a rule, <c>name.test.yml</c> for <c>name.yml</c>: <c>hit</c> and <c>miss</c>, each a list of raw log lines; an entry that
/// is itself a list is one log read in order from an empty state, as correlations need it. Run through the whole pipeline.
/// </summary>
public static class RuleSamples
{
    public const string Suffix = ".test.yml";

    // Behind every stamp a sample may carry, so that stamps without a year all fall in one year.
    private static readonly long Received = new DateTimeOffset(2099, 12, 31, 23, 59, 59, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>The rule file a sample file belongs to.</summary>
    public static string RuleFile(string sampleFile) => sampleFile[..^Suffix.Length] + ".yml";

    /// <summary>Reads a sample file; what is wrong is said.</summary>
    public static IReadOnlyList<RuleSample> Read(string path, byte[] bytes, out IReadOnlyList<Diagnostic> diagnostics)
    {
        var problems = new List<Diagnostic>();
        diagnostics = problems;
        var samples = new List<RuleSample>();
        var roots = YamlTree.Read(path, bytes, 4 << 20, problems);
        if (problems.Count > 0) return samples;
        if (roots is not [{ Kind: YamlKind.Mapping } root])
        {
            problems.Add(new Diagnostic("SIG070", path, 1, "a sample file is one mapping with 'hit' and 'miss'", true));
            return samples;
        }
        foreach (var (key, list) in root.Pairs)
        {
            if (key.Text is not ("hit" or "miss") || list.Kind != YamlKind.Sequence)
            {
                problems.Add(new Diagnostic("SIG070", path, key.Line, $"'{key.Text}' is not expected: 'hit' and 'miss', each a list", true));
                continue;
            }
            foreach (var entry in list.Items)
            {
                var records = entry.Kind == YamlKind.Sequence ? entry.Items : [entry];
                if (records.Count == 0 || records.Exists(r => !r.IsText)) problems.Add(new Diagnostic("SIG070", path, entry.Line, "a sample is a log line or a list of log lines", true));
                else samples.Add(new RuleSample(path, entry.Line, key.Text == "hit", [.. records.Select(r => r.Text)]));
            }
        }
        if (!samples.Exists(s => s.Hit)) problems.Add(new Diagnostic("SIG070", path, root.Line, "there is no sample below 'hit'", true));
        return samples;
    }

    /// <summary>Whether a rule of the file found something in the records, rules that only feed correlations included.</summary>
    public static bool Finds(EngineSnapshot snapshot, string ruleFile, IReadOnlyList<string> records)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var infos = new HashSet<RuleInfo>(snapshot.Rules.Correlations.Where(c => c.Source.File == ruleFile).Select(c => c.Info), ReferenceEqualityComparer.Instance);
        var rules = snapshot.Rules.Compiled.Where(r => r.File == ruleFile).ToList();
        foreach (var rule in rules) infos.Add(rule.Info);
        var feeding = rules.Select(r => r.Index).ToHashSet();
        var found = false;
        Run(snapshot, records, (_, findings) =>
        {
            foreach (ref readonly var finding in findings.Items) found |= infos.Contains(finding.Rule);
            found |= findings.Matches.Exists(m => feeding.Contains(m.Rule));
        });
        return found;
    }

    /// <summary>Runs records through a pipeline with empty state and hands over each batch.</summary>
    public static void Run(EngineSnapshot snapshot, IEnumerable<string> records, Action<EventBatch, FindingList> batch)
    {
        ArgumentNullException.ThrowIfNull(records);
        ArgumentNullException.ThrowIfNull(batch);
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        var sequence = 0UL;
        foreach (var record in records)
        {
            pipeline.Add(new RecordInfo(++sequence, Received, 1, 0, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(record));
            if (pipeline.Events.IsFull) Judge();
        }
        Judge();

        void Judge()
        {
            pipeline.Detect();
            batch(pipeline.Events, pipeline.Findings);
            pipeline.Clear();
        }
    }
}
