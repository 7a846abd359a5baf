using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Palisade.Engine.Detect.Web;
using Palisade.Tests;

namespace Palisade.Engine.Tests.Detect.Web;

/// <summary>Attacks of every class in every disguise and ordinary requests among them: once warm, judging takes no memory.</summary>
public sealed class WebAllocationTests
{
    private const int Rounds = 8;

    private static readonly string[] Ordinary =
    [
        "/", "/api/v2/orders/18823?fields=id,total&sort=-created", "/search?q=men%27s%20watch%20%26%20women%27s%20ring", "/search?q=select%20the%20rows%20you%20want%20and%20drop%20the%20rest",
        "/collect?ev=%7B%22e%22%3A%22click%22%2C%22pos%22%3A%5B12%2C44%5D%7D&dl=https%3A%2F%2Fwww.example.com%2Fa%3Fb%3D1", "/login?next=https%3A%2F%2Fwww.example.com%2Faccount%3Ftab%3D2",
        "/preview?html=%3Cp%3Ehello%20%3Cb%3Ethere%3C%2Fb%3E%3C%2Fp%3E", "/graphql?query=query%20A(%24n%3AInt!)%7Borders(first%3A%24n)%7Bid%7D%7D", "/search?q=%E6%98%A5%E5%AD%A3%E6%96%B0%E6%AC%BE",
        "/item?v=" + new string('a', 3000) + "%3Cb%3E",
    ];

    private static long Budget(string key, [CallerFilePath] string here = "")
    {
        using var budgets = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "bench", "budgets.json")));
        return budgets.RootElement.GetProperty(key).GetInt64();
    }

    [Fact]
    public void Judging_labelled_requests_stays_within_its_budget()
    {
        var attacks = Payloads.Encoded().Select(row => row.Target).ToArray();
        // A number that changes keeps the memory of earlier values out of it.
        var targets = (from round in Enumerable.Range(0, 4) from target in attacks.Concat(Ordinary) select Encoding.UTF8.GetBytes(target + (target.Contains('?', StringComparison.Ordinal) ? "&n=" : "?n=") + round)).ToArray();
        var verdicts = new WebVerdict[4];
        var detector = WebSamples.Load(trusted: true);
        var found = 0;
        for (var i = 0; i < 4; i++) found = Judge();
        Assert.InRange(found, attacks.Length, targets.Length);
        // an automaton may still come in where the machine was slow
        Assert.InRange(Allocated.Least(() => Judge(), Rounds) * 1000 / targets.Length, 0, Budget("web.allocated_bytes_per_1000_requests"));

        int Judge()
        {
            var n = 0;
            foreach (var target in targets)
                n += detector.Classify(new WebRequest { Target = target, Method = "GET"u8, UserAgent = "Mozilla/5.0 (X11; Linux x86_64)"u8, Referrer = "https://www.example.com/a"u8, Status = "200"u8 }, verdicts) > 0 ? 1 : 0;
            return n;
        }
    }
}
