using System.Runtime.CompilerServices;

namespace Palisade.Engine.Detect.Web;

/// <summary>Finds every literal of a fixed set in one pass over bytes: an Aho-Corasick automaton made total.</summary>
/// <remarks>
/// Bytes are folded to classes (only bytes that occur in a literal have one of their own), so a row is short:
/// <code>next[state * classes + classOf[byte]] → state</code>
/// States that report something are numbered last, so the inner loop needs one comparison.
/// Source: A. V. Aho, M. J. Corasick, "Efficient string matching", CACM 18 (1975).
/// </remarks>
internal sealed class LiteralScan
{
    private readonly byte[] classOf = new byte[256];
    private readonly int classes;
    private readonly int[] next;
    private readonly int firstReporting;
    private readonly int[][] reports;

    public LiteralScan(IReadOnlyList<byte[]> literals)
    {
        classes = 1;
        foreach (var literal in literals)
            foreach (var b in literal)
                if (classOf[b] == 0) classOf[b] = (byte)classes++;

        var trie = new List<int[]> { NewRow() };
        var own = new List<List<int>> { new() };
        var depth = new List<int> { 0 };
        for (var i = 0; i < literals.Count; i++)
        {
            var at = 0;
            foreach (var b in literals[i])
            {
                var c = classOf[b];
                if (trie[at][c] < 0) { trie[at][c] = trie.Count; trie.Add(NewRow()); own.Add(new()); depth.Add(depth[at] + 1); }
                at = trie[at][c];
            }
            own[at].Add(i);
        }
        Complete(trie, own);

        // Quiet states first, reporting states last; among them those near the root first: text stays in these, and they stay in the cache.
        var order = Enumerable.Range(0, trie.Count).OrderBy(s => own[s].Count > 0).ThenBy(s => depth[s]).ToArray();
        var rank = new int[trie.Count];
        for (var i = 0; i < order.Length; i++) rank[order[i]] = i;
        firstReporting = order.Count(s => own[s].Count == 0);
        reports = order.Skip(firstReporting).Select(s => own[s].ToArray()).ToArray();
        next = new int[trie.Count * classes];
        for (var i = 0; i < order.Length; i++)
            for (var c = 0; c < classes; c++)
                next[i * classes + c] = rank[trie[order[i]][c]] * classes;
        firstReporting *= classes;
    }

    private int[] NewRow() { var row = new int[256]; Array.Fill(row, -1); return row; }

    /// <summary>Fills failure transitions breadth first and hands the suffix state's reports down.</summary>
    private void Complete(List<int[]> trie, List<List<int>> own)
    {
        var fail = new int[trie.Count];
        var queue = new Queue<int>();
        for (var c = 0; c < classes; c++)
        {
            if (trie[0][c] < 0) trie[0][c] = 0;
            else queue.Enqueue(trie[0][c]);
        }
        while (queue.TryDequeue(out var s))
        {
            own[s].AddRange(own[fail[s]]);
            for (var c = 0; c < classes; c++)
            {
                var t = trie[s][c];
                if (t < 0) { trie[s][c] = trie[fail[s]][c]; continue; }
                fail[t] = trie[fail[s]][c];
                queue.Enqueue(t);
            }
        }
    }

    /// <summary>Calls <paramref name="sink"/> for each literal, with the offset just behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Scan<TSink>(ReadOnlySpan<byte> text, ref TSink sink) where TSink : struct, ILiteralSink, allows ref struct
    {
        var table = next;
        var map = classOf;
        var state = 0;
        for (var i = 0; i < text.Length; i++)
        {
            state = table[state + map[text[i]]];
            if (state < firstReporting) continue;
            foreach (var literal in reports[(state - firstReporting) / classes]) sink.Found(literal, i + 1);
        }
    }
}

/// <summary>Receives the literals found.</summary>
internal interface ILiteralSink
{
    void Found(int literal, int end);
}
