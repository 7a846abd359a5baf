using System.Text;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using MudBlazor;
using Palisade.Engine;
using Palisade.Engine.Rules.Policy;
using Palisade.Server.Console;
using Palisade.Server.Identity;

namespace Palisade.Server.Rules.Pages;

/// <summary>Processing pipelines and placeholders: what the tenant's own rules pass through, and which of them do not load with it.</summary>
public sealed partial class PipelinesPage(TenantPipelines pipelines, RuleDesk desk, ISnackbar toasts, ILogger<PipelinesPage> log) : IDisposable
{
    /// <summary>Characters that are edited on the page: what one message of a circuit carries with ease. Longer texts come from a file.</summary>
    internal const int MaxText = 8_000;
    private const int MaxShown = 100;

    private readonly CancellationTokenSource stop = new();
    private IReadOnlyList<PipelineView>? all;
    private IReadOnlyList<RefusedRule> refused = [];
    private IReadOnlyList<Diagnostic> problems = [];
    private string name = "", yaml = "", refusal = "", removing = "";
    private string? asked;
    private long version;
    private bool failed, busy, gone, saved;

    [CascadingParameter] public Scene Scene { get; set; } = null!;
    [Parameter] public string Tenant { get; set; } = "";
    /// <summary>Name of the pipeline to edit; else a new one is written.</summary>
    [SupplyParameterFromQuery(Name = "open")] public string? Query { get; set; }

    private string Open => Query ?? "";
    private bool Off => busy || !RendererInfo.IsInteractive;

    protected override async Task OnParametersSetAsync()
    {
        if (asked == Open) return;
        // The one that was just saved as new stays as it is on the page.
        if (!(saved && asked == "" && Open == name)) (name, saved) = ("", false);
        asked = Open;
        (refusal, removing) = ("", "");
        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        try
        {
            all = await pipelines.ListAsync(Scene.Tenant, stop.Token);
            ReadRefused();
            var found = all.FirstOrDefault(p => p.Name == Open);
            gone = Open.Length > 0 && found is null;
            (yaml, version, problems) = (found?.Yaml ?? "", found?.Version ?? 0, found?.Diagnostics ?? []);
            failed = false;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (Exception wrong)
        {
            ConsoleLog.PageFailed(log, "pipelines", wrong);
            failed = true;
        }
    }

    private void ReadRefused() => refused = pipelines.Refused(Scene.Tenant);

    private async Task UploadAsync(InputFileChangeEventArgs e)
    {
        (saved, problems, refusal) = (false, [], "");
        if (e.File.Size > TenantPipelines.MaxBytes)
        {
            refusal = "pipes.refused.toolarge";
            return;
        }
        try
        {
            using var body = new MemoryStream();
            await using var upload = e.File.OpenReadStream(TenantPipelines.MaxBytes, stop.Token);
            await upload.CopyToAsync(body, stop.Token);
            yaml = Encoding.UTF8.GetString(body.ToArray()).TrimStart('\uFEFF');
            if (Open.Length == 0 && name.Length == 0 && Path.GetFileNameWithoutExtension(e.File.Name) is var called && TenantPipelines.IsName(called)) name = called;
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "pipelines", wrong);
            refusal = "rules.refused.failed";
        }
    }

    private async Task SaveAsync()
    {
        if (busy) return;
        (busy, saved, refusal) = (true, false, "");
        try
        {
            if (!await desk.MayAsync(Scene, Role.Admin, stop.Token))
            {
                refusal = "rules.refused.notallowed";
                return;
            }
            var isNew = Open.Length == 0;
            var done = await pipelines.SaveAsync(Scene.Tenant, isNew ? name.Trim() : Open, yaml, version, RuleDesk.ActorOf(Scene), stop.Token);
            problems = done.Diagnostics;
            if (done.Pipeline is not { } pipeline)
            {
                refusal = "pipes.refused." + done.Refusal.ToString().ToLowerInvariant();
                return;
            }
            (saved, version, name) = (true, pipeline.Version, pipeline.Name);
            all = await pipelines.ListAsync(Scene.Tenant, stop.Token);
            ReadRefused();
            if (isNew) Navigation.NavigateTo(Scene.Link("config/rules-pipelines", ("open", pipeline.Name)));
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "pipelines", wrong);
            refusal = "rules.refused.failed";
        }
        finally
        {
            busy = false;
        }
    }

    private async Task RemoveAsync(PipelineView pipeline)
    {
        if (busy) return;
        (busy, removing) = (true, "");
        try
        {
            if (!await desk.MayAsync(Scene, Role.Admin, stop.Token))
            {
                toasts.Add(T["rules.refused.notallowed"], Severity.Normal);
                return;
            }
            var done = await pipelines.RemoveAsync(Scene.Tenant, pipeline.Name, pipeline.Version, RuleDesk.ActorOf(Scene), stop.Token);
            toasts.Add(T[done == PipelineRefusal.None ? "pipes.removed" : "pipes.refused." + done.ToString().ToLowerInvariant()], Severity.Normal);
            all = await pipelines.ListAsync(Scene.Tenant, stop.Token);
            ReadRefused();
            if (done == PipelineRefusal.None && pipeline.Name == Open) Navigation.NavigateTo(Scene.Link("config/rules-pipelines"));
        }
        catch (Exception wrong) when (!stop.IsCancellationRequested)
        {
            ConsoleLog.PageFailed(log, "pipelines", wrong);
            toasts.Add(T["rules.refused.failed"], Severity.Normal);
        }
        finally
        {
            busy = false;
        }
    }

    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }
}
