using System.Text;
using Palisade.Engine.Enrich;

namespace Palisade.Engine.Tests.Parse.KeyValue;

public sealed class PairReaderTests
{
    private const string Source = """
        name: pairs
        format: kv
        detect: 1
        has: [a]
        nothing: ["?", "(null)"]
        """;

    [Theory]
    [InlineData("a=1 b='x y' c=\"z\"", "1", "x y", "z")]
    [InlineData("a=1\u001dB=\"root\" b=2 c=3", "1", "2", "3")]
    [InlineData("a=(null)B=9 b=? c=3", "", "", "3")]
    public void Pairs_are_read_as_auditd_writes_them(string line, string a, string b, string c)
    {
        var pipeline = new Pipeline(EngineContent.Load([("sources/pairs/source.yml", Encoding.UTF8.GetBytes(Source))], out _), NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        Assert.Equal(a, pipeline.Events.GetString(0, FieldNames.GetOrAdd("a")));
        Assert.Equal(b, pipeline.Events.GetString(0, FieldNames.GetOrAdd("b")));
        Assert.Equal(c, pipeline.Events.GetString(0, FieldNames.GetOrAdd("c")));
    }

    private const string Told = """
        name: told
        detect: 1
        pairs: { separator: "\t", open: true }
        patterns: [ { match: 'T|%{-:separator}|%{-:kv}' }, { match: 'P[%{a:padded}]%{b:padded}' } ]
        """;

    [Theory]
    [InlineData("T|^|a=1^b=x y", "1", "x y")]
    [InlineData("T|x5E|a=1^b=x y", "1", "x y")]
    [InlineData("T|0x5e|a=1^b=x y", "1", "x y")]
    [InlineData("T|||a=1|b=x y", "1", "x y")]
    [InlineData("T|0x7C|a=1|b=x y", "1", "x y")]
    [InlineData("T||a=1\tb=x^y", "1", "x^y")]
    [InlineData("T|\\t|a=1\tb=x^y", "1", "x^y")]
    [InlineData("T|\t|a=1\tb=x^y", "1", "x^y")]
    [InlineData("T|zz|a=1\tb=2", "", "")]
    [InlineData("T|x|a=1\tb=2", "", "")]
    [InlineData("T|x00|a=1\tb=2", "", "")]
    [InlineData("T|", "", "")]
    [InlineData("P[ \t x y\t] z", "x y", "z")]
    [InlineData("P[  ]", "", "")]
    public void A_record_may_name_what_parts_its_pairs(string line, string a, string b)
    {
        var pipeline = new Pipeline(EngineContent.Load([("sources/told/source.yml", Encoding.UTF8.GetBytes(Told))], out var problems), NoGeoLookup.Instance);
        Assert.Empty(problems);
        pipeline.Add(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        Assert.Equal(a, pipeline.Events.GetString(0, FieldNames.GetOrAdd("a")));
        Assert.Equal(b, pipeline.Events.GetString(0, FieldNames.GetOrAdd("b")));
    }

    private const string Loose = """
        name: loose
        detect: 400
        pairs: { least: 3 }
        patterns: [ { match: '%{message:kv}' } ]
        """;

    [Theory]
    [InlineData("a=1 b=2 c=3", true)]
    [InlineData("told so: a=1, b='x y', c=\"z\" and more", true)]
    [InlineData("a=1 b=2 a=3 again", false)]
    [InlineData("a=1 b=2", false)]
    [InlineData("1=1 2=2 3=3", false)]
    [InlineData("/x?a=1&b=2&c=3", false)]
    [InlineData("engine a=<Store:0x1f4> b={c=1} d=(null) e=1 f=2", false)]
    [InlineData("one two three four five six seven a=1 eight nine ten b=2 eleven twelve c=3", false)]
    public void A_source_that_asks_for_so_many_keys_reads_no_line_of_fewer_and_no_prose(string line, bool reads)
    {
        var pipeline = new Pipeline(EngineContent.Load([("sources/loose/source.yml", Encoding.UTF8.GetBytes(Loose))], out _), NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 0, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        Assert.Equal(reads ? ParseRefusal.None : ParseRefusal.UnknownFormat, pipeline.Events.Header(0).Refusal);
    }

    [Theory]
    [InlineData("0"), InlineData("17"), InlineData("-3"), InlineData("some")]
    public void A_number_of_keys_that_is_none_is_refused(string least)
    {
        EngineContent.Load([("sources/loose/source.yml", Encoding.UTF8.GetBytes(Loose.Replace("least: 3", "least: " + least, StringComparison.Ordinal)))], out var problems);
        Assert.Equal(("SRC012", 3), (Assert.Single(problems).Code, problems[0].Line));
    }
}
