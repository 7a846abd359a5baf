using System.Text;
using Palisade.Engine.Detect.Sigma.Compile;
using Palisade.Engine.Detect.Sigma.Read;

namespace Palisade.Engine.Rules;

/// <summary>Whether a rule can ever fire.</summary>
public enum ReachVerdict : byte
{
    /// <summary>A dataset at hand has all it asks for.</summary>
    CanFire = 0,
    /// <summary>A dataset at hand is of its log source, but fields it needs were never seen there; they may come, since the source passes on what the vendor sends.</summary>
    MayFire = 1,
    /// <summary>No look-up says what the log source is here.</summary>
    UnknownLogSource = 2,
    /// <summary>The log source is known, and none of the datasets at hand is of it.</summary>
    NoDataset = 3,
    /// <summary>Datasets at hand are of its log source, and none has the fields it needs.</summary>
    NoFields = 4,
    /// <summary>A correlation whose rules cannot fire.</summary>
    NoInputs = 5,
}

/// <summary>Whether, with what, and if not why not, a rule can fire.</summary>
/// <param name="Rule">The rule or correlation.</param>
/// <param name="File">File it was read from, and the line.</param>
/// <param name="LogSource">Product/category/service as written; empty for correlations.</param>
/// <param name="Datasets">Datasets at hand that are of its log source.</param>
/// <param name="MissingFields">Fields (as the rule names them) that hold it up on the dataset that lacks fewest; empty where nothing is missing.</param>
public sealed record RuleReach(RuleInfo Rule, string File, int Line, string LogSource, ReachVerdict Verdict, IReadOnlyList<string> Datasets, IReadOnlyList<string> MissingFields)
{
    /// <summary>It can or may fire.</summary>
    public bool Alive => Verdict <= ReachVerdict.MayFire;
}

/// <summary>
/// Tells for each rule of a set whether it can ever fire with the datasets at hand. A test of a field no event has is never true, a negated one always; so
/// "cannot" is certain for the datasets given, and "can" means only that nothing is missing.
/// </summary>
public static class Reachability
{
    /// <summary>Judges every rule and correlation of a set, those without a known log source included; in the order of the set.</summary>
    public static IReadOnlyList<RuleReach> Of(RuleSet set, IReadOnlyList<DatasetFields> datasets)
    {
        ArgumentNullException.ThrowIfNull(set);
        ArgumentNullException.ThrowIfNull(datasets);
        var judge = new Judge(set, datasets);
        var results = new List<RuleReach>();
        foreach (var rule in set.Compiled) results.Add(judge.Rule(rule));
        foreach (var rule in set.UnroutedRules) results.Add(new RuleReach(rule.Info, rule.File, rule.Line, rule.LogSource.ToString(), ReachVerdict.UnknownLogSource, [], []));
        var correlations = new bool[set.Correlations.Length];
        foreach (var c in set.Correlations)
        {
            var alive = c.RuleInputs.Select((r, i) => r >= 0 ? results[r].Alive : c.CorrelationInputs[i] >= 0 && correlations[c.CorrelationInputs[i]]).ToList();
            var all = c.Source.Type is CorrelationType.Temporal or CorrelationType.TemporalOrdered && c.Condition is null && c.Source.Bounds.Count == 0;
            var verdict = (all ? alive.TrueForAll(a => a) : alive.Contains(true)) ? ReachVerdict.CanFire : ReachVerdict.NoInputs;
            correlations[c.Index] = verdict == ReachVerdict.CanFire;
            results.Add(new RuleReach(c.Info, c.Source.File, c.Source.Line, "", verdict, [], []));
        }
        return results;
    }

    private sealed class Judge(RuleSet set, IReadOnlyList<DatasetFields> datasets)
    {
        private readonly Dictionary<int, List<DatasetFields>> routed = [];
        private readonly string[][] names = [.. set.FieldIds.Select(ids => ids.Select(FieldNames.Name).ToArray())];
        private readonly Dictionary<string, byte[]> folded = datasets.Select(d => d.Dataset).Distinct(StringComparer.Ordinal).ToDictionary(d => d, d => Folding.Fold(Encoding.UTF8.GetBytes(d)), StringComparer.Ordinal);

