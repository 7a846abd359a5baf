using System.Globalization;
using System.Text;
using Palisade.Engine.Incidents;
using Palisade.Protocol;

namespace Palisade.Engine.Tests.Incidents;

/// <summary>
/// Somebody fills every memory there is with made-up addresses, paths, parameters, accounts and attacks, each once. It stays in bounded memory, and what is real is told before, while and
/// after, in the story it belongs to. Over a million of each with PALISADE_SOAK=1.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class FloodTests
{
    private const string Injector = "198.51.100.10", Guesser = "203.0.113.20", Climber = "192.0.2.30", Midway = "198.18.7.40", Late = "198.18.8.50", LateGuesser = "198.18.9.60";
    private static readonly bool Soak = Environment.GetEnvironmentVariable("PALISADE_SOAK") == "1";
    /// <summary>Records of one flood, of which there are two.</summary>
    private static readonly int Size = Soak ? 2_000_000 : 160_000;
    /// <summary>Managed bytes of one tenant's state at most: twelve correlations that hold as many groups as they may, tables of habits, 2,000 incidents.</summary>
    private const long Most = 640L << 20;

    private readonly Pipeline pipeline = StoryLog.NewPipeline();
    private readonly Dictionary<string, Incident> told = new(StringComparer.Ordinal);
    private readonly Random chance = new(20260907);
    private ulong sequence;
    private double second;

    private void Line(string line, uint source)
    {
        pipeline.Add(new RecordInfo(++sequence, StoryLog.Start.AddDays(2).ToUnixTimeMilliseconds(), 1, source, RecordInfo.AutoParser), Encoding.UTF8.GetBytes(line));
        if (pipeline.Events.IsFull) Judge();
    }

    private void Judge()
    {
        pipeline.Detect();
        foreach (var incident in pipeline.Incidents.Changed) told[incident.Id] = incident;
        pipeline.Clear();
    }

    private void Get(string ip, string target, int status = 200, int bytes = 9_000, string referrer = "-", string method = "GET") => Line(string.Create(CultureInfo.InvariantCulture,
        $"{ip} - - [{StoryLog.Start.AddSeconds(second):dd/MMM/yyyy:HH:mm:ss} +0000] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referrer}\" \"{StoryLog.Chrome}\""), 1);

    private void Says(string program, string text) => Line(string.Create(CultureInfo.InvariantCulture, $"{StoryLog.Start.AddSeconds(second):yyyy-MM-dd'T'HH:mm:ss}+00:00 web-01 {program}: {text}"), 2);

    private void People(int people)
    {
        const string Site = "https://shop.test/";
        for (var p = 0; p < people; p++, second += 3)
        {
            var ip = $"36.1.2.{p % 250}";
            Get(ip, "/");
            Get(ip, "/s/app.js", referrer: Site);
            Get(ip, $"/search?q=coat{p % 20}", bytes: 8_000 + p % 500, referrer: Site);
            Get(ip, $"/download?file=guide{p % 9}.pdf", bytes: 40_000 + p % 500, referrer: Site);
            Get(ip, "/passport/doLogin", bytes: 402, referrer: Site, method: "POST");
        }
    }

    /// <summary>An injection that gives away far more than a search does.</summary>
    private void Inject(string ip)
    {
        for (var i = 0; i < 12; i++, second += 2) Get(ip, $"/search?q={i}%27%20UNION%20SELECT%20{i},login%20FROM%20staff--", bytes: i == 11 ? 900_000 : 8_100);
    }

    private void Climb(int tries, bool worked)
    {
        for (var i = 0; i < tries; i++, second += 2) Get(Climber, $"/download?file=..%2f..%2f..%2fetc%2fx{i}", 404, 153);
        if (worked) Get(Climber, "/download?file=..%2f..%2f..%2fetc%2fpasswd", 200, 1_900);
    }

    /// <summary>Passwords guessed until one is right.</summary>
    private void Guess(string ip, string account)
    {
        for (var i = 0; i < 40; i++, second += 3) Says("sshd[991]", $"Failed password for {account} from {ip} port {40_000 + i} ssh2");
        Says("sshd[992]", $"Accepted password for {account} from {ip} port 40100 ssh2");
    }

    private string Anybody() => $"{chance.Next(1, 36)}.{chance.Next(256)}.{chance.Next(256)}.{chance.Next(256)}";

    private string Word(int letters) => string.Create(letters, chance, static (to, chance) =>
    {
        for (var i = 0; i < to.Length; i++) to[i] = (char)('a' + chance.Next(26));
    });

    /// <summary>So many records, none like another.</summary>
    private void Flood(int size)
    {
        for (var i = 0; i < size; i++, second += 0.01)
        {
            var (word, ip) = (Word(9), Anybody());
            switch (i % 6)
            {
                case 0: Get(ip, $"/{word}/{i}.html?{word}={i}", bytes: i % 90_000); break;
                case 1: Get(ip, $"/{word}?id=7%27%20union%20select%20{i},2--", 403, 162); break;
                case 2: Get(ip, $"/search?{word}=%3Cscript%3Ealert({i})%3C/script%3E", bytes: 8_000); break;
                case 3: Get(ip, $"/passport/doLogin?{word}={i}", bytes: 58, method: "POST"); break;
                default: Says("sshd[993]", $"Failed password for invalid user {word} from {ip} port {40_000 + i % 20_000} ssh2"); break;
            }
        }
    }

    /// <summary>Attacks that are each a small story of their own.</summary>
    private void SmallAttacks(int count)
    {
        for (var n = 0; n < count; n++, second += 0.1)
        {
            var (word, ip) = (Word(9), Anybody());
            for (var i = 0; i < 6; i++) Get(ip, $"/{word}/x?q={i}%27%20UNION%20SELECT%20{i},login%20FROM%20staff--", bytes: 100);
        }
    }

    /// <summary>The one story that somebody is in, with none of the flood: the three who inject into one page share theirs.</summary>
    private Incident Story(string ip)
    {
        Judge();
        var stories = told.Values.Where(i => i.MergedInto is null && i.SourceCount <= 3 && i.Sources.Any(s => s.Address == ip)).ToArray();
        Assert.True(stories.Length == 1, $"{ip}: {string.Join("; ", stories.Select(i => $"{i.Id} {i.Class} {i.Outcome} {i.Count}"))}");
        return stories[0];
    }

    private void IsTold(string ip, string attackClass, AttackOutcome outcome, string id = "")
    {
        var story = Story(ip);
        Assert.Equal((attackClass, outcome), (story.Class, story.Outcome));
        if (id.Length > 0) Assert.Equal(id, story.Id);
    }

    private long Memory()
    {
        Judge();
        told.Clear();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    [Fact]
    public void A_flood_of_made_up_things_stays_in_bounded_memory_and_hides_nothing()
    {
        People(300);
        var before = Memory();
        Inject(Injector);
        Guess(Guesser, "deploy");
        Climb(8, worked: false);
        IsTold(Injector, "sqli", AttackOutcome.Likely);
        IsTold(Guesser, "brute_force", AttackOutcome.Likely);
        IsTold(Climber, "path_traversal", AttackOutcome.Failed);
        var (guessed, climbed) = (Story(Guesser).Id, Story(Climber).Id);

        Flood(Size);
        var half = Memory();
        Inject(Midway);
        Climb(4, worked: true);
        IsTold(Midway, "sqli", AttackOutcome.Likely);
        IsTold(Climber, "path_traversal", AttackOutcome.Likely, climbed);

        Flood(Size);
        SmallAttacks(Soak ? 50_000 : 3_000);
        var after = Memory();
        Assert.InRange(after - before, 0, Most);
        // Where all is full nothing grows any more.
        if (Soak) Assert.InRange(after - half, -half / 10, half / 10);
        Assert.InRange(pipeline.Incidents.OpenCount, 1_000, 2_000);
        Assert.True(pipeline.Habits.Evicted > Size / 2, $"{pipeline.Habits.Evicted} made room");

        Inject(Late);
        Guess(LateGuesser, "backup");
        Climb(1, worked: true);
        Says("sudo", "  deploy : TTY=pts/1 ; PWD=/home/deploy ; USER=root ; COMMAND=/bin/bash");
        IsTold(Late, "sqli", AttackOutcome.Likely);
        IsTold(LateGuesser, "brute_force", AttackOutcome.Likely);
        IsTold(Climber, "path_traversal", AttackOutcome.Likely, climbed);
        // What the guesser did once in is part of how it came in.
        Assert.Equal(guessed, Story(Guesser).Id);
        Assert.Contains(Story(Guesser).Steps, s => s.Rule.Class == "privilege_escalation");
    }
}
