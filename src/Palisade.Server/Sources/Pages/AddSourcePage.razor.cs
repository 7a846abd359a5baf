using Microsoft.AspNetCore.Components;
using Palisade.Server.Audit;
using Palisade.Server.Configuration;
using Palisade.Server.Console;
using Palisade.Server.Streaming;
using Palisade.Server.Tokens;

namespace Palisade.Server.Sources.Pages;

/// <summary>From nothing to the first record: a way to send, a token, what to paste, and the wait for what comes.</summary>
public sealed partial class AddSourcePage(
    SenderCatalogue catalogue, TokenDesk desk, TokenTrail trail, SourceOverview sources, ISourceStats stats, ServerOptions options,
    NavigationManager navigation, TimeProvider clock, ILogger<AddSourcePage> log) : IAsyncDisposable
{
    private static readonly int[] Spans = [30, 90, 365];
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    /// <summary>A message may be read off the wire this long before its token is looked up.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource stop = new();
    private SenderGuide guide = catalogue.All[0];
    private SenderAddresses addresses = null!;
    private ApiToken? row;
    private Source? arrived;
    private SourceActivity live = SourceActivity.None;
    private ITimer? timer;
    private string secret = "";
    private string name = "";
    private string source = "";
    private string problem = "";
    private int days;
    private bool busy;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [Parameter] public string? Kind { get; set; }
    [SupplyParameterFromQuery(Name = "token")] public string? TokenId { get; set; }

    private SenderCatalogue Senders => catalogue;
    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");

    private IReadOnlyList<(SenderStep Step, string Text)> Steps =>
        [.. guide.Steps.Select(s => (s, addresses.Fill(s.Text, secret.Length > 0 ? secret : SenderAddresses.NoToken, out _)))];

    /// <summary>The settings that would switch on what this way needs and the server does not offer.</summary>
    private IReadOnlyList<string> Missing => [.. guide.Steps.SelectMany(s =>
    {
        addresses.Fill(s.Text, "", out var without);
        return without;
    }).Select(n => SenderAddresses.Names.GetValueOrDefault(n, n)).Distinct()];

    private string TokenLine => string.Join(" · ", new[]
    {
        row!.Name, row.Prefix + "…", row.DefaultSource ?? "", row.Expires is { } end ? T.Say("add.until", T.Time(end)) : T["add.never"],
    }.Where(t => t.Length > 0));

    private string ArrivedText => live.Parsers.Where(p => p.Key.Length > 0).OrderByDescending(p => p.Value).Select(p => p.Key).FirstOrDefault() is { } parser
        ? T.Say("add.readAs", parser)
        : T["add.notRead"];

    protected override async Task OnParametersSetAsync()
    {
        addresses ??= new SenderAddresses(options, new Uri(navigation.BaseUri));
        guide = catalogue.Find(Kind);
        if (name.Length == 0 || catalogue.All.Any(g => g.Title == name)) name = guide.Title;
        if (!Guid.TryParse(TokenId, out var id)) (row, arrived, secret) = (null, null, "");
        else if (row?.Id != id)
        {
            secret = "";
            arrived = null;
            row = await desk.FindAsync(Scene.Tenant, id, stop.Token);
        }
        if (row is not null) await LookAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) timer = clock.CreateTimer(_ => InvokeAsync(TickAsync), null, Pause, Pause);
    }

    private async Task TickAsync()
    {
        if (row is null || stop.IsCancellationRequested) return;
        await LookAsync();
        StateHasChanged();
    }

    /// <summary>Whether a record of the token came in, and what came since.</summary>
    private async Task LookAsync()
    {
        try
        {
            if (trail.Of(row!.Id) is not { } use) return;
            var now = stats.Of(Scene.Tenant, use.Source);
            if (arrived is null && now.LastSeen is { } last && last >= use.First - Slack) arrived = await sources.FindAsync(Scene.Tenant, use.Source, stop.Token);
            live = now;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The page was left.
        }
        catch (Exception fault)
        {
            ConsoleLog.PageFailed(log, "add source", fault);
        }
    }

    private async Task MakeAsync()
    {
        if (busy) return;
        busy = true;
        problem = "";
        try
        {
            var wanted = source.Trim();
            if (name.Trim().Length is 0 or > 120) problem = "add.badName";
            else if (wanted.Length > 0 && !SourceRegistry.IsName(wanted)) problem = "add.badSource";
            else if (days is not 0 && !Spans.Contains(days)) problem = "add.failed";
            else if (await desk.MakeIngestAsync(Scene.Tenant, Scene.User.Id, name.Trim(), wanted.Length > 0 ? wanted : null, days > 0 ? days : null, Me, stop.Token) is { } made)
            {
                (row, secret, arrived, live) = (made.Row, made.Token, null, SourceActivity.None);
                navigation.NavigateTo(Link(guide.Name), replace: true);
            }
            else problem = "add.mayNot";
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "add source", fault);
            problem = "add.failed";
        }
        finally
        {
            busy = false;
        }
    }

    private string Link(string sender) => Scene.Link("sources/add/" + sender, ("token", row?.Id.ToString()));

    private string Title(SenderGuide sender) => T.Pick(sender.Title, sender.ChineseTitle.Length > 0 ? sender.ChineseTitle : sender.Title);

    private string Words(SenderWords words) => T.Pick(words.English, words.Chinese);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (timer is not null) await timer.DisposeAsync();
        stop.Dispose();
    }
}
