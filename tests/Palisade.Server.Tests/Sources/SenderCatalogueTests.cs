using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Palisade.Server.Configuration;
using Palisade.Server.Ingest;
using Palisade.Server.Sources;

namespace Palisade.Server.Tests.Sources;

public sealed class SenderCatalogueTests
{
    private static readonly SenderCatalogue Catalogue = new();

    private static string Root([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "../../.."));

    public static TheoryData<string> Names => [.. Catalogue.All.Select(g => g.Name)];

    [Fact]
    public void Every_file_is_a_guide()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root(), "src/Palisade.Server/Sources/Senders"), "*.yml").Select(Path.GetFileNameWithoutExtension).Order();
        Assert.Equal(files, Catalogue.All.Select(g => g.Name).Order());
        Assert.True(Catalogue.All.Count >= 9);
        Assert.Equal(Catalogue.All.Count, Catalogue.All.Select(g => g.Order).Distinct().Count());
    }

    [Theory, MemberData(nameof(Names))]
    public void A_guide_speaks_both_languages_and_carries_the_token(string name)
    {
        var guide = Catalogue.Find(name);
        Assert.NotEmpty(guide.Title);
        Assert.NotEmpty(guide.Steps);
        Assert.All(guide.Steps.Select(s => s.Say).Concat(guide.Notes).Append(guide.Way).Append(guide.When), w =>
        {
            Assert.NotEmpty(w.English);
            Assert.NotEmpty(w.Chinese);
        });
        Assert.Equal(name != "files", guide.NeedsToken);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_guide_uses_only_names_that_exist(string name)
    {
        var used = Catalogue.Find(name).Steps.SelectMany(s => Regex.Matches(s.Text, @"\{\{([^}]*)\}\}", RegexOptions.NonBacktracking)).Select(m => m.Groups[1].Value);
        Assert.All(used, u => Assert.Contains(u, SenderAddresses.Names.Keys));
    }

    [Fact]
    public void Addresses_are_those_the_person_and_the_listeners_have()
    {
        var addresses = new SenderAddresses(Options("0.0.0.0:5514"), new Uri("http://siem.example:8080/"));
        Assert.Equal("http://siem.example:8080 siem.example 5514", addresses.Fill("{{url}} {{syslog_host}} {{syslog_port}}", "", out var missing));
        Assert.Empty(missing);
        Assert.False(addresses.SyslogIsLocal);
        Assert.True(new SenderAddresses(Options("127.0.0.1:5514"), new Uri("http://siem.example:8080/")).SyslogIsLocal);
    }

    [Fact]
    public void A_public_address_counts_before_the_one_seen_and_names_its_port()
    {
        var addresses = new SenderAddresses(Options("10.0.0.5:5514", "https://logs.example/palisade/"), new Uri("http://127.0.0.1:8080/"));
        Assert.Equal("https://logs.example:443/palisade 10.0.0.5\nTls On", addresses.Fill("{{url}} {{syslog_host}}\n{{https}}Tls On\n", "", out _));
    }

    [Fact]
    public void Without_tls_its_lines_go_and_without_a_listener_its_names_are_missing()
    {
        var addresses = new SenderAddresses(new ServerOptions { Ingest = new IngestOptions { Syslog = [] } }, new Uri("http://127.0.0.1:8080/"));
        Assert.Equal("a (syslog_port) pal_x\nb", addresses.Fill("a {{syslog_port}} {{token}}\n{{https}}Tls On\nb\n", "pal_x", out var missing));
        Assert.Equal(["syslog_port"], missing);
    }

    [Fact]
    public void The_guide_of_senders_says_what_the_console_says()
    {
        var path = Path.Combine(Root(), "docs/guides/senders.md");
        var text = File.ReadAllText(path);
        var (from, to) = (text.IndexOf(SenderDocument.Begin, StringComparison.Ordinal) + SenderDocument.Begin.Length, text.IndexOf(SenderDocument.End, StringComparison.Ordinal));
        Assert.True(from > SenderDocument.Begin.Length && to > from);
        var wanted = "\n\n" + SenderDocument.Write(Catalogue, new SenderAddresses(Everything, new Uri("http://127.0.0.1:8080/")));
        if (Environment.GetEnvironmentVariable("PALISADE_ACCEPT") == "1") File.WriteAllText(path, text = text[..from] + wanted + text[to..]);
        Assert.Contains(wanted, text, StringComparison.Ordinal);
    }

    /// <summary>Every listener in its usual place, those that have to be switched on included.</summary>
    private static ServerOptions Everything => new()
    {
        Ingest = new IngestOptions { Relp = [new()], SyslogTls = [new() { Tls = new TlsOptions { Certificate = "tls/logs.pem" } }] },
    };

    [Fact]
    public void Tls_and_relp_are_offered_where_they_are_switched_on()
    {
        var seen = new Uri("http://127.0.0.1:8080/");
        Assert.Equal("127.0.0.1 6514 127.0.0.1 2514", new SenderAddresses(Everything, seen).Fill("{{tls_host}} {{tls_port}} {{relp_host}} {{relp_port}}", "", out var missing));
        Assert.Empty(missing);
        new SenderAddresses(new ServerOptions(), seen).Fill("{{tls_port}} {{relp_port}}", "", out missing);
        Assert.Equal(["tls_port", "relp_port"], missing);
    }

    private static ServerOptions Options(string syslog, string url = "") => new()
    {
        Http = new HttpOptions { PublicUrl = url },
        Ingest = new IngestOptions { Syslog = [new() { Listen = syslog }] },
    };
}
