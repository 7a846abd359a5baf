using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Own;

namespace Palisade.Engine.Tests.Parse.Own;

public sealed class OwnSourceTests
{
    private const long Received = 1_795_536_000_000;
    private const string Pay = "name: pay\npatterns:\n  - id: deny\n    match: 'pay DENY %{source:endpoint} %{http.response.status_code:int}'\n  - id: any\n    match: 'pay %{event.action:word}'\nset: { event.dataset: pay }\n";

    private static OwnSource Compile(string yaml)
    {
        var source = OwnSource.Compile(yaml, out var problems);
        Assert.Empty(problems);
        return source!;
    }

    private static Pipeline Engine(params string[] shipped) => new(
        EngineContent.Load(shipped.Select((s, i) => ($"sources/s{i}/source.yml", Encoding.UTF8.GetBytes(s))), out _), NoGeoLookup.Instance);

    private static (string Source, ParseRefusal Refusal) Read(Pipeline engine, uint tenant, string line, short parser = RecordInfo.AutoParser)
    {
        engine.Add(new RecordInfo(1, Received, tenant, 1, parser), Encoding.UTF8.GetBytes(line));
        var header = engine.Events.Header(engine.Events.Count - 1);
        return (engine.Parsers.NameOf(header.Parser), header.Refusal);
    }

    [Fact]
    public void A_tenants_source_is_tried_first_and_for_that_tenant_alone()
    {
        var engine = Engine("name: words\ndetect: 10\npatterns: [ { match: 'pay %{message:rest}' } ]\n");
        engine.Parsers = engine.Parsers.With(7, [Compile(Pay)]);
        Assert.Equal(("pay", ParseRefusal.None), Read(engine, 7, "pay DENY 192.0.2.1 403"));
        Assert.Equal(("words", ParseRefusal.None), Read(engine, 8, "pay DENY 192.0.2.1 403"));
        Assert.Equal(("words", ParseRefusal.None), Read(engine, 7, "pay a b c"));
        Assert.Equal(("", ParseRefusal.UnknownFormat), Read(engine, 7, "other"));
        Assert.Equal(-1, engine.Parsers.IndexOf(8, "pay"));
        Assert.Equal(ParseRefusal.Malformed, Read(engine, 7, "other", engine.Parsers.IndexOf(7, "PAY")).Refusal);
    }

    [Fact]
    public void It_reads_messages_inside_syslog_frames_too()
    {
        var engine = Engine("name: syslog\nformat: syslog\ndetect: 5\n");
        engine.Parsers = engine.Parsers.With(7, [Compile(Pay)]);
        Assert.Equal("pay", Read(engine, 7, "<13>Nov 24 10:00:00 web1 gateway[1]: pay DENY 192.0.2.1 403").Source);
        Assert.Equal("web1", engine.Events.GetString(0, FieldNames.GetOrAdd("host.name")));
        Assert.Equal("syslog", Read(engine, 8, "<13>Nov 24 10:00:00 web1 gateway[1]: pay DENY 192.0.2.1 403").Source);
    }

    [Fact]
    public void A_new_version_takes_the_place_of_the_one_before_and_indexes_stay()
    {
        var engine = Engine("name: a\ndetect: 10\npatterns: [ { match: 'a %{message:rest}' } ]\n");
        var other = Compile("name: other\npatterns: [ { match: 'o %{message:rest}' } ]\n");
        var first = engine.Parsers.With(7, [Compile(Pay)]).With(9, [other]);
        var (index, others) = (first.IndexOf(7, "pay"), first.IndexOf(9, "other"));
        var second = first.With(7, [Compile(Pay.Replace("DENY", "REFUSE"))]);
        Assert.Equal((index, others), (second.IndexOf(7, "pay"), second.IndexOf(9, "other")));
        engine.Parsers = second;
        Assert.Equal("pay", Read(engine, 7, "pay REFUSE 192.0.2.1 403").Source);
        var none = second.With(7, []);
        Assert.Equal((-1, "pay"), (none.IndexOf(7, "pay"), none.NameOf(index)));
        engine.Parsers = none;
        Assert.Equal(ParseRefusal.UnknownFormat, Read(engine, 7, "pay REFUSE 192.0.2.1 403").Refusal);
    }

