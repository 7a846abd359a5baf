using System.Text;
using Palisade.Engine;
using Palisade.Engine.Enrich;
using Palisade.Protocol;
using Palisade.Server.Incidents;
using Palisade.Server.Streaming;

namespace Palisade.Server.Tests.Streaming;

/// <summary>Incidents on their way out of the engine: the same however batches are cut and wherever a snapshot was taken up.</summary>
public sealed class StreamIncidentsTests
{
    private static readonly EngineSnapshot Content = TestApp.Content();

    private static string[] Lines()
    {
        var lines = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            var at = DateTimeOffset.FromUnixTimeSeconds(1_790_000_000 + i * 2).ToString("dd/MMM/yyyy:HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
            lines.Add(i % 5 == 0
                ? $"203.0.113.7 - - [{at} +0000] \"GET /search?q=%27%20UNION%20SELECT%20password%20FROM%20users--%20{i} HTTP/1.1\" {(i % 2 == 0 ? 403 : 200)} 162 \"-\" \"Mozilla/5.0\""
                : $"192.0.2.{i % 100 + 1} - - [{at} +0000] \"GET /products?id={i} HTTP/1.1\" 200 5162 \"-\" \"Mozilla/5.0\"");
        }
        return [.. lines];
    }

    /// <summary>What is known of each incident in the end, if versions only go up.</summary>
    private static Dictionary<string, (IncidentProjection Last, HashSet<ulong> Examples)> Run(int batch, int snapshotAt = -1)
    {
        var known = new Dictionary<string, (IncidentProjection Last, HashSet<ulong> Examples)>();
        var (pipeline, gathered) = (new Pipeline(Content, new NoGeoLookup()), New());
        var lines = Lines();
        for (var from = 0; from < lines.Length; from += batch)
        {
            pipeline.Clear();
            for (var i = from; i < Math.Min(lines.Length, from + batch); i++)
                pipeline.Add(new RecordInfo((ulong)i + 1, 1_790_000_700_000, 1, 1, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(lines[i]));
            pipeline.Detect();
            gathered.Note(pipeline.Incidents.Changed, pipeline.Events, pipeline.Findings);
            if (from / batch != snapshotAt) continue;
            Take(gathered, known);
            var state = new MemoryStream();
            pipeline.SaveState(state);
            state.Position = 0;
            (pipeline, gathered) = (new Pipeline(Content, new NoGeoLookup()), New());
            pipeline.LoadState(state);
        }
        Take(gathered, known);
        Assert.False(gathered.AreWaiting);
        return known;
    }

    private static StreamIncidents New() => new(Content.Incidents, FieldNames.Name, 3, TimeProvider.System);

    private static void Take(StreamIncidents gathered, Dictionary<string, (IncidentProjection Last, HashSet<ulong> Examples)> known)
    {
        foreach (var p in gathered.Take())
        {
            var before = known.GetValueOrDefault(p.Id).Examples ?? [];
            before.UnionWith(p.Events.Select(e => e.EventId));
            known[p.Id] = (p, before);
        }
    }

    [Fact]
    public void The_same_records_give_the_same_incidents_and_examples_with_their_evidence()
    {
        var whole = Run(300);
        var (story, examples) = whole.Values.Single(v => v.Last.Story.Class == "sqli");
        Assert.Equal((1, "203.0.113.7", 60L), (story.Story.SourceCount, story.Story.Sources[0], story.Story.Count));
        Assert.Contains(story.Events, e => e.Raw.Length > 0 && e.Length > 0 && e.Source == "203.0.113.7");
        Assert.Equal(60, story.EventIds.Count);
        Assert.All(story.EventIds, id => Assert.Equal(3, EventId.Node(id)));
        foreach (var other in new[] { Run(17), Run(50, snapshotAt: 2), Run(7, snapshotAt: 20) })
        {
            var (again, kept) = other[story.Id];
            Assert.Equal((story.Version, story.Story.Write()), (again.Version, again.Story.Write()));
            Assert.Equal(examples.Order(), kept.Order());
        }
    }
}
