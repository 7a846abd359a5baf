using System.Text;
using Palisade.Engine;
using Palisade.Engine.Detect.Sigma;
using Palisade.Engine.Enrich;

namespace Palisade.Cli.Bench.Cases.Detect;

/// <summary>The shipped rules over web and Linux events that are parsed already, on one core.</summary>
internal sealed class DetectOwnCase : IBenchCase
{
    private const int Batches = 24;
    private static readonly string[] Linux = ["sshd", "sudo", "su", "cron", "pam", "auditd", "systemd", "kernel", "useradd", "syslog", "postfix", "dovecot", "netfilter", "vsftpd"];

    public string Name => "detect-own";

    public async Task<IReadOnlyList<Figure>> RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var snapshot = ContentFiles.Load();
        var batches = Parse(new Pipeline(snapshot, NoGeoLookup.Instance));
        var events = batches.Sum(static b => b.Count);
        var findings = new FindingList();
        var detector = new SigmaDetector(snapshot.Rules);
        var own = Quietest.Of(context.Time, () => Pass(detector = new SigmaDetector(snapshot.Rules)), cancellationToken);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var matches = Pass(detector);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return
        [
            new Figure("events judged", "events/s", events / own.TotalSeconds, AtLeast: 1_000_000),
            new Figure("allocated, second reading", "B/event", Math.Round((double)allocated / events, 1), AtMost: 0),
            new Figure("rules", "", snapshot.Rules.RuleCount),
            new Figure("rules evaluated an event", "", (double)detector.Evaluated / events / 2),
            new Figure("matches", "", matches),
        ];

        long Pass(SigmaDetector judge)
        {
            long found = 0;
            foreach (var batch in batches)
            {
                findings.Clear();
                judge.Detect(batch, findings);
                found += findings.Count;
            }
            return found;
        }
    }

    // Every second line is a request of a generated access log, the others are samples of Linux logs in a random order.
    private static List<EventBatch> Parse(Pipeline pipeline)
    {
        var samples = Linux.Select(s => Path.Combine(ContentFiles.Folder, "sources", s, "sample.log")).Where(File.Exists).SelectMany(File.ReadAllLines).Where(static l => l.Length > 0).Select(Encoding.UTF8.GetBytes).ToArray();
        var web = new NginxLogGenerator(seed: 7, AccessLog.StartMs);
        var line = new byte[NginxLogGenerator.MaxLineBytes];
        var order = new Random(7);
        var batches = new List<EventBatch>();
        ulong sequence = 0;
        for (var n = 0; n < Batches; n++)
        {
            pipeline.Batch = new PipelineBatch();
            while (!pipeline.Events.IsFull)
            {
                var record = sequence % 2 == 0 ? line.AsSpan(0, web.Write(line)) : samples[order.Next(samples.Length)];
                pipeline.Add(new RecordInfo(sequence++, AccessLog.StartMs, 1, 1, RecordInfo.AutoParser), record.TrimEnd((byte)'\n'));
            }
            batches.Add(pipeline.Events);
        }
        return batches;
    }
}
