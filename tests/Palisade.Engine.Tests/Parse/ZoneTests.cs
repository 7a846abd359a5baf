using System.Globalization;
using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse.Times;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Parse;

/// <summary>Stamps without a zone, read by the zone of their source.</summary>
public sealed class ZoneTests
{
    // Central Europe in 2026: +1, from 29 March 01:00 UTC +2, from 25 October 01:00 UTC +1.
    private static readonly ZoneTable Berlin = new("Europe/Berlin", [Ms("2026-03-29T01:00:00Z"), Ms("2026-10-25T01:00:00Z")], [3_600_000, 7_200_000, 3_600_000]);

    private const string Source = """
        name: app
        detect: 10
        set: { event.category: web }
        patterns:
          - match: '%{@timestamp:iso} app: %{message:rest}'
          - match: '%{@timestamp:bsd} app: %{message:rest}'
          - match: '%{@timestamp:slashes} app: %{message:rest}'
          - match: '%{@timestamp:time d MMM yyyy HH:mm:ss zzz} app: %{message:rest}'
        """;

    private const string Columns = """
        name: w3c
        format: delimited
        zone: utc
        delimited: { separator: ' ' }
        columns: ["@timestamp:date", "@timestamp:clock", message]
        """;

    private static long Ms(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static (string Time, EventFlags Flags, string Received) Read(string line, ZoneTable? zone, string received = "2026-11-24T12:00:00Z", string yaml = Source, bool asked = false)
    {
        var content = EngineContent.Load([("sources/x/source.yml", Encoding.UTF8.GetBytes(yaml))], out var problems);
        Assert.DoesNotContain(problems, p => p.Code.StartsWith("SRC", StringComparison.Ordinal));
        var pipeline = new Pipeline(content, NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, Ms(received), 1, 1, asked ? (short)0 : RecordInfo.AutoParser, zone), Encoding.UTF8.GetBytes(line));
        ref readonly var header = ref pipeline.Events.Header(0);
        Assert.Equal(ParseRefusal.None, header.Refusal);
        return (Text(header.TimeMs), header.Flags & ~EventFlags.AutoDetected, Text(header.ReceivedMs));
    }

