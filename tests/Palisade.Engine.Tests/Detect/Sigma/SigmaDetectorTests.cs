using System.Text;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Enrich;
using Palisade.Engine.Tests.Rules;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Sigma;

public sealed class SigmaDetectorTests
{
    [Fact]
    public void A_steady_stream_is_judged_without_allocating()
    {
        var snapshot = ShippedRules.Snapshot;
        var pipeline = new Pipeline(snapshot, NoGeoLookup.Instance);
        var sequence = 0UL;
        foreach (var line in File.ReadLines(Path.Combine(ShippedRules.Content, "benign", "host.log")).Concat(File.ReadLines(Path.Combine(ShippedRules.Content, "benign", "nginx.log"))))
            pipeline.Add(new RecordInfo(++sequence, 1_795_000_000_000, 1, 0, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        var detector = new SigmaDetector(snapshot.Rules);
        var findings = new FindingList();
        // An expression that is asked often is compiled once; after that nothing is left to allocate.
        Assert.Equal(0, Allocated.Least(() =>
        {
            for (var i = 0; i < 20; i++) Judge();
        }, rounds: 30));

        void Judge()
        {
            findings.Clear();
            detector.Detect(pipeline.Events, findings);
        }
    }

    [Fact]
    public void Evidence_points_at_the_bytes_that_matched()
    {
        var batch = new EventBatch();
        var findings = new FindingList();
        SigmaWorld.Add(batch, 1, 0, ("process.command_line", "/bin/sh -c nc 203.0.113.7"));
        new SigmaDetector(SigmaWorld.Load(SigmaWorld.Rule("case", "s: { process.command_line|contains: 'nc 203' }\ncondition: s"))).Detect(batch, findings);
        var finding = findings.Items[0];
        Assert.Equal("process.command_line", FieldNames.Name(finding.Field));
        Assert.Equal((11, 6), (finding.Offset, finding.Length));
    }
}