    [Fact]
    public void A_trial_says_fields_with_their_places_and_where_a_line_stops_fitting()
    {
        var tried = ParserTrial.Run(Engine().Parsers, Compile(Pay), ["pay DENY 192.0.2.1 403", "pay 好", "pay DENY 192.0.2.1 four", "x"], Received);
        Assert.Equal(["deny", "any", "", ""], tried.Select(t => t.Pattern));
        var ip = tried[0].Fields.Single(f => f.Name == "source.ip");
        Assert.Equal(("192.0.2.1", 9, 9), (ip.Value, ip.Start, ip.Length));
        Assert.Equal(-1, tried[0].Fields.Single(f => f.Name == "event.dataset").Start);
        Assert.Equal((4, 1), tried[1].Fields.Where(f => f.Name == "event.action").Select(f => (f.Start, f.Length)).Single());
        Assert.Equal((19, "%{http.response.status_code:int}"), (tried[2].Reached, tried[2].Expected));
        Assert.Equal((0, "pay DENY "), (tried[3].Reached, tried[3].Expected));
    }

    [Theory]
    [InlineData("name: x\nformat: json\n", "SRC018")]
    [InlineData("name: x\n", "SRC015")]
    [InlineData("name: x\nformat: kv\n", "SRC015")]
    [InlineData("name: x\nformat: delimited\n", "SRC015")]
    [InlineData("name: x\npatterns: [ { match: '%{a:word} %{message:rest}' } ]\n", "SRC016")]
    [InlineData("name: x\npatterns: &p [ { match: 'a' } ]\n", "SRC017")]
    [InlineData("name: x\ndefine: { a: b }\npatterns: [ { match: '%{&a}' } ]\n", "SRC017")]
    [InlineData("name: x\nwhen: [[[[[[[[[[[[[[1]]]]]]]]]]]]]]\n", "SRC017")]
    [InlineData("name: x\npatterns: [ { match: 'a %{b:wrod}' } ]\n", "SRC006")]
    [InlineData("name: x\npatern: 1\npatterns: [ { match: 'a' } ]\n", "SRC002")]
    [InlineData("name: [", "SRC001")]
    public void What_is_wrong_or_too_dear_is_refused(string yaml, string code)
    {
        Assert.Null(OwnSource.Compile(yaml, out var problems));
        Assert.Contains(code, problems.Select(p => p.Code));
        Assert.All(problems, p => Assert.NotEmpty(p.Message));
    }

    [Fact]
    public void Sizes_are_bounded()
    {
        Assert.Null(OwnSource.Compile("name: x\n#" + new string('x', OwnSource.MaxBytes), out _));
        Assert.Null(OwnSource.Compile($"name: x\npatterns: [ {{ match: 'a{string.Concat(Enumerable.Repeat("[?", 40))}' }} ]\n", out var deep));
        Assert.Equal("SRC017", Assert.Single(deep).Code);
        Assert.Null(OwnSource.Compile("name: x\npatterns:\n" + string.Concat(Enumerable.Range(0, 21).Select(i => $"  - match: 'a{i}'\n")), out var many));
        Assert.Equal("SRC017", Assert.Single(many).Code);
    }

    [Theory]
    [InlineData("it's %{a}")]
    [InlineData("a\tb\n\"c\\ %{user.name}")]
    public void A_pattern_comes_back_from_yaml_as_it_was(string pattern)
    {
        var line = pattern.Replace("%{a}", "x").Replace("%{user.name}", "x");
        Assert.True(Assert.Single(ParserTrial.Run(Engine().Parsers, Compile(OwnSource.Write("x", pattern)), [line], Received)).IsRead);
    }
}