    private static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("2026-11-24 10:00:00 app: x", "2026-11-24T09:00:00Z")]                  // winter
    [InlineData("2026-07-24 10:00:00 app: x", "2026-07-24T08:00:00Z")]                  // summer: the stamp's own date counts, not today's
    [InlineData("Jul 24 10:00:00 app: x", "2026-07-24T08:00:00Z")]
    [InlineData("2026/07/24 10:00:00 app: x", "2026-07-24T08:00:00Z")]
    [InlineData("24 Jul 2026 10:00:00 XYZ app: x", "2026-07-24T08:00:00Z")]           // letters of no known zone
    [InlineData("24 Jul 2026 10:00:00 +0800 app: x", "2026-07-24T02:00:00Z")]           // a zone of its own stays
    [InlineData("2026-07-24T10:00:00Z app: x", "2026-07-24T10:00:00Z")]
    [InlineData("2026-03-29 01:59:59 app: x", "2026-03-29T00:59:59Z")]
    [InlineData("2026-03-29 02:30:00 app: x", "2026-03-29T01:30:00Z")]                  // the hour that is skipped: by the offset before
    [InlineData("2026-03-29 03:00:00 app: x", "2026-03-29T01:00:00Z")]
    [InlineData("2026-10-25 01:59:59 app: x", "2026-10-24T23:59:59Z")]
    [InlineData("2026-10-25 03:00:00 app: x", "2026-10-25T02:00:00Z")]
    public void A_stamp_without_a_zone_is_read_by_the_offset_of_its_own_date(string line, string expected) =>
        Assert.Equal(expected, Read(line, Berlin).Time);

    [Fact]
    public void An_hour_that_the_clocks_show_twice_is_told_apart_by_receipt()
    {
        const string line = "2026-10-25 02:30:00 app: x";
        Assert.Equal("2026-10-25T00:30:00Z", Read(line, Berlin, "2026-10-25T00:30:01Z").Time);
        Assert.Equal("2026-10-25T01:30:00Z", Read(line, Berlin, "2026-10-25T01:30:01Z").Time);
        Assert.Equal("2026-10-25T00:30:00Z", Read(line, Berlin, "2026-10-25T01:20:00Z").Time);
        Assert.Equal("2026-10-25T01:30:00Z", Read(line, Berlin, "2026-12-01T00:00:00Z").Time);
    }

    [Fact]
    public void Without_a_zone_of_the_log_the_parser_says_it_and_where_the_format_says_it_nobody_else()
    {
        var shanghai = ZoneTable.Fixed("+08:00", 480);
        Assert.Equal("2026-11-24T10:00:00Z", Read("2026-11-24 10:00:00 app: x", null).Time);
        Assert.Equal("2026-11-24T05:00:00Z", Read("2026-11-24 10:00:00 app: x", null, yaml: Source + "\nzone: 300").Time);
        Assert.Equal("2026-11-24T02:00:00Z", Read("2026-11-24 10:00:00 app: x", shanghai, yaml: Source + "\nzone: 300").Time);
        Assert.Equal("2026-11-24T10:00:00Z", Read("2026-11-24 10:00:00 x", shanghai, yaml: Columns, asked: true).Time);
        Assert.Equal("2026-11-24T02:00:00Z", Read("2026-11-24 10:00:00 x", shanghai, yaml: Columns.Replace("zone: utc", "zone: 0"), asked: true).Time);
    }

    [Theory]
    [InlineData("Dec 31 23:59:59 app: x", "2026-01-01T00:00:05Z", "2025-12-31T23:59:59Z")]
    [InlineData("Jan  1 00:00:01 app: x", "2025-12-31T23:59:58Z", "2026-01-01T00:00:01Z")]       // their clock is a little ahead
    [InlineData("Feb 29 10:00:00 app: x", "2028-03-01T00:00:00Z", "2028-02-29T10:00:00Z")]
    [InlineData("Feb 29 10:00:00 app: x", "2027-03-01T00:00:00Z", "2024-02-29T10:00:00Z")]       // 2027 has no such day
    public void A_stamp_without_a_year_gets_the_one_that_fits_receipt(string line, string received, string expected) =>
        Assert.Equal(expected, Read(line, null, received).Time);

    [Fact]
    public void The_new_year_comes_when_it_comes_where_the_stamp_was_written()
    {
        var shanghai = ZoneTable.Fixed("+08:00", 480);
        Assert.Equal("2025-12-31T16:00:01Z", Read("Jan  1 00:00:01 app: x", shanghai, "2025-12-31T16:00:02Z").Time);
        Assert.Equal("2025-12-31T15:59:59Z", Read("Dec 31 23:59:59 app: x", shanghai, "2026-01-01T02:00:00Z").Time);
    }

    [Theory]
    [InlineData("1970-01-01T00:00:00Z app: x", "1970-01-01T00:00:00Z", EventFlags.AncientTime)]
    [InlineData("2100-02-28T23:59:59Z app: x", "2100-02-28T23:59:59Z", EventFlags.FutureTime)]
    [InlineData("2026-11-25T11:59:59Z app: x", "2026-11-25T11:59:59Z", EventFlags.None)]
    [InlineData("2026-11-25T12:00:01Z app: x", "2026-11-25T12:00:01Z", EventFlags.FutureTime)]
    [InlineData("2026-11-17T11:59:59Z app: x", "2026-11-17T11:59:59Z", EventFlags.AncientTime)]
    public void Unlikely_stamps_are_flagged_and_kept_beside_receipt(string line, string expected, EventFlags flags) =>
        Assert.Equal((expected, flags, "2026-11-24T12:00:00Z"), Read(line, null));

    [Fact]
    public void A_zone_costs_no_allocation()
    {
        var line = "2026-07-24 10:00:00 app: x"u8.ToArray();
        var pipeline = new Pipeline(EngineContent.Load([("sources/x/source.yml", Encoding.UTF8.GetBytes(Source))], out _), NoGeoLookup.Instance);
        void Round()
        {
            for (var n = 0; n < 2000; n++) pipeline.Add(new RecordInfo((ulong)n, 1_795_536_000_000, 1, 1, RecordInfo.AutoParser, Berlin), line);
            pipeline.Clear();
        }
        Round();
        Assert.Equal(0, Allocated.Least(Round));
    }
}
