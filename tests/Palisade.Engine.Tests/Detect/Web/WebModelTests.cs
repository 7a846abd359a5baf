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
