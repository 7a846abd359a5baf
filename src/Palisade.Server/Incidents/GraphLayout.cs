using Palisade.Protocol;
using Palisade.Server.Storage;

namespace Palisade.Server.Incidents;

/// <summary>What a node of the graph is; columns from left to right.</summary>
public enum GraphColumn { Actor, Method, Target, Account }

/// <param name="Key">Address, attack class, target or account; <see cref="GraphLayout.Rest"/>: several that have no node of their own.</param>
/// <param name="Rest">How many stand behind it, where it is the rest.</param>
public sealed record GraphNode(GraphColumn Column, string Key, double X, double Y, long Count, AttackOutcome Best, int Rest);

public sealed record GraphEdge(GraphNode From, GraphNode To, long Count, AttackOutcome Best);

/// <summary>
/// Who did what to whom: actors, methods, targets and accounts of an incident in four layers. Few nodes a layer, the rest as one; an edge is red where something
/// of it worked. Lengths are pixels of the drawing.
/// </summary>
public sealed record GraphLayout(IReadOnlyList<GraphNode> Nodes, IReadOnlyList<GraphEdge> Edges, double Height)
{
    public const string Rest = "*";
    public const double Width = 880, NodeWidth = 178, NodeHeight = 34, Head = 28;
    private const double Row = 48;
    private const int Most = 6;

    public static GraphLayout Of(IReadOnlyList<StoryLink> links)
    {
        var columns = new (GraphColumn Column, Func<StoryLink, string> Of)[]
        {
            (GraphColumn.Actor, l => l.Address), (GraphColumn.Method, l => l.Class), (GraphColumn.Target, l => l.Target), (GraphColumn.Account, l => l.User),
        }.Where(c => links.Any(l => c.Of(l).Length > 0)).ToArray();
        var nodes = new Dictionary<(GraphColumn, string), GraphNode>();
        var named = new Dictionary<GraphColumn, HashSet<string>>();
        var ranked = columns.Select(c => links.Where(l => c.Of(l).Length > 0).GroupBy(c.Of).Select(g => (g.Key, Count: g.Sum(l => l.Count), Best: g.Max(l => l.Outcome)))
            .OrderByDescending(n => n.Best >= AttackOutcome.Likely).ThenByDescending(n => n.Count).ThenBy(n => n.Key, StringComparer.Ordinal).ToList()).ToArray();
        var tallest = ranked.Select(r => Math.Min(r.Count, Most + 1)).DefaultIfEmpty(1).Max();
        for (var c = 0; c < columns.Length; c++)
        {
            var all = ranked[c];
            var own = all.Count <= Most + 1 ? all : all.GetRange(0, Most);
            named[columns[c].Column] = [.. own.Select(n => n.Key)];
            var shown = own.Select(n => (n.Key, n.Count, n.Best, Others: 0)).ToList();
            if (all.Count > own.Count) shown.Add((Rest, all.Skip(own.Count).Sum(n => n.Count), all.Skip(own.Count).Max(n => n.Best), all.Count - own.Count));
            var x = columns.Length == 1 ? 0 : (Width - NodeWidth) * c / (columns.Length - 1);
            var top = Head + (tallest - shown.Count) * Row / 2;
            for (var i = 0; i < shown.Count; i++)
                nodes[(columns[c].Column, shown[i].Key)] = new GraphNode(columns[c].Column, shown[i].Key, x, top + i * Row, shown[i].Count, shown[i].Best, shown[i].Others);
        }
        var edges = new Dictionary<(GraphNode, GraphNode), (long Count, AttackOutcome Best)>();
        foreach (var link in links)
        {
            GraphNode? before = null;
            foreach (var (column, of) in columns)
            {
                if (of(link) is not { Length: > 0 } key) continue;
                var node = nodes[(column, named[column].Contains(key) ? key : Rest)];
                if (before is not null)
                {
                    var known = edges.GetValueOrDefault((before, node));
                    edges[(before, node)] = (known.Count + link.Count, known.Count > 0 && known.Best > link.Outcome ? known.Best : link.Outcome);
                }
                before = node;
            }
        }
        return new GraphLayout([.. nodes.Values], [.. edges.Select(e => new GraphEdge(e.Key.Item1, e.Key.Item2, e.Value.Count, e.Value.Best)).OrderBy(e => e.Best >= AttackOutcome.Likely).ThenBy(e => e.Count)], Head + tallest * Row);
    }
}
