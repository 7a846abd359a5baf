using Palisade.Engine.Detect.Web;

namespace Palisade.Cli.Web;

/// <summary>One request as training sees it.</summary>
/// <param name="Windows">For each window of each of its values: the slots of its n-grams.</param>
/// <param name="Evidence">What signatures say of its strongest payload class.</param>
internal sealed record WebSample(WebRow Row, int[][] Windows, int Evidence);

/// <summary>
/// Learns the weights: logistic regression by stochastic gradient with AdaGrad steps, over the window of a request that looks
/// most like an attack (a request is one when any of its values is). A gram counts only where at least two origins have it:
/// what one source alone writes is its handwriting.
/// </summary>
/// <remarks>
/// Sources: J. Duchi et al., "Adaptive subgradient methods", JMLR 12 (2011); S. Andrews et al., "Support vector machines for
/// multiple-instance learning", NIPS 2002. The same seed and data give the same file.
/// </remarks>
internal sealed class WebTrainer(int seed)
{
    private const int Epochs = 5;
    private const float Step = 0.03f, Decay = 1e-4f;

    /// <summary>Weights of one training, not yet rounded.</summary>
    internal sealed record Weights(float[] Of, float Bias)
    {
        /// <summary>Log-odds of the window most like an attack; null where a request has no value to read.</summary>
        public float? Score(WebSample sample)
        {
            if (sample.Windows.Length == 0) return null;
            var best = float.MinValue;
            foreach (var window in sample.Windows) best = Math.Max(best, Sum(window));
            return best;
        }

        public float Sum(int[] window)
        {
            var sum = Bias;
            foreach (var slot in window) sum += Of[slot];
            return sum;
        }
    }

    /// <summary>Slots of every window of a value: two neighbouring blocks, as the engine reads them.</summary>
    public static IEnumerable<int[]> WindowsOf(byte[] value)
    {
        var blocks = new List<List<int>>();
        var reader = new WebGrams.Reader();
        var n = 0;
        for (var i = 0; i <= value.Length; i++)
        {
            if (!reader.Next(i < value.Length ? value[i] : WebGrams.End)) continue;
            if (n++ % WebGrams.Block == 0) blocks.Add([]);
            blocks[^1].AddRange([reader.One, reader.Two, reader.Three, reader.Four]);
        }
        if (blocks.Count == 1) yield return [.. blocks[0]];
        for (var b = 1; b < blocks.Count; b++) yield return [.. blocks[b - 1], .. blocks[b]];
    }

    public Weights Train(IReadOnlyList<WebSample> samples)
    {
        var known = Shared(samples);
        var weight = RowWeights(samples);
        var w = new float[WebGrams.Slots];
        var steps = new float[WebGrams.Slots];
        float bias = 0, biasStep = 0;
        var random = new Random(seed);
        var order = Enumerable.Range(0, samples.Count).Where(i => samples[i].Windows.Length > 0).ToArray();
        for (var epoch = 0; epoch < Epochs; epoch++)
        {
            random.Shuffle(order);
            foreach (var i in order)
            {
                var sample = samples[i];
                var attack = sample.Row.Class is not null;
                var window = epoch == 0 ? sample.Windows[attack ? 0 : random.Next(sample.Windows.Length)] : MostLikely(sample.Windows, w, known);
                Learn(window, attack, weight[i]);
                // The other windows of a harmless request are harmless too.
                if (!attack && sample.Windows.Length > 1) Learn(sample.Windows[random.Next(sample.Windows.Length)], false, weight[i]);
            }
        }
        for (var slot = 0; slot < w.Length; slot++)
            if (!known[slot]) w[slot] = 0;
        return new Weights(w, bias);

        void Learn(int[] window, bool attack, float importance)
        {
            var sum = bias;
            foreach (var slot in window)
                if (known[slot]) sum += w[slot];
            var error = importance * ((attack ? 1f : 0f) - 1f / (1f + MathF.Exp(-sum)));
            if (MathF.Abs(error) < 1e-4f) return;
            biasStep += error * error;
            bias += Step * error / MathF.Sqrt(1e-3f + biasStep);
            foreach (var slot in window)
            {
                if (!known[slot]) continue;
                var gradient = error - Decay * w[slot];
                steps[slot] += gradient * gradient;
                w[slot] += Step * gradient / MathF.Sqrt(1e-2f + steps[slot]);
            }
        }
    }

