using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Palisade.Engine.Detect.Web;

/// <summary>
/// A linear model over the n-grams of one value (<see cref="WebGrams"/>): how much a value looks like an attack, whatever
/// the class, and which family it looks like. It says nothing alone: <see cref="Bar"/> holds how sure it has to be beside
/// the evidence of signatures.
/// </summary>
/// <remarks>
/// File, little endian:
/// <code>"PWM1" · u8 families · families × (u8 length, ASCII name) · u8 bars · bars × i16 · i16 bias · f32 scale
/// · 2^17 × i8 weight · families × 2^14 × i8 weight</code>
/// The score of a value is that of its best window: two neighbouring blocks of 32 grams. So neither a long harmless text
/// around it nor its own length thins a payload out.
/// </remarks>
public sealed class WebModel
{
    /// <summary>Family weights are indexed by the low bits of a gram's slot.</summary>
    public const int FamilyBits = 14;
    /// <summary>Bars: one for each sum of evidence 0 … 10 and above.</summary>
    public const int Bars = 11;
    private static ReadOnlySpan<byte> Magic => "PWM1"u8;

    private readonly sbyte[] weights;
    private readonly sbyte[][] families;
    private readonly short[] bars;
    private readonly short bias;
    // Symbols are few: what one and the pair that it ends weigh together stands in a table of its own, small enough for the first cache.
    private readonly byte[] indexOf = new byte[256];
    private readonly short[] pairs;
    private readonly int symbols;

    /// <summary>A model made of its parts; see the file format for their sizes.</summary>
    /// <exception cref="ArgumentException">A part has the wrong size.</exception>
    public WebModel(IReadOnlyList<string> familyNames, sbyte[] weights, sbyte[][] families, short[] bars, short bias, float scale)
    {
        if (weights.Length != WebGrams.Slots || families.Length != familyNames.Count || bars.Length != Bars || families.Any(f => f.Length != 1 << FamilyBits))
            throw new ArgumentException("a part of the model has the wrong size");
        Families = familyNames;
        this.weights = weights;
        this.families = families;
        this.bars = bars;
        this.bias = bias;
        Scale = scale;
        LowestBar = bars.Min();
        var known = WebGrams.Symbols.ToArray().Append(WebGrams.Begin).Distinct().ToArray();
        symbols = known.Length;
        pairs = new short[symbols * symbols];
        for (var i = 0; i < symbols; i++) indexOf[known[i]] = (byte)i;
        for (var a = 0; a < symbols; a++)
            for (var b = 0; b < symbols; b++)
                pairs[a * symbols + b] = (short)(weights[WebGrams.SlotOfOne(known[b])] + weights[WebGrams.SlotOfTwo((uint)known[a] << 8 | known[b])]);
    }

    /// <summary>Class names the model can tell apart.</summary>
    public IReadOnlyList<string> Families { get; }

    /// <summary>Log-odds of one unit of score.</summary>
    public float Scale { get; }

    /// <summary>The least score at which a request with this much signature evidence is called an attack.</summary>
    public int Bar(int evidence) => bars[Math.Clamp(evidence, 0, Bars - 1)];

    /// <summary>The least of the bars: below it the model is sure that a value is harmless, whatever else speaks.</summary>
    public int LowestBar { get; }

    /// <summary>Score of a canonical value; above zero more likely attack than not.</summary>
    public int Score(ReadOnlySpan<byte> value)
    {
        // The same sums as over WebGrams.Reader, two of the four looked up at once.
        ref var table = ref MemoryMarshal.GetArrayDataReference(weights);
        ref var pair = ref MemoryMarshal.GetArrayDataReference(pairs);
        ref var symbolOf = ref MemoryMarshal.GetReference(WebGrams.Symbols);
        ref var index = ref MemoryMarshal.GetArrayDataReference(indexOf);
        int before = 0, block = 0, n = 0, best = int.MinValue;
        uint last = WebGrams.Begin;
        var row = Unsafe.Add(ref index, last) * symbols;
        for (var i = 0; i <= value.Length; i++)
        {
            uint symbol = Unsafe.Add(ref symbolOf, (uint)(i < value.Length ? value[i] : WebGrams.End));
            if (symbol == (last & 0xFF) && WebGrams.IsRun(symbol)) continue;
            last = last << 8 | symbol;
            int at = Unsafe.Add(ref index, symbol);
            block += Unsafe.Add(ref pair, row + at) + Unsafe.Add(ref table, WebGrams.SlotOfThree(last)) + Unsafe.Add(ref table, WebGrams.SlotOfFour(last));
            row = at * symbols;
            if (++n < WebGrams.Block) continue;
            best = Math.Max(best, before + block);
            before = block;
            block = n = 0;
        }
        if (n > 0) best = Math.Max(best, before + block);
        return best + bias;
    }

