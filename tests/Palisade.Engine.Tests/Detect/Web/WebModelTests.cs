using Palisade.Engine.Detect.Web;

namespace Palisade.Engine.Tests.Detect.Web;

public sealed class WebModelTests
{
    private static WebModel Small()
    {
        var weights = new sbyte[WebGrams.Slots];
        var reader = new WebGrams.Reader();
        foreach (var b in "union"u8) reader.Next(b);
        weights[reader.Four] = 100;
        return new WebModel(["sqli"], weights, [new sbyte[1 << WebModel.FamilyBits]], new short[WebModel.Bars], -50, 0.1f);
    }

    [Fact]
    public void A_window_counts_and_not_what_lies_around_it()
    {
        var model = Small();
        Assert.Equal(-50, model.Score("garden chair"u8));
        Assert.Equal(50, model.Score("x union y"u8));
        var long_ = new byte[20_000];
        Array.Fill(long_, (byte)'a');
        "union"u8.CopyTo(long_.AsSpan(15_000));
        Assert.Equal(50, model.Score(long_));
    }

    [Fact]
    public void The_score_is_the_best_window_of_the_weights_of_all_grams()
    {
        var random = new Random(5);
        var weights = new sbyte[WebGrams.Slots];
        for (var i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-127, 128);
        var model = new WebModel(["sqli"], weights, [new sbyte[1 << WebModel.FamilyBits]], new short[WebModel.Bars], 3, 0.1f);
        for (var round = 0; round < 500; round++)
        {
            var value = new byte[random.Next(0, 200)];
            random.NextBytes(value);
            // Runs of digits, blanks and other scripts count as one.
            for (var i = 1; i < value.Length; i++)
                if (random.Next(3) == 0) value[i] = (byte)(round % 3 == 0 ? '0' + random.Next(10) : round % 3 == 1 ? ' ' : 0xE4);
            Assert.Equal(ByGrams(weights, value) + 3, model.Score(value));
        }
    }

    private static int ByGrams(sbyte[] weights, byte[] value)
    {
        var sums = new List<int>();
        var reader = new WebGrams.Reader();
        var n = 0;
        foreach (var b in value.Append(WebGrams.End))
        {
            if (!reader.Next(b)) continue;
            if (n++ % WebGrams.Block == 0) sums.Add(0);
            sums[^1] += weights[reader.One] + weights[reader.Two] + weights[reader.Three] + weights[reader.Four];
        }
        return Enumerable.Range(0, sums.Count).Max(i => sums[i] + (i > 0 ? sums[i - 1] : 0));
    }

    [Fact]
    public void Reading_gives_what_was_written()
    {
        var file = Small().Write();
        var read = WebModel.Read(file, out var problem);
        Assert.NotNull(read);
        Assert.Empty(problem);
        Assert.Equal(file, read.Write());
    }

    [Fact]
    public void A_file_that_is_cut_or_foreign_is_refused_with_a_reason()
    {
        var file = Small().Write();
        foreach (var length in (int[])[0, 3, 5, 40, file.Length - 1])
        {
            Assert.Null(WebModel.Read(file.AsSpan(0, length), out var problem));
            Assert.NotEmpty(problem);
        }
        WebDetector.Load([("model.bin", file[..100])], out var diagnostics);
        Assert.Equal(["WEB020"], diagnostics.Select(d => d.Code));
    }
}
