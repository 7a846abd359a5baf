using System.Text;
using Palisade.Engine.Enrich;

namespace Palisade.Engine.Tests.Parse;

/// <summary>Lines that name the columns of those after them.</summary>
public sealed class HeaderLineTests
{
    private const string Table = "name: table\nformat: delimited\ndelimited: { named: true }\nfields: { time: '@timestamp', user: user.name, src: source:endpoint }\n";

    private static EngineSnapshot Load(string yaml)
    {
        var content = EngineContent.Load([("sources/table/source.yml", Encoding.UTF8.GetBytes(yaml))], out var problems);
        Assert.Empty(problems);
        return content;
    }

    private static string? User(Pipeline pipeline, string line, uint source = 1, bool asked = true)
    {
        pipeline.Clear();
        pipeline.Add(new RecordInfo(1, 1_790_000_000_000, 1, source, asked ? (short)0 : RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        return pipeline.Events.Header(0).Refusal is var refusal and not ParseRefusal.None ? refusal.ToString() : pipeline.Events.GetString(0, FieldNames.GetOrAdd("user.name"));
    }

    [Fact]
    public void Names_alone_are_a_header_where_there_is_none_yet_or_it_is_the_same_or_has_other_columns()
    {
        var pipeline = new Pipeline(Load(Table), NoGeoLookup.Instance);
        Assert.Equal("Malformed", User(pipeline, "2026-11-24 10:00:00,li"));
        Assert.Equal("Empty", User(pipeline, "Time,User,Note"));
        Assert.Equal("li", User(pipeline, "2026-11-24 10:00:00,li,first"));
        Assert.Equal("login", User(pipeline, "wang,login,ok"));
        Assert.Equal("Empty", User(pipeline, "Time,User,Note"));
        Assert.Equal("Empty", User(pipeline, "user,time"));
        Assert.Equal("wang", User(pipeline, "wang,2026-11-24 10:00:00"));
        Assert.Equal("Malformed", User(pipeline, "2026-11-24 10:00:00,li", source: 2));
    }

    [Fact]
    public void A_table_is_found_out_by_three_known_names_with_a_time_among_them()
    {
        var pipeline = new Pipeline(Load(Table + "detect: 100\n"), NoGeoLookup.Instance);
        Assert.Equal("UnknownFormat", User(pipeline, "user,src,note", asked: false));
        Assert.Equal("UnknownFormat", User(pipeline, "Hello world, this, that", asked: false));
        Assert.Equal("Empty", User(pipeline, "time,src,user,note", asked: false));
        Assert.Equal("li", User(pipeline, "2026-11-24 10:00:00,192.0.2.1,li,\"a, b\"", asked: false));
    }

    [Fact]
    public void What_headers_named_is_written_down_and_taken_up_also_by_other_content()
    {
        var (first, written) = (new Pipeline(Load(Table), NoGeoLookup.Instance), new MemoryStream());
        User(first, "time,user");
        using (var writer = new BinaryWriter(written, Encoding.UTF8, leaveOpen: true)) first.SaveHeaders(writer);
        var second = new Pipeline(Load(Table), NoGeoLookup.Instance);
        second.LoadHeaders(new BinaryReader(new MemoryStream(written.ToArray())));
        Assert.Equal("li", User(second, "2026-11-24 10:00:00,li"));
        var other = new Pipeline(Load(Table.Replace("table", "other", StringComparison.Ordinal)), NoGeoLookup.Instance);
        other.LoadHeaders(new BinaryReader(new MemoryStream(written.ToArray())));
        Assert.Equal("Malformed", User(other, "2026-11-24 10:00:00,li"));
        Assert.Throws<InvalidDataException>(() => second.LoadHeaders(new BinaryReader(new MemoryStream(written.ToArray()[..^3]))));
    }
}
