using System.Globalization;
using Microsoft.AspNetCore.Components;
using MudBlazor;
using Palisade.Engine.Parse;
using Palisade.Server.Audit;
using Palisade.Server.Console;
using Palisade.Server.Ingest;
using Palisade.Server.Streaming;
using Palisade.Server.Tokens;

namespace Palisade.Server.Sources.Pages;

/// <summary>One source: what came, what became of it, what could not be read, and its settings.</summary>
public sealed partial class SourcePage(
    SourceOverview sources, ISourceStats stats, ILossLedger ledger, Quotas quotas, TokenDesk desk, TokenTrail trail, LiveParsers parsers,
    ISnackbar toasts, TimeProvider clock, ILogger<SourcePage> log) : IAsyncDisposable
{
    private const int Shown = 10;
    private const long Mebibyte = 1 << 20;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(10);
    private readonly CancellationTokenSource stop = new();
    private Source? source;
    private SourceActivity live = SourceActivity.None;
    private LedgerTotals total = LedgerTotals.Empty;
    private IReadOnlyList<LedgerMinute> minutes = [];
    private IReadOnlyList<ApiToken> tokens = [];
    private QuotaFacts quota;
    private long maxEvents, maxMebibytes;
    private ITimer? timer;
    private Guid? revoking;
    private string name = "";
    private string text = "";
    private string zone = "";
    private bool failed;
    private bool missing;
    private bool busy;
    private int shown = -1;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    [Parameter] public int Id { get; set; }

    private ParserSet Parsers => parsers.Current;
    private Actor Me => new("user", Scene.User.Id.ToString(), Scene.User.Name, "console");
    private DateTimeOffset? Seen => live.LastSeen ?? source?.LastSeen;
    private IReadOnlyList<KeyValuePair<string, long>> Kinds => [.. live.Parsers.OrderByDescending(p => p.Value).Take(6)];

    private string? Suggested => live.Skew is { } skew ? SourceZone.Suggested(source!.Zone, skew, T.Now) : null;

    private (string Key, string Tone) Health =>
        source!.Disabled ? ("off", "off") : Seen is not { } at ? ("never", "off") : T.Now - at > Late ? ("silent", "warn") : ("live", "");

    protected override async Task OnParametersSetAsync()
    {
        if (shown == Id) return;
        shown = Id;
        source = null;
        await ReadAsync();
        (name, text, zone) = (source?.Name ?? "", source?.Description ?? "", source?.Zone ?? "");
        (maxEvents, maxMebibytes) = (source?.MaxEventsPerSecond ?? 0, (source?.MaxBytesPerDay ?? 0) + Mebibyte - 1 >> 20);
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender) timer = clock.CreateTimer(_ => InvokeAsync(ReadAsync), null, Pause, Pause);
    }

    private async Task ReadAsync()
    {
        if (stop.IsCancellationRequested) return;
        try
        {
            var id = (uint)Id;
            var found = await sources.FindAsync(Scene.Tenant, id, stop.Token);
            missing = found is null;
            if (found is null) { StateHasChanged(); return; }
            live = stats.Of(Scene.Tenant, id);
            total = await ledger.TotalsAsync(Scene.Tenant, id, stop.Token);
            minutes = await ledger.MinutesAsync(Scene.Tenant, id, T.Now.AddMinutes(-MinuteBars.Count), T.Now, stop.Token);
            quota = await quotas.FactsAsync(new IngestLane(Scene.Tenant, id), stop.Token);
            tokens = [.. (await desk.IngestAsync(Scene.Tenant, stop.Token)).Where(t => t.DefaultSource == found.Name || trail.Of(t.Id)?.Source == id)];
            source = found;
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception problem)
        {
            ConsoleLog.PageFailed(log, "source", problem);
            failed = true;
        }
        StateHasChanged();
    }

    private Task ToggleAsync() => EditAsync(new SourceEdit(Disabled: !source!.Disabled), T[source.Disabled ? "source.done.on" : "source.done.off"]);

    private Task SetKindAsync(ChangeEventArgs e) => e.Value?.ToString() is { } kind && (kind == "auto" || Parsers.IndexOf(Scene.Tenant, kind) >= 0)
        ? EditAsync(new SourceEdit(Kind: kind), T["source.done.kind"])
        : Task.CompletedTask;

    private Task SaveAsync() => EditAsync(new SourceEdit(name.Trim() == source!.Name ? null : name.Trim(), Description: text.Trim()), T["source.done.saved"]);

    private Task SaveQuotaAsync() =>
        EditAsync(new SourceEdit(MaxEventsPerSecond: maxEvents, MaxBytesPerDay: Math.Clamp(maxMebibytes, -1, QuotaLimits.MaxBytes >> 20) << 20), T["source.done.quota"]);

    private Task SaveZoneAsync() => SetZoneAsync(zone.Trim());

    private Task SetZoneAsync(string wanted)
    {
        zone = wanted;
        return EditAsync(new SourceEdit(Zone: wanted), T["source.done.zone"]);
    }

    private async Task EditAsync(SourceEdit edit, string said)
    {
        if (source is null || busy) return;
        busy = true;
        try
        {
            var refusal = await desk.MayAsync(Scene.Tenant, Scene.User.Id, stop.Token)
                ? (await Edits.ApplyAsync(Scene.Tenant, source.Id, edit, source.Version, Me, stop.Token)).Refusal.ToString().ToLowerInvariant()
                : "notallowed";
            await ReadAsync();
            toasts.Add(refusal == "none" ? said : T["source.refused." + refusal], Severity.Normal);
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "source", problem);
            toasts.Add(T["source.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private async Task RevokeAsync(Guid token)
    {
        busy = true;
        revoking = null;
        try
        {
            var done = await desk.RevokeAsync(Scene.Tenant, Scene.User.Id, token, Me, stop.Token);
            await ReadAsync();
            toasts.Add(T[done ? "source.done.revoked" : "source.refused.notallowed"], Severity.Normal);
        }
        catch (Exception problem) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "source", problem);
            toasts.Add(T["source.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    private string Share(long count) => (count * 100.0 / Math.Max(1, live.Total)).ToString("0.##", CultureInfo.InvariantCulture) + "%";

    private string Delay(double ms) => Math.Abs(ms) < 1000
        ? T.Say("source.milliseconds", T.Number((long)Math.Round(ms)))
        : Math.Abs(ms) < 120_000 ? T.Say("time.seconds", (ms / 1000).ToString("0.#", CultureInfo.InvariantCulture))
        : Math.Abs(ms) < 7_200_000 ? T.Say("time.minutes", T.Number((long)(ms / 60_000)))
        : T.Say("time.hours", T.Number((long)(ms / 3_600_000)));

    /// <summary>As <see cref="PlainText.Visible"/>.</summary>
    internal static string Visible(string line) => PlainText.Visible(line);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        if (timer is not null) await timer.DisposeAsync();
        stop.Dispose();
    }
}
