using System.Text;
using Palisade.Engine.Enrich;
using Palisade.Engine.Parse;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Parse;

/// <summary>The cookie <c>@cee:</c> in front of JSON in a syslog message (CEE, as rsyslog's mmjsonparse reads it).</summary>
public sealed class CeeCookieTests
{
    private static Pipeline Read(string line)
    {
        var pipeline = new Pipeline(EngineContent.Load(
            [("sources/syslog/source.yml", "name: syslog\nformat: syslog\ndetect: 2\n"u8.ToArray()), ("sources/json/source.yml", "name: json\nformat: json\ndetect: 1\n"u8.ToArray())], out _),
            NoGeoLookup.Instance);
        pipeline.Add(new RecordInfo(1, 1_790_000_000_000, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        return pipeline;
    }

    [Theory]
    [InlineData("<13>1 2026-11-24T10:00:00Z web1 app 77 - - @cee: {\"user\":{\"name\":\"alice\"}}")]
    [InlineData("<13>1 2026-11-24T10:00:00Z web1 app 77 - - @cee:{\"user\":{\"name\":\"alice\"}}")]
    [InlineData("<13>Nov 24 10:00:00 web1 app[77]: @cee:   {\"user\":{\"name\":\"alice\"}}")]
    public void The_json_behind_it_is_read_and_the_header_stays(string line)
    {
        var events = Read(line).Events;
        Assert.Equal(ParseRefusal.None, events.Header(0).Refusal);
        Assert.Equal(("alice", "web1"), (events.GetString(0, Fields.UserName), events.GetString(0, Fields.HostName)));
    }

    [Theory]
    [InlineData("<13>1 2026-11-24T10:00:00Z web1 app - - - @cee: {\"user\":"), InlineData("<13>1 2026-11-24T10:00:00Z web1 app - - - @cee:"), InlineData("<13>1 2026-11-24T10:00:00Z web1 app - - - @cee: no json")]
    public void Without_json_behind_it_the_message_stays_a_message(string line)
    {
        var events = Read(line).Events;
        Assert.Equal(ParseRefusal.None, events.Header(0).Refusal);
        Assert.StartsWith("@cee:", events.GetString(0, Fields.Message));
    }
}
