using System.Text;
using Palisade.Server.Ingest;

namespace Palisade.Server.Tests.Ingest;

public sealed class LineSplitterTests
{
    [Fact]
    public void Blank_lines_are_passed_over_and_the_last_may_lack_its_end()
    {
        var splitter = new LineSplitter("\n\r\na\r\n\nb\nc"u8);
        var lines = new List<string>();
        while (splitter.TryRead(out var line)) lines.Add(Encoding.UTF8.GetString(line));
        Assert.Equal(["a", "b", "c"], lines);
    }
}