        public RuleReach Rule(CompiledRule rule)
        {
            if (!routed.TryGetValue(rule.Route, out var of))
                routed[rule.Route] = of = [.. datasets.Where(d => rule.Route < 0 || Possible(set.Routes[rule.Route], d, null))];
            var found = of.Select(d => d.Dataset).ToList();
            var (verdict, missing) = (of.Count == 0 ? ReachVerdict.NoDataset : ReachVerdict.NoFields, new List<string>());
            var fewest = int.MaxValue;
            foreach (var dataset in of)
            {
                if (Possible(rule.Node, dataset, null)) { (verdict, missing) = (ReachVerdict.CanFire, []); break; }
                var lacks = new HashSet<int>();
                Possible(rule.Node, dataset, lacks);
                if (verdict == ReachVerdict.NoFields && dataset.Open) verdict = ReachVerdict.MayFire;
                if (lacks.Count >= fewest) continue;
                fewest = lacks.Count;
                missing = [.. lacks.Select(f => set.FieldNamesByNumber[f]).Order(StringComparer.Ordinal)];
            }
            return new RuleReach(rule.Info, rule.File, rule.Line, rule.LogSource.ToString(), verdict, found, missing);
        }

        /// <summary>Whether a condition can be true of some event of a dataset; with a set to fill, the fields that keep it from being so.</summary>
        private bool Possible(Node node, DatasetFields dataset, HashSet<int>? lacks)
        {
            switch (node.Kind)
            {
                case NodeKind.And:
                    var all = true;
                    foreach (var child in node.Children)
                    {
                        all &= Possible(child, dataset, lacks);
                        if (!all && lacks is null) return false;
                    }
                    return all;
                case NodeKind.Or:
                    var before = lacks is null ? null : new HashSet<int>(lacks);
                    foreach (var child in node.Children)
                    {
                        if (!Possible(child, dataset, lacks)) continue;
                        // what the other branches lack does not matter
                        lacks?.IntersectWith(before!);
                        return true;
                    }
                    return false;
                case NodeKind.Not:
                    return node.Children[0] is not { Kind: NodeKind.Atom, Atom: { } atom } || !IsDataset(atom) || !Possible(node.Children[0], dataset, null);
                case NodeKind.Atom:
                    return Possible(node.Atom!, dataset, lacks);
                default:
                    return true;
            }
        }

        private bool Possible(Atom atom, DatasetFields dataset, HashSet<int>? lacks)
        {
            if (atom.Field == 0 || !atom.NeedsField) return true;
            if (IsDataset(atom)) return Names(atom, folded[dataset.Dataset]);
            if (Has(atom.Field, dataset) && (atom.Kind != AtomKind.FieldReference || Has(atom.OtherField, dataset))) return true;
            lacks?.Add(Has(atom.Field, dataset) ? atom.OtherField : atom.Field);
            return false;
        }

        private bool Has(int field, DatasetFields dataset) => Array.Exists(names[field], dataset.Fields.Contains);

        /// <summary>The dataset itself is known, so a test of it is decided and not only possible.</summary>
        private bool IsDataset(Atom atom) => atom.Kind is AtomKind.Literals or AtomKind.Glob && names[atom.Field] is ["event.dataset"];

        private static bool Names(Atom atom, byte[] dataset) => atom.Kind == AtomKind.Glob ? atom.Pattern!.Matches(dataset) : Array.Exists(atom.Literals, l => l.Place switch
        {
            Place.Whole => dataset.AsSpan().SequenceEqual(l.Bytes),
            Place.Start => dataset.AsSpan().StartsWith(l.Bytes),
            Place.End => dataset.AsSpan().EndsWith(l.Bytes),
            _ => dataset.AsSpan().IndexOf(l.Bytes) >= 0,
        });
    }
}