    private static int[] MostLikely(int[][] windows, float[] w, bool[] known)
    {
        if (windows.Length == 1) return windows[0];
        var best = 0;
        var most = float.MinValue;
        for (var i = 0; i < windows.Length; i++)
        {
            var sum = 0f;
            foreach (var slot in windows[i])
                if (known[slot]) sum += w[slot];
            if (sum > most) { most = sum; best = i; }
        }
        return windows[best];
    }

    private static bool[] Shared(IReadOnlyList<WebSample> samples)
    {
        var first = new string?[WebGrams.Slots];
        var shared = new bool[WebGrams.Slots];
        foreach (var sample in samples)
            foreach (var window in sample.Windows)
                foreach (var slot in window)
                {
                    if (first[slot] is null) first[slot] = sample.Row.Origin;
                    else if (!ReferenceEquals(first[slot], sample.Row.Origin) && first[slot] != sample.Row.Origin) shared[slot] = true;
                }
        return shared;
    }

    /// <summary>So that ten thousand rows of one generator do not outvote three hundred of another.</summary>
    private static float[] RowWeights(IReadOnlyList<WebSample> samples)
    {
        var counts = samples.GroupBy(s => (s.Row.Origin, s.Row.Class)).ToDictionary(g => g.Key, g => g.Count());
        return [.. samples.Select(s => Math.Clamp(MathF.Sqrt(400f / counts[(s.Row.Origin, s.Row.Class)]), 0.25f, 2f))];
    }

    /// <summary>One against the rest for each family, over whole values of attacks.</summary>
    public float[][] TrainFamilies(IReadOnlyList<WebSample> samples, IReadOnlyList<string> families)
    {
        const int mask = (1 << WebModel.FamilyBits) - 1;
        var attacks = samples.Where(s => s.Windows.Length > 0 && families.Contains(s.Row.Class)).ToArray();
        var random = new Random(seed);
        var all = new float[families.Count][];
        for (var f = 0; f < families.Count; f++) all[f] = new float[1 << WebModel.FamilyBits];
        var scores = new float[families.Count];
        for (var epoch = 0; epoch < 4; epoch++)
        {
            random.Shuffle(attacks);
            foreach (var sample in attacks)
            {
                var own = families.ToList().IndexOf(sample.Row.Class!);
                var slots = sample.Windows[0];
                for (var f = 0; f < scores.Length; f++)
                {
                    scores[f] = 0;
                    foreach (var slot in slots) scores[f] += all[f][slot & mask];
                }
                var top = scores.Max();
                var total = scores.Sum(s => MathF.Exp(s - top));
                for (var f = 0; f < scores.Length; f++)
                {
                    var error = (f == own ? 1f : 0f) - MathF.Exp(scores[f] - top) / total;
                    if (MathF.Abs(error) < 1e-3f) continue;
                    foreach (var slot in slots) all[f][slot & mask] += 0.02f * error;
                }
            }
        }
        return all;
    }

    /// <summary>Rounds to a byte a weight; the scale keeps all but a thousandth of the weights from being cut.</summary>
    public static (sbyte[] Of, short Bias, float Scale) Round(Weights weights)
    {
        var sizes = weights.Of.Where(w => w != 0).Select(MathF.Abs).Order().ToArray();
        var scale = sizes.Length == 0 ? 1f : sizes[(int)(sizes.Length * 0.999f)] / 127f;
        return (Bytes(weights.Of, scale), (short)Math.Clamp(MathF.Round(weights.Bias / scale), short.MinValue, short.MaxValue), scale);
    }

    public static sbyte[] Bytes(float[] weights, float scale) =>
        [.. weights.Select(w => (sbyte)Math.Clamp(MathF.Round(w / scale), -127, 127))];
}