    /// <summary>Index of the family a value looks most like. For the few values that are attacks: reads the value once a family.</summary>
    public int FamilyOf(ReadOnlySpan<byte> value)
    {
        var best = 0;
        var most = int.MinValue;
        for (var f = 0; f < families.Length; f++)
        {
            var sum = 0;
            var reader = new WebGrams.Reader();
            for (var i = 0; i <= value.Length; i++)
            {
                if (!reader.Next(i < value.Length ? value[i] : WebGrams.End)) continue;
                const int mask = (1 << FamilyBits) - 1;
                sum += families[f][reader.One & mask] + families[f][reader.Two & mask] + families[f][reader.Three & mask] + families[f][reader.Four & mask];
            }
            if (sum <= most) continue;
            most = sum;
            best = f;
        }
        return best;
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Write()
    {
        using var file = new MemoryStream();
        Span<byte> number = stackalloc byte[4];
        file.Write(Magic);
        file.WriteByte((byte)Families.Count);
        foreach (var name in Families)
        {
            file.WriteByte((byte)name.Length);
            file.Write(Encoding.ASCII.GetBytes(name));
        }
        file.WriteByte(Bars);
        foreach (var bar in bars)
        {
            BinaryPrimitives.WriteInt16LittleEndian(number, bar);
            file.Write(number[..2]);
        }
        BinaryPrimitives.WriteInt16LittleEndian(number, bias);
        file.Write(number[..2]);
        BinaryPrimitives.WriteSingleLittleEndian(number, Scale);
        file.Write(number);
        foreach (var w in weights) file.WriteByte((byte)w);
        foreach (var family in families)
            foreach (var w in family) file.WriteByte((byte)w);
        return file.ToArray();
    }

    /// <summary>Reads a file; null and a reason when it is none of ours or cut short.</summary>
    public static WebModel? Read(ReadOnlySpan<byte> file, out string problem)
    {
        problem = "not a model file of this version";
        if (file.Length < 5 || !file.StartsWith(Magic)) return null;
        var at = 4;
        var names = new string[file[at++]];
        problem = "the model file is cut short or too long";
        for (var i = 0; i < names.Length; i++)
        {
            if (at >= file.Length || at + 1 + file[at] > file.Length) return null;
            names[i] = Encoding.ASCII.GetString(file.Slice(at + 1, file[at]));
            at += 1 + file[at];
        }
        if (file.Length != at + 1 + 2 * Bars + 6 + WebGrams.Slots + (names.Length << FamilyBits) || file[at++] != Bars) return null;
        var bars = new short[Bars];
        for (var i = 0; i < Bars; i++, at += 2) bars[i] = BinaryPrimitives.ReadInt16LittleEndian(file[at..]);
        var bias = BinaryPrimitives.ReadInt16LittleEndian(file[at..]);
        var scale = BinaryPrimitives.ReadSingleLittleEndian(file[(at + 2)..]);
        at += 6;
        var weights = MemoryMarshal.Cast<byte, sbyte>(file.Slice(at, WebGrams.Slots)).ToArray();
        at += WebGrams.Slots;
        var families = new sbyte[names.Length][];
        for (var f = 0; f < families.Length; f++, at += 1 << FamilyBits)
            families[f] = MemoryMarshal.Cast<byte, sbyte>(file.Slice(at, 1 << FamilyBits)).ToArray();
        problem = "";
        return new WebModel(names, weights, families, bars, bias, scale);
    }
}
